-- Sets of certificates, by their serial numbers (R3).

SET LOCAL latchkey.works_from = 26;

ALTER TABLE unit_set
	ADD COLUMN certificates bytea[],
	-- Those as well that are not known here.
	ADD COLUMN preemptive boolean NOT NULL DEFAULT false,
	DROP CONSTRAINT unit_set_check,
	ADD CHECK (num_nonnulls(manufacturer_id, model_id, owner_id,
		certificates) > 0),
	ADD CHECK (certificates IS NULL OR (action = 'revoke' AND
		num_nonnulls(manufacturer_id, model_id, owner_id, batch,
		sw_version, serials, anchor_id) = 0));

-- Those that are still to be swept.
CREATE TABLE unit_set_certificate (
	set_id uuid NOT NULL REFERENCES unit_set,
	serial bytea NOT NULL,
	PRIMARY KEY (set_id, serial)
);
GRANT SELECT, INSERT, DELETE ON unit_set_certificate TO latchkey_service;

CREATE FUNCTION unit_holds(unit bigint, serials bytea[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM certificate c
		JOIN device d ON d.id = c.device_id
		WHERE d.birth_id = unit AND c.serial = ANY (serials))
$$;

-- While a set of certificates is open, nothing is issued to their units.
CREATE OR REPLACE FUNCTION unit_set_has(s unit_set, b birth) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT (s.manufacturer_id IS NULL OR
			s.manufacturer_id = b.manufacturer_id) AND
		(s.model_id IS NULL OR s.model_id = b.model_id) AND
		(s.batch IS NULL OR s.batch = b.batch) AND
		(s.sw_version IS NULL OR s.sw_version = b.sw_version) AND
		(s.serials IS NULL OR b.serial = ANY (s.serials)) AND
		(s.anchor_id IS NULL OR s.anchor_id = b.anchor_id) AND
		(s.certificates IS NULL OR unit_holds(b.id, s.certificates)) AND
		(s.owner_id IS NULL OR s.owner_id = unit_owner(b.id))
$$;

-- A program from before this takes such a set for one of units: it is left to
-- those that know better.
CREATE FUNCTION unit_set_member_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM unit_set s WHERE s.id = NEW.set_id AND
			s.certificates IS NOT NULL) THEN
		RAISE EXCEPTION 'set % is one of certificates', NEW.set_id;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER unit_set_member_check BEFORE INSERT ON unit_set_member
	FOR EACH ROW EXECUTE FUNCTION unit_set_member_check();
