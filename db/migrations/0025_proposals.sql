-- What one operator proposes and another has to confirm (H4).

CREATE TABLE proposal (
	id uuid PRIMARY KEY,
	token_id text NOT NULL REFERENCES admin_token,
	method text NOT NULL,
	path text NOT NULL,
	sealed bytea NOT NULL,			-- the body
	sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
	summary text NOT NULL,
	state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending',
		'confirmed', 'withdrawn', 'expired')),
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	decided_at timestamptz,
	decided_by text REFERENCES admin_token,
	CHECK ((state IN ('confirmed', 'withdrawn')) = (decided_by IS NOT NULL))
);
-- A repeat is the same proposal.
CREATE UNIQUE INDEX proposal_pending ON proposal (token_id, sha256)
	WHERE state = 'pending';
CREATE INDEX proposal_newest ON proposal (created_at);

-- What was proposed stays as it was.
GRANT SELECT, INSERT ON proposal TO latchkey_service;
GRANT UPDATE (state, decided_at, decided_by) ON proposal TO latchkey_service;

-- Whoever confirmed stands in each event of the transaction that did what was
-- proposed, and of those that finish it.
CREATE FUNCTION second_token() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT nullif(current_setting('latchkey.second_token', true), '')
$$;
ALTER TABLE event ADD COLUMN second_token_id text;
ALTER TABLE event ALTER COLUMN second_token_id SET DEFAULT second_token();
ALTER TABLE unit_set ADD COLUMN second_token_id text;
