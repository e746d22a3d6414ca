-- Sensors behind a hub, which cannot prove themselves: the hub says that they
-- are there, its owner says yes, and tokens are the hub's to use (A13).
CREATE TABLE child (
	id uuid PRIMARY KEY,
	hub_id uuid NOT NULL REFERENCES device,
	owner_id uuid NOT NULL REFERENCES owner,	-- the hub's then
	serial text NOT NULL,			-- as the hub says, as the rest
	name text NOT NULL,
	scope text NOT NULL,			-- the most its tokens have
	state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied',
		'removed')),
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX child_once ON child (hub_id, serial)
	WHERE state IN ('pending', 'approved');
CREATE INDEX child_hub ON child (hub_id, created_at);

GRANT SELECT, INSERT, UPDATE ON child TO latchkey_service;
