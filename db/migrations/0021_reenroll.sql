-- Sets of units whose devices must have new certificates by a deadline.

-- Rows from before this are older than any such set.
ALTER TABLE certificate
	ADD COLUMN issued_at timestamptz NOT NULL DEFAULT now(),
	-- Revoked because a deadline passed it by, and for nothing else: its
	-- device may come back as one that was long away (R4).
	ADD COLUMN overdue boolean NOT NULL DEFAULT false;

ALTER TABLE unit_set
	ADD COLUMN deadline timestamptz,
	ADD COLUMN renewed bigint NOT NULL DEFAULT 0,	-- of those swept
	ADD COLUMN ended bigint NOT NULL DEFAULT 0,
	DROP CONSTRAINT unit_set_action_check,
	ADD CHECK (action IN ('revoke', 'quarantine', 'lift', 'reenroll')),
	DROP CONSTRAINT unit_set_state_check,
	ADD CHECK (state IN ('waiting', 'renewing', 'sweeping', 'done',
		'stopped', 'cancelled')),
	ADD CHECK ((action = 'reenroll') = (deadline IS NOT NULL));

DROP TRIGGER notice_append ON event;
CREATE CONSTRAINT TRIGGER notice_append AFTER INSERT ON event
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN ((NEW.owner_id IS NOT NULL OR NEW.device_id IS NOT NULL) AND
		NEW.kind IN ('approval.requested', 'approval.approved',
		'approval.denied', 'approval.reported', 'device.released',
		'device.lost', 'device.found', 'device.quarantined',
		'device.lifted', 'device.revoked', 'device.decommissioned',
		'device.overdue'))
	EXECUTE FUNCTION notice_append();
