/*
 * The signatures of FIDO authenticators, by libfido2: over what an
 * authenticator says and the hash of what a browser says of it.  What either
 * of them says is domain/passkey's to judge.
 */
#ifndef PKI_FIDO_H
#define PKI_FIDO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define FIDO_RSA_BYTES 256

/* ES256 (-7) with a point, EdDSA (-8) with x alone, RS256 (-257) with a
 * modulus of FIDO_RSA_BYTES and the exponent 65537. */
struct fido_key {
	int alg;
	struct bytes x, y, modulus;
};

/* What is signed: authenticator data and the hash of the client data. */
struct fido_signed {
	const char *rp_id;
	struct bytes data;
	const uint8_t *client_sha256;
};

/* Whether it is a key at all: a point is on its curve. */
bool fido_key_ok(const struct fido_key *key);

/* Whether the user was there, was verified, and the signature is the key's. */
bool fido_verify(const struct fido_key *key, const struct fido_signed *what,
    struct bytes signature);

/* Whether an attestation statement (CBOR) of a format that libfido2 knows is
 * good by itself; alg is the credential's, certified says that the statement
 * has a certificate. */
struct fido_statement {
	const char *fmt;
	struct bytes cbor;
	bool certified;
};
bool fido_verify_statement(
    int alg, const struct fido_signed *what, const struct fido_statement *s);

#endif
