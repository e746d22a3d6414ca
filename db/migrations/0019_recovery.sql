-- A database that is older than what nodes and brokers have seen (R6): they
-- say so here, nothing is issued, and latchkey recover takes up what survived.

-- Kinds for recoveries.  A window: certificates whose notBefore lies in it are
-- refused, but for those that are "known"; "removed" is what is no device's
-- and must not come back either.
ALTER TABLE revocation
	DROP CONSTRAINT revocation_kind_check,
	ADD CHECK (kind IN ('certificate', 'device', 'quarantine', 'lift',
		'service', 'removed', 'window', 'known')),
	ADD COLUMN subject text,	-- passkey:ID, token:ID; known: a serial
	ADD COLUMN window_from timestamptz,
	ADD COLUMN window_to timestamptz;

CREATE INDEX revocation_window ON revocation (window_to)
	WHERE kind = 'window';

-- Entries that latchkey recover takes up keep their time; the service has no
-- say in it.
CREATE OR REPLACE FUNCTION feed_append() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	head feed_head;
BEGIN
	UPDATE feed_head SET position = position + 1 RETURNING * INTO head;
	NEW.epoch := head.epoch;
	NEW.position := head.position;
	IF NEW.at IS NULL OR session_user = 'latchkey_service' THEN
		NEW.at := clock_timestamp();
	END IF;
	NEW.previous_sha256 := head.sha256;
	NEW.sha256 := sha256(head.sha256 || convert_to(concat_ws('|',
		NEW.epoch, NEW.position, extract(epoch FROM NEW.at), NEW.kind,
		coalesce(NEW.device_id::text, '-'),
		coalesce(encode(NEW.serial, 'hex'), '-'),
		coalesce(NEW.service_name, '-'),
		coalesce(extract(epoch FROM NEW.until)::text, '-'),
		NEW.reason, NEW.subject, extract(epoch FROM NEW.window_from),
		extract(epoch FROM NEW.window_to)), 'UTF8'));
	UPDATE feed_head SET sha256 = NEW.sha256;
	PERFORM pg_notify('latchkey_feed', NEW.epoch || ':' || NEW.position);
	RETURN NEW;
END $$;

CREATE TABLE feed_doubt (
	kind text NOT NULL,
	name text NOT NULL,
	epoch int NOT NULL,			-- what it has seen
	position bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (kind, name)
);

CREATE FUNCTION feed_doubt(name text, epoch int, reached bigint)
RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	INSERT INTO feed_doubt (kind, name, epoch, position)
	VALUES (CASE session_user WHEN 'latchkey_broker' THEN 'broker'
		ELSE 'node' END, $1, $2, $3) ON CONFLICT DO NOTHING;
	IF FOUND THEN
		INSERT INTO event (kind, detail) VALUES ('feed.behind',
			format('%s has seen %s:%s', $1, $2, $3));
		PERFORM pg_notify('latchkey_feed', 'doubt');
	END IF;
END $$;

-- Where latchkey recover puts what survived, for one transaction.
CREATE UNLOGGED TABLE recover_entry (
	epoch int, position bigint, at timestamptz, kind text, device_id uuid,
	serial bytea, service_name text, until timestamptz, reason text,
	subject text, sha256 bytea
);
CREATE UNLOGGED TABLE recover_certificate (
	serial bytea, not_before timestamptz, not_after timestamptz,
	device_id uuid, profile text, key_sha256 bytea, der bytea
);

-- What it holds and the feed does not, in order.
CREATE FUNCTION recover_lost() RETURNS SETOF recover_entry
LANGUAGE sql STABLE AS $$
	SELECT DISTINCT ON (epoch, position, sha256) e.* FROM recover_entry e
	WHERE kind NOT IN ('window', 'known') AND NOT EXISTS (SELECT
		FROM revocation r WHERE r.epoch = e.epoch AND
		r.position = e.position AND r.sha256 = e.sha256)
	ORDER BY epoch, position, sha256
$$;

-- The last moment of which this database knew anything when it was restored:
-- what was written after the server's start, or after the first doubt, is no
-- sign of that.
CREATE FUNCTION recover_last_known() RETURNS timestamptz
LANGUAGE sql STABLE AS $$
	WITH since AS (SELECT least(pg_postmaster_start_time(),
		(SELECT min(at) FROM feed_doubt)) AS at)
	SELECT greatest(to_timestamp(0),
		(SELECT max(e.at) FROM event e, since
			WHERE e.at < since.at),
		(SELECT max(r.at) FROM revocation r, since
			WHERE r.at < since.at),
		(SELECT max(c.not_before) FROM certificate c, since
			WHERE c.not_before < since.at))
$$;

-- One entry's meaning for the rows it is about.
CREATE FUNCTION recover_replay(e recover_entry) RETURNS void
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
		DELETE FROM passkey WHERE 'passkey:' || id = e.subject;
		UPDATE admin_token SET withdrawn_at =
			coalesce(withdrawn_at, e.at)
			WHERE 'token:' || id = e.subject;
	END IF;
	INSERT INTO revocation (at, kind, device_id, serial, service_name,
		until, reason, subject)
	VALUES (e.at, e.kind, e.device_id, e.serial, e.service_name, e.until,
		e.reason, e.subject);
END $$;

-- Certificates that survived, of devices that are known and live.
CREATE FUNCTION recover_certificates() RETURNS bigint LANGUAGE sql AS $$
	WITH k AS (INSERT INTO key_use (key_sha256, device_id)
		SELECT DISTINCT ON (c.key_sha256) c.key_sha256, c.device_id
		FROM recover_certificate c JOIN device d ON d.id = c.device_id
		ON CONFLICT DO NOTHING),
	c AS (INSERT INTO certificate (serial, not_before, not_after,
		device_id, profile, key_sha256, der, revoked_at)
		SELECT DISTINCT ON (c.serial) c.serial, c.not_before,
		c.not_after, c.device_id, c.profile, c.key_sha256, c.der,
		(SELECT min(r.at) FROM revocation r WHERE
			r.serial = c.serial OR (r.kind = 'device' AND
			r.device_id = c.device_id))
		FROM recover_certificate c JOIN device d ON d.id = c.device_id
		WHERE c.not_after > now() - interval '28 days' AND
		NOT EXISTS (SELECT FROM certificate o
			WHERE o.serial = c.serial)
		RETURNING 1)
	SELECT count(*) FROM c
$$;

-- What anybody was in the middle of (R6).
CREATE FUNCTION recover_void() RETURNS void LANGUAGE sql AS $$
	UPDATE approval SET state = 'superseded'
		WHERE state IN ('pending', 'approved');
	UPDATE bootstrap_token SET withdrawn_at = now()
		WHERE withdrawn_at IS NULL AND used_at IS NULL;
	UPDATE token_family SET ended_at = now() WHERE ended_at IS NULL;
	UPDATE transfer SET state = 'withdrawn' WHERE state = 'open';
	DELETE FROM authorization_request;
	DELETE FROM session;
	DELETE FROM recovery_code;
	DELETE FROM home_invitation;
$$;

-- A new epoch above all that were seen: the lost entries again, what survived
-- of the certificates, and a window for those that did not.
CREATE FUNCTION recover_apply(above int, OUT entries bigint,
	OUT certificates bigint, OUT new_epoch int)
LANGUAGE plpgsql AS $$
DECLARE
	e recover_entry;
	backdate bigint := (SELECT greatest(coalesce(max(
		(settings::jsonb->>'backdate')::bigint), 0), 300) FROM label);
	since timestamptz := recover_last_known() -
		backdate * interval '1 second';
BEGIN
	new_epoch := greatest(above, (SELECT epoch FROM feed_head)) + 1;
	entries := 0;
	CREATE TEMP TABLE lost ON COMMIT DROP AS SELECT * FROM recover_lost();
	UPDATE feed_head SET epoch = new_epoch, position = 0;
	FOR e IN SELECT * FROM lost ORDER BY epoch, position, sha256 LOOP
		PERFORM recover_replay(e);
		entries := entries + 1;
	END LOOP;
	certificates := recover_certificates();
	INSERT INTO revocation (kind, subject, until, reason)
		SELECT 'known', encode(serial, 'hex'),
		not_after + interval '28 days', 'recovered'
		FROM certificate WHERE not_before >= since
		UNION ALL SELECT 'known', encode(serial, 'hex'),
		not_after + interval '28 days', 'recovered'
		FROM service_certificate WHERE not_before >= since;
	INSERT INTO revocation (kind, window_from, window_to, reason)
		VALUES ('window', since, now(), 'recovered');
	PERFORM recover_void();
	TRUNCATE recover_entry, recover_certificate;
	DELETE FROM feed_doubt;
	INSERT INTO event (kind, detail) VALUES ('feed.recovered', format(
		'epoch %s, %s entries and %s certificates again, certificates '
		'from %s on refused but for those known', new_epoch, entries,
		certificates, since));
END $$;

REVOKE ALL ON FUNCTION feed_doubt(text, int, bigint),
	recover_replay(recover_entry), recover_certificates(), recover_void(),
	recover_apply(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION feed_doubt(text, int, bigint)
	TO latchkey_service, latchkey_broker;
GRANT SELECT ON feed_doubt TO latchkey_service, latchkey_broker;
