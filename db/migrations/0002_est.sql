-- EST in full: enrollment profiles that operators make, by label, and
-- one-time bootstrap tokens for clients without a birth certificate.

-- What one label's devices get, and what is asked of them.  The settings
-- hold what differs from the defaults of domain/label.h; the row of the
-- label "device" is shipped.
CREATE TABLE label (
	name text PRIMARY KEY
		CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	version int NOT NULL DEFAULT 1,
	settings text NOT NULL,			-- JSON, as it was checked
	updated_by text,			-- operator's token; NULL: shipped
	updated_at timestamptz NOT NULL DEFAULT now(),
	-- A withdrawn label enrolls and renews nobody, and is kept, since
	-- devices and certificates name it.
	withdrawn_at timestamptz
);
INSERT INTO label (name, settings) VALUES ('device', '{}');

-- Every node keeps the labels in memory.
CREATE FUNCTION label_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('latchkey_label', NEW.name);
	RETURN NULL;
END $$;
CREATE TRIGGER label_notify AFTER INSERT OR UPDATE ON label
	FOR EACH ROW EXECUTE FUNCTION label_notify();

-- Labels that units of the model may name in the path, beside the profile of
-- the path without a label (A8).
ALTER TABLE model ADD COLUMN labels text[] NOT NULL DEFAULT '{}';

-- NULL: the platform's own device, under a label that asks no owner.
ALTER TABLE device ALTER COLUMN owner_id DROP NOT NULL;

-- A request says under which label it was made, so that its token and its
-- certificate are of no other (A8); one that a bootstrap token opened has no
-- birth certificate.
ALTER TABLE approval
	ADD COLUMN label text,
	ALTER COLUMN birth_key_sha256 DROP NOT NULL,
	ALTER COLUMN birth_cert_sha256 DROP NOT NULL;
-- Issuing changes the state, and an update is cheap as long as no index, nor
-- the condition of one, names what it changes (heap-only tuples).
ALTER TABLE approval ADD COLUMN pending boolean NOT NULL
	GENERATED ALWAYS AS (state = 'pending') STORED;
DROP INDEX approval_live, approval_user_code;
CREATE UNIQUE INDEX approval_live ON approval (birth_id, key_sha256)
	WHERE pending;
CREATE UNIQUE INDEX approval_user_code ON approval (user_code_mac)
	WHERE pending;
ALTER TABLE approval SET (fillfactor = 50);

-- Stands in for attestation of one unit, once, for the first key that was
-- presented with it (A12).
CREATE TABLE bootstrap_token (
	id text PRIMARY KEY,			-- the user name
	mac bytea NOT NULL,			-- keyed hash of the password
	label text NOT NULL REFERENCES label,
	birth_id bigint NOT NULL REFERENCES birth,
	key_sha256 bytea,			-- set once
	admin_token_id text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	withdrawn_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX bootstrap_token_birth ON bootstrap_token (birth_id);

-- Labels whose devices a registration authority may renew (A13): a service
-- with any has certificates with cmcRA.
ALTER TABLE service ADD COLUMN ra_labels text[] NOT NULL DEFAULT '{}';

-- Where the predecessor stands, for when it is superseded.
ALTER TABLE certificate ADD COLUMN predecessor_not_before timestamptz;

GRANT SELECT, INSERT, UPDATE ON label, bootstrap_token TO latchkey_service;
