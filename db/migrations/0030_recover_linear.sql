-- A recovery takes time in proportion to what was lost.  Each entry that it
-- wrote moved the one row of feed_head, whose dead versions all had to be passed
-- by the next: now it numbers and chains its entries itself, and moves the head
-- once.

SET LOCAL latchkey.works_from = 26;

CREATE FUNCTION feed_hash(r revocation) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT sha256(r.previous_sha256 || convert_to(concat_ws('|',
		r.epoch, r.position, extract(epoch FROM r.at), r.kind,
		coalesce(r.device_id::text, '-'),
		coalesce(encode(r.serial, 'hex'), '-'),
		coalesce(r.service_name, '-'),
		coalesce(extract(epoch FROM r.until)::text, '-'),
		r.reason, r.subject, extract(epoch FROM r.window_from),
		extract(epoch FROM r.window_to)), 'UTF8'))
$$;

-- What has its hash already is the recovery's; the service has no say in it.
CREATE OR REPLACE FUNCTION feed_append() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	head feed_head;
BEGIN
	IF NEW.sha256 IS NOT NULL AND session_user <> 'latchkey_service' THEN
		RETURN NEW;
	END IF;
	UPDATE feed_head SET position = position + 1 RETURNING * INTO head;
	NEW.epoch := head.epoch;
	NEW.position := head.position;
	IF NEW.at IS NULL OR session_user = 'latchkey_service' THEN
		NEW.at := clock_timestamp();
	END IF;
	NEW.previous_sha256 := head.sha256;
	NEW.sha256 := feed_hash(NEW);
	UPDATE feed_head SET sha256 = NEW.sha256;
	PERFORM pg_notify('latchkey_feed', NEW.epoch || ':' || NEW.position);
	RETURN NEW;
END $$;

-- As before, without the entry itself.
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
END $$;

-- One entry after the head, which its caller holds and writes back.
CREATE FUNCTION recover_put(INOUT head feed_head, r revocation)
LANGUAGE plpgsql AS $$
BEGIN
	head.position := head.position + 1;
	r.epoch := head.epoch;
	r.position := head.position;
	r.at := coalesce(r.at, clock_timestamp());
	r.previous_sha256 := head.sha256;
	r.sha256 := feed_hash(r);
	INSERT INTO revocation SELECT r.*;
	head.sha256 := r.sha256;
END $$;

-- Certificates of the lost time that are known all the same.
CREATE FUNCTION recover_known(since timestamptz)
RETURNS TABLE (serial text, until timestamptz) LANGUAGE sql STABLE AS $$
	SELECT encode(c.serial, 'hex'), c.not_after + interval '28 days'
		FROM certificate c WHERE c.not_before >= since
	UNION ALL SELECT encode(c.serial, 'hex'),
		c.not_after + interval '28 days'
		FROM service_certificate c WHERE c.not_before >= since
$$;

CREATE OR REPLACE FUNCTION recover_apply(above int, OUT entries bigint,
	OUT certificates bigint, OUT new_epoch int)
LANGUAGE plpgsql AS $$
DECLARE
	e recover_entry;
	r revocation;
	head feed_head;
	backdate bigint := (SELECT greatest(coalesce(max(
		(settings::jsonb->>'backdate')::bigint), 0), 300) FROM label);
	since timestamptz := recover_last_known() -
		backdate * interval '1 second';
BEGIN
	new_epoch := greatest(above, (SELECT epoch FROM feed_head)) + 1;
	entries := 0;
	CREATE TEMP TABLE lost ON COMMIT DROP AS SELECT * FROM recover_lost();
	UPDATE feed_head SET epoch = new_epoch, position = 0
		RETURNING * INTO head;
	FOR e IN SELECT * FROM lost ORDER BY epoch, position, sha256 LOOP
		PERFORM recover_replay(e);
		r := NULL;
		r.at := e.at;
		r.kind := e.kind;
		r.device_id := e.device_id;
		r.serial := e.serial;
		r.service_name := e.service_name;
		r.until := e.until;
		r.reason := e.reason;
		r.subject := e.subject;
		head := recover_put(head, r);
		entries := entries + 1;
	END LOOP;
	certificates := recover_certificates();
	r := NULL;
	r.kind := 'known';
	r.reason := 'recovered';
	FOR r.subject, r.until IN SELECT * FROM recover_known(since) LOOP
		head := recover_put(head, r);
	END LOOP;
	r := NULL;
	r.kind := 'window';
	r.window_from := since;
	r.window_to := now();
	r.reason := 'recovered';
	head := recover_put(head, r);
	UPDATE feed_head SET position = head.position, sha256 = head.sha256;
	PERFORM pg_notify('latchkey_feed', head.epoch || ':' || head.position);
	PERFORM recover_void();
	TRUNCATE recover_entry, recover_certificate;
	DELETE FROM feed_doubt;
	INSERT INTO event (kind, detail) VALUES ('feed.recovered', format(
		'epoch %s, %s entries and %s certificates again, certificates '
		'from %s on refused but for those known', new_epoch, entries,
		certificates, since));
END $$;

REVOKE ALL ON FUNCTION recover_put(feed_head, revocation),
	recover_known(timestamptz) FROM PUBLIC;
