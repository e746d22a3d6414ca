-- Evidence that a request repeats was judged before: known by its hash, since
-- it is not kept.
ALTER TABLE attested
	ADD COLUMN evidence_sha256 bytea;

-- An attempt may be of nobody who is known.
ALTER TABLE attestation
	ALTER COLUMN manufacturer_id DROP NOT NULL,
	ALTER COLUMN model_id DROP NOT NULL;
