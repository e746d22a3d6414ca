-- A maker whose units have no key of their own to sign with shares the secret
-- of their MACs: sealed by the service's key (pki/seal.h), which is not here,
-- and found again by a keyed hash in place of a plain one.  Of a key, the
-- maker may say that it lives in hardware.
ALTER TABLE anchor
	DROP CONSTRAINT anchor_kind_check,
	ADD CONSTRAINT anchor_kind_check CHECK (kind IN ('certificate',
		'public_key', 'secret', 'declaration', 'crl_signer')),
	ADD COLUMN in_hardware boolean NOT NULL DEFAULT false
		CHECK (NOT in_hardware OR kind IN ('public_key', 'secret'));
