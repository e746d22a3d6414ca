/*
 * What a browser and an authenticator say of a passkey (Web Authentication
 * Level 3): client data (section 5.8.1), authenticator data (section 6.1),
 * attestation objects (section 6.5.4) and the public keys in them.  Structure
 * alone; signatures and what is expected are domain/passkey's.
 */
#ifndef CODEC_WEBAUTHN_H
#define CODEC_WEBAUTHN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

extern const struct err ERR_BAD_WEBAUTHN; /* bad-passkey, INVALID */

struct webauthn_client {
	const char *type, *challenge, *origin;
	bool cross_origin;
	const char *topOrigin; /* NULL, unless another site shows ours */
};

/* Members that are not known are ignored, as section 5.8.1.2 wants. */
ERR_FN webauthn_client_read(
    struct ctx *cx, struct bytes json, struct webauthn_client *out);

/* Slices borrow from what was read. */
struct webauthn_data {
	struct bytes rp_id_sha256;
	bool present, verified; /* the user (UP, UV) */
	bool backup_eligible, backed_up;
	uint32_t sign_count;
	/* Of a new credential (AT); empty in an assertion. */
	struct bytes credential_id, key;
};

/* With created, attested credential data must be there, else it must not. */
ERR_FN webauthn_data_read(
    struct ctx *cx, struct bytes in, bool created, struct webauthn_data *out);

struct webauthn_attestation {
	const char *fmt;
	struct bytes statement; /* CBOR, a map */
	bool empty;             /* the map */
	bool certified;         /* it has x5c */
	struct bytes data;      /* authenticator data */
};

ERR_FN webauthn_attestation_read(
    struct ctx *cx, struct bytes in, struct webauthn_attestation *out);

/* The algorithms that passkeys may have, by their numbers in COSE. */
enum webauthn_alg {
	WEBAUTHN_ES256 = -7,
	WEBAUTHN_EDDSA = -8,
	WEBAUTHN_RS256 = -257,
};

#define WEBAUTHN_RSA_BYTES 256

struct webauthn_key {
	enum webauthn_alg alg;
	struct bytes x, y;    /* of a point; y is empty for EdDSA */
	struct bytes modulus; /* of RS256, whose exponent is 65537 */
};

ERR_FN
webauthn_key_read(struct ctx *cx, struct bytes cose, struct webauthn_key *out);

#endif
