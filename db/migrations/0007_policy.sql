-- What models ask of their units, by version; what evidence was found to be;
-- and what a unit has proved last, to be judged again when the policy is
-- another one.

-- Each is kept, since verdicts name the one they were come to under.  The
-- model's own row has the latest without its member "evidence", which is long
-- and rarely read.
CREATE TABLE model_policy (
	model_id text NOT NULL REFERENCES model,
	version bigint NOT NULL CHECK (version > 0),
	policy jsonb NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	admin_token_id text,			-- NULL: before versions
	PRIMARY KEY (model_id, version)
);
GRANT SELECT, INSERT ON model_policy TO latchkey_service;

ALTER TABLE model
	ADD COLUMN policy_version bigint NOT NULL DEFAULT 0,
	ADD COLUMN asks_evidence boolean NOT NULL DEFAULT false;
INSERT INTO model_policy (model_id, version, policy)
	SELECT id, 1, policy FROM model;
UPDATE model SET policy_version = 1, asks_evidence = policy ? 'evidence',
	policy = policy - 'evidence';

-- The scheme that the highest version was compared by (RFC 9393 section 4.1).
ALTER TABLE birth
	ADD COLUMN sw_scheme bigint;
UPDATE birth SET sw_scheme = 16384 WHERE sw_version IS NOT NULL;

-- One attempt to prove something by evidence, or to go on with what was
-- proved; its id is that of the request, which the sender has.
CREATE TABLE attestation (
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	id uuid NOT NULL,
	manufacturer_id text NOT NULL,
	model_id text NOT NULL,
	policy_version bigint NOT NULL,
	birth_id bigint,
	device_id uuid,				-- the ownership then
	key_sha256 bytea,			-- to be certified
	format text,				-- NULL: no evidence came
	accepted boolean NOT NULL,
	verdict jsonb NOT NULL,			-- attest/verdict_json
	PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX attestation_id ON attestation (id);
CREATE INDEX attestation_birth ON attestation (birth_id, at)
	WHERE birth_id IS NOT NULL;
CREATE INDEX attestation_device ON attestation (device_id, at)
	WHERE device_id IS NOT NULL;
CREATE INDEX attestation_model ON attestation (model_id, at);
GRANT SELECT, INSERT ON attestation TO latchkey_service;

-- The last that was good, of each key that it was for.
CREATE TABLE attested (
	birth_id bigint NOT NULL REFERENCES birth,
	key_sha256 bytea NOT NULL,
	at timestamptz NOT NULL,
	policy_version bigint NOT NULL,
	format text NOT NULL,
	verdict jsonb NOT NULL,
	PRIMARY KEY (birth_id, key_sha256)
);
CREATE INDEX attested_last ON attested (birth_id, at);
GRANT SELECT, INSERT, UPDATE, DELETE ON attested TO latchkey_service;

-- As before, with the attempts.

-- Makes yesterday's to next week's partitions of the tables, drops those
-- whose content is over, and says what it did.  Run daily by
-- "latchkey maintain" (and once by "latchkey migrate").
CREATE OR REPLACE FUNCTION maintain_partitions(keep_events interval)
RETURNS TABLE (action text, name text) LANGUAGE plpgsql AS $$
DECLARE
	parent text;
	day date;
	part record;
	over boolean;
BEGIN
	FOREACH parent IN ARRAY ARRAY['certificate', 'event', 'attestation'] LOOP
		FOR day IN SELECT generate_series(
			(now() AT TIME ZONE 'UTC')::date - 1,
			(now() AT TIME ZONE 'UTC')::date + 7, '1 day') LOOP
			name := parent || '_' || to_char(day, 'YYYYMMDD');
			IF to_regclass(name) IS NULL THEN
				EXECUTE format('CREATE TABLE %I PARTITION OF %I
					FOR VALUES FROM (%L) TO (%L)', name, parent,
					day::text || ' 00:00:00+00',
					(day + 1)::text || ' 00:00:00+00');
				action := 'made';
				RETURN NEXT;
			END IF;
		END LOOP;
	END LOOP;
	FOR part IN SELECT c.relname::text AS child, p.relname::text AS parent,
		to_date(right(c.relname, 8), 'YYYYMMDD') AS day
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		JOIN pg_class p ON p.oid = i.inhparent
		WHERE p.relname IN ('certificate', 'event', 'attestation') AND
		c.relkind = 'r'
	LOOP
		IF part.parent <> 'certificate' THEN
			over := part.day < now() - keep_events - interval '1 day';
		ELSE
			-- Four weeks of grace after the last notAfter (R4).
			EXECUTE format('SELECT $1 < now() - interval ''2 days'' AND
				NOT EXISTS (SELECT FROM %I WHERE not_after >
				now() - interval ''28 days'')', part.child)
				INTO over USING part.day;
		END IF;
		IF over THEN
			EXECUTE format('DROP TABLE %I', part.child);
			action := 'dropped';
			name := part.child;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;

-- How many days ahead partitions exist; /readyz warns below three.
CREATE OR REPLACE FUNCTION partition_days_ahead() RETURNS int
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT coalesce(min(n), 0)::int FROM (SELECT
		max(to_date(right(c.relname, 8), 'YYYYMMDD')) -
		(now() AT TIME ZONE 'UTC')::date AS n
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		JOIN pg_class p ON p.oid = i.inhparent
		WHERE p.relname IN ('certificate', 'event', 'attestation') AND
		c.relkind = 'r'
		GROUP BY p.relname) AS per_table
$$;
