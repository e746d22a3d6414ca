-- What is no device's and was taken away is in the feed, all of it: denials,
-- erased accounts, withdrawn apps, removed anchors, sensors and members of
-- homes do not come back with an older database either (R6).

CREATE FUNCTION recover_removed(at timestamptz, what text, id text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	CASE what
	WHEN 'passkey' THEN
		DELETE FROM passkey p WHERE p.id = id::uuid;
	WHEN 'token' THEN
		UPDATE admin_token t SET
			withdrawn_at = coalesce(t.withdrawn_at, at)
			WHERE t.id = id;
	WHEN 'approval' THEN
		UPDATE approval a SET state = 'denied', decided_at = at
			WHERE a.id = id::uuid AND
			a.state IN ('pending', 'approved');
	WHEN 'account' THEN
		UPDATE owner o SET name = '', app_key = NULL, erased_at = at,
			disabled_at = coalesce(o.disabled_at, at)
			WHERE o.id = id::uuid;
		DELETE FROM passkey p WHERE p.owner_id = id::uuid;
		DELETE FROM home_member m
			WHERE id::uuid IN (m.home_id, m.member_id);
	WHEN 'client' THEN
		UPDATE client c SET withdrawn_at = coalesce(c.withdrawn_at, at)
			WHERE c.id = id;
	WHEN 'anchor' THEN
		DELETE FROM anchor a WHERE a.id = id::uuid;
	WHEN 'child' THEN
		UPDATE child c SET state = 'removed' WHERE c.id = id::uuid;
	WHEN 'member' THEN
		DELETE FROM home_member m
			WHERE m.home_id || '/' || m.member_id = id;
	ELSE
		NULL;	-- of a version to come: the entry itself is kept
	END CASE;
END $$;
REVOKE ALL ON FUNCTION recover_removed(timestamptz, text, text) FROM PUBLIC;

-- As before, with all that was removed.
CREATE OR REPLACE FUNCTION recover_replay(e recover_entry) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	-- RFC 5280's words are for devices refused; others for ownerships that
	-- ended.
	final boolean := e.reason IN ('unspecified', 'keyCompromise',
		'affiliationChanged', 'superseded', 'cessationOfOperation',
		'privilegeWithdrawn');
	unit bigint := (SELECT birth_id FROM device WHERE id = e.device_id);
BEGIN
	IF e.kind = 'device' THEN
		UPDATE birth SET revoked_at = coalesce(revoked_at, e.at)
			WHERE id = unit AND final;
		UPDATE device SET state = 'released', released_at = e.at
			WHERE id = e.device_id AND state = 'owned' AND
			NOT final;
		UPDATE certificate SET revoked_at = e.at
			WHERE device_id = e.device_id AND revoked_at IS NULL;
		UPDATE key_use SET compromised = true
			WHERE device_id = e.device_id AND
			e.reason = 'keyCompromise';
	ELSIF e.kind = 'certificate' THEN
		UPDATE key_use SET compromised = true
			WHERE e.reason = 'keyCompromise' AND key_sha256 IN
			(SELECT key_sha256 FROM certificate
			WHERE serial = e.serial);
		UPDATE certificate SET revoked_at = e.at
			WHERE serial = e.serial AND revoked_at IS NULL;
	ELSIF e.kind IN ('quarantine', 'lift') AND
			e.reason IN ('lost', 'found') THEN
		UPDATE birth SET lost_at = CASE e.kind WHEN 'lift' THEN NULL
			ELSE e.at END WHERE id = unit;
	ELSIF e.kind IN ('quarantine', 'lift') THEN
		UPDATE birth SET quarantined_at = CASE e.kind WHEN 'lift'
			THEN NULL ELSE e.at END WHERE id = unit;
	ELSIF e.kind = 'service' THEN
		UPDATE service SET withdrawn_at = coalesce(withdrawn_at, e.at)
			WHERE name = e.service_name AND e.reason = 'withdrawn';
	ELSIF e.kind = 'removed' THEN
		PERFORM recover_removed(e.at, split_part(e.subject, ':', 1),
			substr(e.subject, strpos(e.subject, ':') + 1));
	END IF;
	INSERT INTO revocation (at, kind, device_id, serial, service_name,
		until, reason, subject)
	VALUES (e.at, e.kind, e.device_id, e.serial, e.service_name, e.until,
		e.reason, e.subject);
END $$;
