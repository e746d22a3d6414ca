-- Operators' tokens are bound to a certificate (RFC 8705 section 3), and live a
-- year at most.

UPDATE admin_token SET
	expires_at = least(expires_at, created_at + interval '366 days');
ALTER TABLE admin_token
	-- Of the certificate in DER; NULL: not bound
	ADD COLUMN cert_sha256 bytea CHECK (octet_length(cert_sha256) = 32),
	ADD CHECK (expires_at <= created_at + interval '366 days');
