-- Sets of the units that came by one anchor: when its CA is in other hands.

ALTER TABLE birth
	ADD COLUMN anchor_id uuid;		-- it last proved itself by

-- Who came before this is known where there was nothing to choose from.
UPDATE birth b SET anchor_id = a.id FROM anchor a
	WHERE a.manufacturer_id = b.manufacturer_id AND
	a.kind = 'certificate' AND b.pinned_key_sha256 IS NOT NULL AND
	NOT EXISTS (SELECT FROM anchor o WHERE
		o.manufacturer_id = a.manufacturer_id AND o.id <> a.id);

ALTER TABLE unit_set
	ADD COLUMN anchor_id uuid;		-- may be removed by then

CREATE OR REPLACE FUNCTION unit_set_has(s unit_set, b birth) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT (s.manufacturer_id IS NULL OR
			s.manufacturer_id = b.manufacturer_id) AND
		(s.model_id IS NULL OR s.model_id = b.model_id) AND
		(s.batch IS NULL OR s.batch = b.batch) AND
		(s.sw_version IS NULL OR s.sw_version = b.sw_version) AND
		(s.serials IS NULL OR b.serial = ANY (s.serials)) AND
		(s.anchor_id IS NULL OR s.anchor_id = b.anchor_id) AND
		(s.owner_id IS NULL OR s.owner_id = unit_owner(b.id))
$$;
