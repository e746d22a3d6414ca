-- What evidence leaves behind: the nonces that were answered to, so that none
-- is twice, and how new the software was that a unit has shown.

-- Written only once the evidence was good (E3), kept a minute longer than the
-- nonce itself is; whoever uses one clears some that are over.
CREATE TABLE nonce_used (
	nonce bytea PRIMARY KEY,
	expires_at timestamptz NOT NULL
);
CREATE INDEX nonce_used_expires ON nonce_used (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON nonce_used TO latchkey_service;

ALTER TABLE birth
	ADD COLUMN sw_version text;		-- the highest
