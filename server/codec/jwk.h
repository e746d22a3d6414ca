/*
 * Public keys as JWK (RFC 7517) and their thumbprints (RFC 7638).  What is
 * read from others is a P-256 key without any private member; a thumbprint
 * can be taken of every kind of key that RFC 7638 and 8037 name.
 */
#ifndef CODEC_JWK_H
#define CODEC_JWK_H

#include "base/bytes.h"
#include "base/err.h"
#include "codec/json.h"

struct ctx;

extern const struct err ERR_BAD_JWK; /* KIND_INVALID, "bad-jwk" */

/* A P-256 key; use, alg and kid are NULL where not said. */
struct jwk_public {
	const char *kty, *crv;
	struct bytes x, y;
	const char *use, *alg, *kid;
};
extern const struct json_field jwk_public_fields[];

/* Reads a P-256 key, RFC 7518 section 6.2.1; a private or symmetric member
 * is refused, whatever else there is ignored. */
ERR_FN jwk_read(struct ctx *cx, struct bytes json, struct jwk_public *out);

/* What the thumbprint of a P-256 key is the SHA-256 of (RFC 7638 section
 * 3.3): its required members in order. */
struct bytes jwk_thumbprint_input(struct ctx *cx, const struct jwk_public *key);

/* The same of any key in JSON: EC, RSA, OKP or oct; ERR_BAD_JWK for others. */
ERR_FN
jwk_thumbprint_of(struct ctx *cx, struct bytes json, struct bytes *input);

#endif
