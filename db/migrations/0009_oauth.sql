-- Apps: who they are, what they ask owners for, and what they were given.

CREATE TABLE client (
	id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	name text NOT NULL,
	redirect_uris text[] NOT NULL,
	origins text[] NOT NULL,		-- of browsers, for CORS
	scope text NOT NULL,			-- the most it is given
	key bytea,				-- SPKI, DER; NULL: a public client
	introspects boolean NOT NULL,		-- others' tokens as well
	created_at timestamptz NOT NULL DEFAULT now(),
	withdrawn_at timestamptz,
	CHECK (NOT introspects OR key IS NOT NULL)
);

-- An app's question to an owner who has not answered: pushed (RFC 9126), or
-- shown by the page.  Only the keyed hash of its handle is kept.
CREATE TABLE authorization_request (
	mac bytea PRIMARY KEY,
	client_id text NOT NULL REFERENCES client,
	pushed boolean NOT NULL,
	redirect_uri text NOT NULL,
	scope text NOT NULL,
	code_challenge bytea NOT NULL,		-- SHA-256 of the verifier
	state text,
	nonce text,
	jkt bytea,				-- of dpop_jkt
	expires_at timestamptz NOT NULL
);
CREATE INDEX authorization_request_expires ON authorization_request
	(expires_at);

-- What one yes gave an app: a code, then refresh tokens one after the other.
-- The tokens are not kept, only how many there were.
CREATE TABLE token_family (
	id uuid PRIMARY KEY,
	client_id text NOT NULL REFERENCES client,
	owner_id uuid NOT NULL REFERENCES owner,
	scope text NOT NULL,
	nonce text,
	code_mac bytea NOT NULL UNIQUE,
	code_challenge bytea NOT NULL,
	code_expires_at timestamptz NOT NULL,
	redirect_uri text NOT NULL,
	signed_in_at timestamptz NOT NULL,
	jkt bytea,				-- the key it is bound to (RFC 9449)
	x5t bytea,				-- or the certificate (RFC 8705)
	generation int NOT NULL DEFAULT 0,
	issued_at timestamptz,			-- the present generation
	expires_at timestamptz NOT NULL,
	ended_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX token_family_owner ON token_family (owner_id);
CREATE INDEX token_family_expires ON token_family (expires_at);

GRANT SELECT, INSERT, UPDATE ON client TO latchkey_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON authorization_request, token_family
	TO latchkey_service;
