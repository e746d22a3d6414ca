-- An owner's apps hear of sensors behind hubs as they hear of devices.
SET LOCAL latchkey.works_from = 26;

DROP TRIGGER notice_append ON event;
CREATE CONSTRAINT TRIGGER notice_append AFTER INSERT ON event
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN ((NEW.owner_id IS NOT NULL OR NEW.device_id IS NOT NULL) AND
		NEW.kind IN ('approval.requested', 'approval.approved',
		'approval.denied', 'approval.reported', 'device.released',
		'device.lost', 'device.found', 'device.quarantined',
		'device.lifted', 'device.revoked', 'device.decommissioned',
		'device.overdue', 'child.registered', 'child.approved',
		'child.denied', 'child.removed'))
	EXECUTE FUNCTION notice_append();
