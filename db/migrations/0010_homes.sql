-- The owner's pages: where a request came from, transfers, and homes.

-- The family of the address that a request came from, and a keyed hash of its
-- network, until it is decided (V1).
ALTER TABLE approval ADD COLUMN network bytea;

-- A device that its owner offers to whoever has the code (P5).
CREATE TABLE transfer (
	id uuid PRIMARY KEY,
	device_id uuid NOT NULL REFERENCES device,
	code_mac bytea NOT NULL UNIQUE,		-- keyed hash, as people type it
	facts text NOT NULL,			-- JSON, as the device proved them
	proved_at timestamptz NOT NULL,
	state text NOT NULL CHECK (state IN ('open', 'withdrawn', 'accepted')),
	owner_id uuid REFERENCES owner,		-- who accepted
	new_device_id uuid REFERENCES device,	-- what it is to them (A5)
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	CHECK ((state = 'accepted') = (new_device_id IS NOT NULL)),
	CHECK ((state = 'accepted') = (owner_id IS NOT NULL))
);
CREATE UNIQUE INDEX transfer_open ON transfer (device_id)
	WHERE state = 'open';
CREATE INDEX transfer_expires ON transfer (expires_at);

-- A home is what one owner has; its members see it.
CREATE TABLE home_member (
	home_id uuid NOT NULL REFERENCES owner,
	member_id uuid NOT NULL REFERENCES owner,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (home_id, member_id),
	CHECK (home_id <> member_id)
);
CREATE INDEX home_member_member ON home_member (member_id);

CREATE TABLE home_invitation (
	id uuid PRIMARY KEY,
	home_id uuid NOT NULL REFERENCES owner,
	code_mac bytea NOT NULL UNIQUE,		-- keyed hash, as people type it
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE INDEX home_invitation_home ON home_invitation (home_id);
CREATE INDEX home_invitation_expires ON home_invitation (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON transfer, home_member,
	home_invitation TO latchkey_service;
