-- Who refuses something is answered once all who follow the feed have read of
-- it (R1): they say so at once, after each page that they have read.

SET LOCAL latchkey.works_from = 26;

-- It is said anew every few seconds and after each loss: neither a disk nor a
-- standby is waited for.
CREATE OR REPLACE FUNCTION feed_seen(name text, version text, epoch int,
	reached bigint) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT set_config('synchronous_commit', 'off', true);
	INSERT INTO feed_consumer AS c (kind, name, version, epoch, position,
		seen_at)
	VALUES (CASE session_user WHEN 'latchkey_broker' THEN 'broker'
		ELSE 'node' END, name, version, epoch, reached,
		clock_timestamp())
	ON CONFLICT ON CONSTRAINT feed_consumer_pkey DO UPDATE SET
		version = excluded.version, epoch = excluded.epoch,
		position = excluded.position, seen_at = excluded.seen_at
$$;

-- Whether all had read of the last of a set when it was done.
ALTER TABLE unit_set ADD COLUMN followed boolean;
