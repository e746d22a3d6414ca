-- Accounts: owners who sign in, and decide, with passkeys.

-- An owner has passkeys, or a development app's key, or both.
ALTER TABLE owner
	ALTER COLUMN app_key DROP NOT NULL,
	-- After a recovery code: no yes, no release, no transfer (P4).
	ADD COLUMN held_until timestamptz,
	ADD COLUMN recovered_at timestamptz,
	-- What tells who it was is gone; rows that name the id remain (V1).
	ADD COLUMN erased_at timestamptz;

-- Who was shown a request may report it, once (P3).
ALTER TABLE approval ADD COLUMN reported_at timestamptz;

CREATE TABLE passkey (
	id uuid PRIMARY KEY,
	owner_id uuid NOT NULL REFERENCES owner,
	credential_id bytea NOT NULL UNIQUE,
	cose_key bytea NOT NULL,
	sign_count bigint NOT NULL,
	backup_eligible boolean NOT NULL,
	backed_up boolean NOT NULL,
	name text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	used_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX passkey_owner ON passkey (owner_id, created_at);

CREATE TABLE session (
	mac bytea PRIMARY KEY,			-- keyed hash of the cookie
	owner_id uuid NOT NULL REFERENCES owner,
	recovery boolean NOT NULL,		-- opens passkey enrolment alone
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE INDEX session_owner ON session (owner_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE recovery_code (
	mac bytea PRIMARY KEY,			-- keyed hash, as people type it
	owner_id uuid NOT NULL REFERENCES owner,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recovery_code_owner ON recovery_code (owner_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON passkey, session, recovery_code
	TO latchkey_service;
