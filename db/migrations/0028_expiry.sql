-- How many certificates of devices end soon, counted beside the requests.
SET LOCAL latchkey.works_from = 26;

-- A summary of each MiB: those of a day end around the same days, and adding a
-- certificate costs next to nothing.
CREATE INDEX certificate_end ON certificate USING brin (not_after)
	WITH (autosummarize = on);

CREATE TABLE expiry_ahead (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	-- Whichever node comes then counts, and moves it ahead.
	next_at timestamptz NOT NULL DEFAULT '-infinity',
	counted_at timestamptz,			-- NULL: never
	hour bigint NOT NULL DEFAULT 0,
	day bigint NOT NULL DEFAULT 0,
	week bigint NOT NULL DEFAULT 0
);
INSERT INTO expiry_ahead DEFAULT VALUES;
GRANT SELECT, UPDATE ON expiry_ahead TO latchkey_service;
