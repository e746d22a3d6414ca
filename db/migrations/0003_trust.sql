-- Trust lists in full: what an anchor is and how far it goes, what its
-- holders revoked, and the further names that a unit may be listed by.

-- An anchor is a CA's certificate, or the bare key of one signer; or the
-- certificate of who signs Matter's declarations, or lists in place of a CA,
-- which vouches for no unit and so has no subject to look it up by.  A vendor
-- id is a scope as an intermediate is: many makers have units below one CA of
-- the Matter world, and each vouches for its own alone (A11).
ALTER TABLE anchor
	ADD COLUMN kind text NOT NULL DEFAULT 'certificate'
		CHECK (kind IN ('certificate', 'public_key', 'declaration',
			'crl_signer')),
	ADD COLUMN key_id bytea,		-- as evidence names the key
	ADD COLUMN vendor_id int CHECK (vendor_id BETWEEN 1 AND 65535),
	-- What the operator says, beside the certificate's own validity.
	ADD COLUMN valid_from timestamptz,
	ADD COLUMN valid_until timestamptz,
	ALTER COLUMN subject_sha256 DROP NOT NULL,
	ADD CHECK (kind <> 'certificate' OR subject_sha256 IS NOT NULL);
DROP INDEX anchor_once;
CREATE UNIQUE INDEX anchor_once ON anchor (manufacturer_id, sha256,
	coalesce(intermediate_spki_sha256, ''), coalesce(vendor_id, 0));

-- Further names of a unit: the key of its TPM (EK), the subject of its Matter
-- certificate (DAC).  pinned_at is when it first proved itself; a unit that
-- nobody listed was let in by an open model at opened_at.
ALTER TABLE birth
	ADD COLUMN ek_sha256 bytea,		-- of the EK's SPKI
	ADD COLUMN dac_subject text,		-- RFC 2253
	ADD COLUMN pinned_at timestamptz,
	ADD COLUMN opened_at timestamptz,
	DROP CONSTRAINT birth_check,
	ADD CONSTRAINT birth_named CHECK (num_nonnulls(serial, key_sha256,
		ueid, ek_sha256, dac_subject) > 0);
CREATE UNIQUE INDEX birth_ek ON birth (ek_sha256) WHERE ek_sha256 IS NOT NULL;
CREATE UNIQUE INDEX birth_dac ON birth (dac_subject, manufacturer_id)
	WHERE dac_subject IS NOT NULL;
CREATE INDEX birth_pinned_at ON birth (model_id, batch)
	WHERE pinned_at IS NOT NULL;
ALTER TABLE import_line
	ADD COLUMN ek_sha256 bytea,
	ADD COLUMN dac_subject text;

-- How many units of a batch came so far, where the model's policy bounds it;
-- counted anew when the policy changes.
CREATE TABLE admission (
	model_id text NOT NULL REFERENCES model,
	batch text NOT NULL,			-- '' for units of none
	units bigint NOT NULL,
	hour timestamptz NOT NULL,		-- when the present one began
	in_hour bigint NOT NULL,
	PRIMARY KEY (model_id, batch)
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE, DELETE ON admission TO latchkey_service;

-- Revocation lists of manufacturers' CAs, each the newest of its issuer and
-- distribution point, with its entries apart: a chain is looked up, not read
-- through.
CREATE TABLE crl (
	id uuid PRIMARY KEY,
	manufacturer_id text NOT NULL REFERENCES manufacturer,
	issuer_sha256 bytea NOT NULL,		-- of the issuer's name, DER
	point_sha256 bytea NOT NULL,		-- of the distribution point
	issuer text NOT NULL,			-- for people
	sha256 bytea NOT NULL,
	der bytea NOT NULL,
	entries bigint NOT NULL,
	this_update timestamptz NOT NULL,
	next_update timestamptz,
	url text,				-- where it is fetched; NULL: uploaded
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (manufacturer_id, issuer_sha256, point_sha256)
);
CREATE TABLE crl_entry (
	crl_id uuid NOT NULL REFERENCES crl ON DELETE CASCADE,
	issuer_sha256 bytea NOT NULL,		-- of the certificate
	serial bytea NOT NULL			-- of the certificate, magnitude
);
CREATE INDEX crl_entry_serial ON crl_entry (serial, issuer_sha256);
CREATE INDEX crl_entry_crl ON crl_entry (crl_id);

-- Lists that are fetched on a schedule, by one node at a time.
CREATE TABLE crl_source (
	id uuid PRIMARY KEY,
	manufacturer_id text NOT NULL REFERENCES manufacturer,
	url text NOT NULL,
	every interval NOT NULL,
	issuer text,				-- PEM of who signs it
	next_at timestamptz NOT NULL DEFAULT now(),
	fetched_at timestamptz,			-- the last that was good
	failed_at timestamptz,			-- the last that was not
	failure text,				-- of the last, if it was not
	UNIQUE (manufacturer_id, url)
);
CREATE FUNCTION crl_source_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('latchkey_crl', NEW.manufacturer_id);
	RETURN NULL;
END $$;
CREATE TRIGGER crl_source_notify AFTER INSERT OR UPDATE OF url, every, issuer
	ON crl_source FOR EACH ROW EXECUTE FUNCTION crl_source_notify();

GRANT SELECT, INSERT, UPDATE, DELETE ON crl, crl_entry, crl_source
	TO latchkey_service;
