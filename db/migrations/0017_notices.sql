-- What an owner's apps are told (GET /v1/events), in an order without gaps:
-- the position is taken from the owner's row, whose lock is held to commit.

CREATE TABLE notice_head (
	owner_id uuid PRIMARY KEY REFERENCES owner,
	position bigint NOT NULL
);
CREATE TABLE notice (
	owner_id uuid NOT NULL REFERENCES owner,
	position bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	kind text NOT NULL,			-- the event's
	approval_id uuid,
	device_id uuid,
	PRIMARY KEY (owner_id, position)
);
CREATE INDEX notice_at ON notice (at);

CREATE FUNCTION notice_append() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	who uuid := NEW.owner_id;
	place bigint;
BEGIN
	IF who IS NULL THEN
		SELECT owner_id INTO who FROM device WHERE id = NEW.device_id;
	END IF;
	IF who IS NULL THEN	-- the platform's own device
		RETURN NULL;
	END IF;
	INSERT INTO notice_head AS h (owner_id, position) VALUES (who, 1)
		ON CONFLICT (owner_id) DO UPDATE SET position = h.position + 1
		RETURNING position INTO place;
	INSERT INTO notice (owner_id, position, kind, approval_id, device_id)
		VALUES (who, place, NEW.kind, NEW.approval_id, NEW.device_id);
	PERFORM pg_notify('latchkey_notice', who::text);
	RETURN NULL;
END $$;

-- At commit, so that whoever waits for this lock holds all others already.
CREATE CONSTRAINT TRIGGER notice_append AFTER INSERT ON event
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN ((NEW.owner_id IS NOT NULL OR NEW.device_id IS NOT NULL) AND
		NEW.kind IN ('approval.requested', 'approval.approved',
		'approval.denied', 'approval.reported', 'device.released',
		'device.lost', 'device.found', 'device.quarantined',
		'device.lifted', 'device.revoked', 'device.decommissioned'))
	EXECUTE FUNCTION notice_append();

-- What waits for one owner: whoever gave its code.
CREATE INDEX approval_shown ON approval (shown_to)
	WHERE pending AND shown_to IS NOT NULL;

REVOKE ALL ON FUNCTION notice_append() FROM PUBLIC;
GRANT SELECT ON notice, notice_head TO latchkey_service;
