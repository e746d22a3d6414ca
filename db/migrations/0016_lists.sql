-- For which CA a list speaks (canonical name, SPKI; its signature is verified
-- when it comes), and the list without its entries: chains are judged by these
-- and by the entries, which are looked up, however long a list is.  One that
-- came before has none, and covers nobody until it comes again; what it
-- revoked stays revoked.
ALTER TABLE crl
	ADD COLUMN head bytea,
	ADD COLUMN ca_sha256 bytea,
	ADD COLUMN ca_spki_sha256 bytea;
