-- Sets of units that lose trust together, or are let out of quarantine
-- together (R3).

-- While a set is open (finished_at is NULL) nothing is issued to its units,
-- so that its sweep misses none.
CREATE TABLE unit_set (
	id uuid PRIMARY KEY,
	action text NOT NULL CHECK (action IN ('revoke', 'quarantine',
		'lift')),
	reason text NOT NULL,
	-- Whose units: all that is not NULL must be so.
	manufacturer_id text REFERENCES manufacturer,
	model_id text REFERENCES model,
	batch text,
	sw_version text,			-- the highest shown
	owner_id uuid REFERENCES owner,
	serials text[],
	admin_token_id text NOT NULL,
	counted bigint NOT NULL,		-- in the dry run
	found bigint,				-- when none could join any more
	swept bigint NOT NULL DEFAULT 0,
	state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting',
		'sweeping', 'done', 'stopped')),
	created_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	CHECK (num_nonnulls(manufacturer_id, model_id, owner_id) > 0)
);
CREATE INDEX unit_set_open ON unit_set (created_at)
	WHERE finished_at IS NULL;

-- Its units that are still to be swept.
CREATE TABLE unit_set_member (
	set_id uuid NOT NULL REFERENCES unit_set,
	birth_id bigint NOT NULL REFERENCES birth,
	PRIMARY KEY (set_id, birth_id)
);

CREATE FUNCTION unit_owner(unit bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
	SELECT owner_id FROM device WHERE birth_id = unit AND state = 'owned'
$$;

-- One expression without a query, so that the planner puts it in place of
-- the call.
CREATE FUNCTION unit_set_has(s unit_set, b birth) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT (s.manufacturer_id IS NULL OR
			s.manufacturer_id = b.manufacturer_id) AND
		(s.model_id IS NULL OR s.model_id = b.model_id) AND
		(s.batch IS NULL OR s.batch = b.batch) AND
		(s.sw_version IS NULL OR s.sw_version = b.sw_version) AND
		(s.serials IS NULL OR b.serial = ANY (s.serials)) AND
		(s.owner_id IS NULL OR s.owner_id = unit_owner(b.id))
$$;

CREATE FUNCTION unit_set_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('latchkey_set', NEW.id::text);
	RETURN NULL;
END $$;
CREATE TRIGGER unit_set_notify AFTER INSERT ON unit_set
	FOR EACH ROW EXECUTE FUNCTION unit_set_notify();

GRANT SELECT, INSERT, UPDATE ON unit_set TO latchkey_service;
GRANT SELECT, INSERT, DELETE ON unit_set_member TO latchkey_service;
