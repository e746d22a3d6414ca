-- The whole of what the service keeps.  Times are timestamptz, identifiers
-- that cross our borders are checked once more here, and rules of
-- concurrency live in constraints and row locks, never in C.

-- ---------------------------------------------------------------- registry

CREATE TABLE manufacturer (
	id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	name text NOT NULL,
	-- A frozen manufacturer accepts only units whose key is pinned (A11).
	frozen boolean NOT NULL DEFAULT false,
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE anchor (
	id uuid PRIMARY KEY,
	manufacturer_id text NOT NULL REFERENCES manufacturer,
	certificate bytea NOT NULL,
	sha256 bytea NOT NULL,
	subject_sha256 bytea NOT NULL,		-- of the subject name, DER
	spki_sha256 bytea NOT NULL,
	-- Scope (A11): only chains through the intermediate with this key.
	intermediate_spki_sha256 bytea,
	subject text NOT NULL,			-- for people
	not_after timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX anchor_once ON anchor (manufacturer_id, sha256,
	coalesce(intermediate_spki_sha256, ''));
CREATE INDEX anchor_subject ON anchor (subject_sha256);
CREATE INDEX anchor_spki ON anchor (spki_sha256);

CREATE TABLE model (
	id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	manufacturer_id text NOT NULL REFERENCES manufacturer,
	name text NOT NULL,
	client_id text NOT NULL UNIQUE,
	status text NOT NULL DEFAULT 'active'
		CHECK (status IN ('active', 'retired')),
	profile text NOT NULL,			-- certificate profile (pki/)
	policy jsonb NOT NULL DEFAULT '{}',
	support_until date,
	contact_updates text,
	contact_vulnerabilities text,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (id, manufacturer_id)
);

-- A birth is one unit that a manufacturer says it made, and carries what
-- outlasts its owners: the pinned key and the flags (A5, A11, R5).
CREATE TABLE birth (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	manufacturer_id text NOT NULL,
	model_id text NOT NULL,
	serial text,
	key_sha256 bytea,			-- of the birth key's SPKI
	ueid bytea,
	batch text,
	made_at timestamptz,
	boot_test text,
	certificate_sha256 bytea,
	claim_code_mac bytea,			-- keyed hash (A6); NULL: used, none
	pinned_key_sha256 bytea,		-- at first success (A11)
	quarantined_at timestamptz,
	lost_at timestamptz,
	revoked_at timestamptz,
	decommissioned_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	-- One check a row of an import, not one a column.
	FOREIGN KEY (model_id, manufacturer_id)
		REFERENCES model (id, manufacturer_id),
	CHECK (serial IS NOT NULL OR key_sha256 IS NOT NULL OR ueid IS NOT NULL)
);
CREATE UNIQUE INDEX birth_serial ON birth (serial, manufacturer_id)
	WHERE serial IS NOT NULL;
CREATE UNIQUE INDEX birth_key ON birth (key_sha256)
	WHERE key_sha256 IS NOT NULL;
CREATE UNIQUE INDEX birth_pinned ON birth (pinned_key_sha256)
	WHERE pinned_key_sha256 IS NOT NULL;
CREATE UNIQUE INDEX birth_ueid ON birth (ueid) WHERE ueid IS NOT NULL;

-- An allowlist import: staged line by line, then stored in one transaction.
CREATE TABLE import (
	id uuid PRIMARY KEY,
	manufacturer_id text NOT NULL REFERENCES manufacturer,
	admin_token_id text NOT NULL,
	state text NOT NULL CHECK (state IN ('staging', 'storing', 'done',
		'failed')),
	skip_bad boolean NOT NULL,
	body_sha256 bytea,			-- a repeat must be the same file
	lines bigint NOT NULL DEFAULT 0,
	added bigint NOT NULL DEFAULT 0,
	unchanged bigint NOT NULL DEFAULT 0,
	bad bigint NOT NULL DEFAULT 0,
	errors jsonb NOT NULL DEFAULT '[]',	-- [{line, reason}], the first 100
	created_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz
);

-- Unlogged: a crash empties it, and the import is then simply repeated.
CREATE UNLOGGED TABLE import_line (
	import_id uuid NOT NULL,
	line bigint NOT NULL,
	model_id text,
	serial text,
	key_sha256 bytea,
	ueid bytea,
	batch text,
	made_at timestamptz,
	boot_test text,
	certificate_sha256 bytea,
	claim_code_mac bytea
);
CREATE INDEX import_line_id ON import_line (import_id);

-- ------------------------------------------------------- owners, operators

CREATE TABLE owner (
	id uuid PRIMARY KEY,
	name text NOT NULL,
	app_key bytea NOT NULL UNIQUE,		-- ES256 SPKI, DER
	disabled_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE admin_token (
	id text PRIMARY KEY,
	name text NOT NULL,
	mac bytea NOT NULL UNIQUE,
	scopes text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	withdrawn_at timestamptz
);

-- Wrong tries, shared by all nodes (P2).
CREATE TABLE guess (
	bucket text NOT NULL,			-- owner, address, service
	key bytea NOT NULL,			-- keyed hash of who (V1)
	window_start timestamptz NOT NULL,
	n int NOT NULL,
	PRIMARY KEY (bucket, key, window_start)
);

-- ------------------------------------------------- ownership and approvals

-- One row an ownership: each claim makes a new device id (A5).
CREATE TABLE device (
	id uuid PRIMARY KEY,
	birth_id bigint NOT NULL REFERENCES birth,
	owner_id uuid NOT NULL REFERENCES owner,
	model_id text NOT NULL REFERENCES model,
	profile text NOT NULL,
	state text NOT NULL CHECK (state IN ('owned', 'released')),
	created_at timestamptz NOT NULL DEFAULT now(),
	released_at timestamptz
);
CREATE UNIQUE INDEX device_one_owner ON device (birth_id)
	WHERE state = 'owned';
CREATE INDEX device_birth ON device (birth_id);
CREATE INDEX device_owner ON device (owner_id, created_at);
CREATE INDEX device_created ON device (created_at, id);

-- A request for an owner's yes, for one (unit, key) (A1, A2).
CREATE TABLE approval (
	id uuid PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('device_code', 'claim')),
	birth_id bigint NOT NULL REFERENCES birth,
	client_id text NOT NULL,
	key_sha256 bytea NOT NULL,		-- SPKI of the key to be certified
	birth_key_sha256 bytea NOT NULL,	-- the evidence it came with
	birth_cert_sha256 bytea NOT NULL,
	device_code_mac bytea UNIQUE,
	user_code_mac bytea,
	state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied',
		'consumed', 'superseded')),
	facts text NOT NULL,			-- JSON, frozen
	shown_to uuid REFERENCES owner,		-- who gave the code last
	owner_id uuid REFERENCES owner,		-- who decided
	device_id uuid REFERENCES device,
	token_mac bytea UNIQUE,			-- the enroll token (H5)
	token_expires_at timestamptz,
	redeemed_at timestamptz,
	certificate_serial bytea,
	certificate_not_before timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	decided_at timestamptz,
	CHECK (state NOT IN ('approved', 'consumed') OR device_id IS NOT NULL)
);
-- One live request a (unit, key); the newest replaces (P3).
CREATE UNIQUE INDEX approval_live ON approval (birth_id, key_sha256)
	WHERE state = 'pending';
CREATE UNIQUE INDEX approval_user_code ON approval (user_code_mac)
	WHERE state = 'pending';
CREATE INDEX approval_unit_key ON approval (birth_id, key_sha256, created_at);
CREATE INDEX approval_decided ON approval (decided_at)
	WHERE decided_at IS NOT NULL;
CREATE INDEX approval_created ON approval (created_at);

-- ------------------------------------------------------------ certificates

-- notBefore stands in every certificate that is shown to us, so it finds
-- the partition.  The one successor of a certificate (A9) is a column of its
-- row, since no unique constraint spans partitions: it is set under the
-- device's lock and only while NULL.
CREATE TABLE certificate (
	serial bytea NOT NULL,
	not_before timestamptz NOT NULL,
	not_after timestamptz NOT NULL,
	device_id uuid NOT NULL,
	profile text NOT NULL,
	key_sha256 bytea NOT NULL,
	approval_id uuid,
	predecessor bytea,
	successor bytea,
	successor_not_before timestamptz,
	first_used_at timestamptz,
	-- Set under the device's lock, so that a renewal which waited for that
	-- lock sees it (A3); the feed has the reason.
	revoked_at timestamptz,
	der bytea NOT NULL,
	PRIMARY KEY (serial, not_before)
) PARTITION BY RANGE (not_before);
CREATE INDEX certificate_device ON certificate (device_id, not_before DESC);

-- Every key we certified, or refuse for good, and whose it was (A5, A9).
CREATE TABLE key_use (
	key_sha256 bytea PRIMARY KEY,
	device_id uuid NOT NULL,
	compromised boolean NOT NULL DEFAULT false
);

-- The platform's own broker clients (R7): never by EST.
CREATE TABLE service (
	name text PRIMARY KEY
		CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	publish text[] NOT NULL,
	subscribe text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	withdrawn_at timestamptz
);
CREATE TABLE service_certificate (
	serial bytea PRIMARY KEY,
	service_name text NOT NULL REFERENCES service,
	not_before timestamptz NOT NULL,
	not_after timestamptz NOT NULL,
	key_sha256 bytea NOT NULL,
	der bytea NOT NULL
);

-- ---------------------------------------------------- the feed, and events

-- What is refused, in an order without gaps (R1).  The position is taken
-- from feed_head, whose row lock is held to commit: a reader that has seen
-- position n will never see one below it appear.
CREATE TABLE feed_head (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	epoch int NOT NULL,
	position bigint NOT NULL,
	sha256 bytea NOT NULL
);
INSERT INTO feed_head VALUES (true, 1, 0, sha256('latchkey'));

CREATE TABLE revocation (
	epoch int NOT NULL,
	position bigint NOT NULL,
	at timestamptz NOT NULL,
	kind text NOT NULL CHECK (kind IN (
		'certificate',	-- serial is refused until it has expired
		'device',	-- the id is refused for good
		'quarantine',	-- the id keeps only its quarantine topics
		'lift',		-- and has all of them again
		'service')),	-- a service's topics changed, or it is gone
	device_id uuid,
	serial bytea,
	service_name text,
	until timestamptz,	-- after this the entry says nothing new (R4)
	reason text NOT NULL,	-- RFC 5280 section 5.3.1, or what a person did
	previous_sha256 bytea NOT NULL,
	sha256 bytea NOT NULL,
	PRIMARY KEY (epoch, position)
);
CREATE INDEX revocation_serial ON revocation (serial)
	WHERE serial IS NOT NULL;
CREATE INDEX revocation_device ON revocation (device_id)
	WHERE device_id IS NOT NULL;

CREATE FUNCTION feed_append() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	head feed_head;
BEGIN
	UPDATE feed_head SET position = position + 1 RETURNING * INTO head;
	NEW.epoch := head.epoch;
	NEW.position := head.position;
	NEW.at := clock_timestamp();
	NEW.previous_sha256 := head.sha256;
	NEW.sha256 := sha256(head.sha256 || convert_to(concat_ws('|',
		NEW.epoch, NEW.position, extract(epoch FROM NEW.at), NEW.kind,
		coalesce(NEW.device_id::text, '-'),
		coalesce(encode(NEW.serial, 'hex'), '-'),
		coalesce(NEW.service_name, '-'),
		coalesce(extract(epoch FROM NEW.until)::text, '-'),
		NEW.reason), 'UTF8'));
	UPDATE feed_head SET sha256 = NEW.sha256;
	PERFORM pg_notify('latchkey_feed', NEW.epoch || ':' || NEW.position);
	RETURN NEW;
END $$;
CREATE TRIGGER feed_append BEFORE INSERT ON revocation
	FOR EACH ROW EXECUTE FUNCTION feed_append();

-- Audit: no personal data, no raw address (V1).
CREATE TABLE event (
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	kind text NOT NULL,
	request_id text,
	manufacturer_id text,
	birth_id bigint,
	device_id uuid,
	owner_id uuid,
	approval_id uuid,
	admin_token_id text,
	code text,		-- the refusal's, where it was one
	detail text,		-- the private reason, for operators
	PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX event_request ON event (request_id);
CREATE INDEX event_device ON event (device_id, at)
	WHERE device_id IS NOT NULL;
CREATE INDEX event_birth ON event (birth_id, at) WHERE birth_id IS NOT NULL;

-- -------------------------------------------------------------- partitions

-- Makes yesterday's to next week's partitions of both tables, drops those
-- whose content is over, and says what it did.  Run daily by
-- "latchkey maintain" (and once by "latchkey migrate").
CREATE FUNCTION maintain_partitions(keep_events interval)
RETURNS TABLE (action text, name text) LANGUAGE plpgsql AS $$
DECLARE
	parent text;
	day date;
	part record;
	over boolean;
BEGIN
	FOREACH parent IN ARRAY ARRAY['certificate', 'event'] LOOP
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
		WHERE p.relname IN ('certificate', 'event') AND c.relkind = 'r'
	LOOP
		IF part.parent = 'event' THEN
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
CREATE FUNCTION partition_days_ahead() RETURNS int LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT coalesce(min(n), 0)::int FROM (SELECT
		max(to_date(right(c.relname, 8), 'YYYYMMDD')) -
		(now() AT TIME ZONE 'UTC')::date AS n
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		JOIN pg_class p ON p.oid = i.inhparent
		WHERE p.relname IN ('certificate', 'event') AND c.relkind = 'r'
		GROUP BY p.relname) AS per_table
$$;

-- ------------------------------------------------------------------- roles

-- The service may use, not alter; history it may only add to (R2).
GRANT SELECT, INSERT, UPDATE ON manufacturer, anchor, model, birth, import,
	owner, device, approval, certificate, key_use, service TO latchkey_service;
GRANT SELECT, INSERT ON service_certificate TO latchkey_service;
GRANT SELECT, INSERT, DELETE, TRUNCATE ON import_line TO latchkey_service;
GRANT SELECT, INSERT, UPDATE ON guess TO latchkey_service;
GRANT SELECT ON admin_token, feed_head, schema_migration TO latchkey_service;
GRANT SELECT, INSERT ON revocation, event TO latchkey_service;
GRANT DELETE ON anchor TO latchkey_service;
GRANT EXECUTE ON FUNCTION partition_days_ahead() TO latchkey_service;
REVOKE ALL ON FUNCTION maintain_partitions(interval) FROM PUBLIC;

GRANT SELECT ON feed_head, revocation, service, schema_migration
	TO latchkey_broker;
