-- Owners who sign in with the platform's own identity provider: (issuer,
-- subject), never an e-mail address (H5).
CREATE TABLE owner_external (
	issuer text NOT NULL,
	subject text NOT NULL,
	owner_id uuid NOT NULL REFERENCES owner,
	PRIMARY KEY (issuer, subject)
);
CREATE INDEX owner_external_owner ON owner_external (owner_id);

-- What tells who it was goes with the account (V1).
CREATE FUNCTION owner_external_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM owner_external WHERE owner_id = NEW.id;
	RETURN NULL;
END $$;
CREATE TRIGGER owner_external_erased AFTER UPDATE OF erased_at ON owner
	FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL)
	EXECUTE FUNCTION owner_external_erase();

GRANT SELECT, INSERT, DELETE ON owner_external TO latchkey_service;
