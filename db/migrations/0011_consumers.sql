-- Who follows the feed, and how far each has come (R1).

CREATE TABLE feed_consumer (
	kind text NOT NULL CHECK (kind IN ('node', 'broker')),
	name text NOT NULL,
	version text NOT NULL,
	epoch int NOT NULL,
	position bigint NOT NULL,
	seen_at timestamptz NOT NULL,
	-- What operators were told last: silent, behind, or nothing.
	alert text,
	PRIMARY KEY (kind, name)
) WITH (fillfactor = 50);	-- rows change in place, all the time

-- A consumer speaks for its own kind alone: a broker is never taken for a
-- node.
CREATE FUNCTION feed_seen(name text, version text, epoch int,
	reached bigint) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
	INSERT INTO feed_consumer AS c (kind, name, version, epoch, position,
		seen_at)
	VALUES (CASE session_user WHEN 'latchkey_broker' THEN 'broker'
		ELSE 'node' END, name, version, epoch, reached,
		clock_timestamp())
	ON CONFLICT ON CONSTRAINT feed_consumer_pkey DO UPDATE SET
		version = excluded.version, epoch = excluded.epoch,
		position = excluded.position, seen_at = excluded.seen_at
$$;

-- The oldest entry that a consumer has not read came then.
CREATE FUNCTION feed_unread_since(c feed_consumer) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
	SELECT at FROM revocation WHERE (epoch, position) >
		(c.epoch, c.position) ORDER BY epoch, position LIMIT 1
$$;

GRANT SELECT, UPDATE, DELETE ON feed_consumer TO latchkey_service;
REVOKE ALL ON FUNCTION feed_seen(text, text, int, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION feed_seen(text, text, int, bigint)
	TO latchkey_service, latchkey_broker;
