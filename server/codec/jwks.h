/*
 * Keys of another issuer (RFC 7517 section 5) and signatures by them.  What a
 * set has besides keys that are accepted here is passed over, as the section
 * demands: P-256 for ES256, RSA of 2048 to 4096 bits with e = 65537 for RS256
 * and PS256 (SECURITY.md E4); never a secret one, none without a kid, and no
 * kid that two keys have.
 */
#ifndef CODEC_JWKS_H
#define CODEC_JWKS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "codec/jws.h"

struct ctx;

#define JWKS_MAX 32 /* keys of a set */
#define JWKS_KID 256

struct jwks_key {
	const char *kid;
	bool rsa;
	const char *alg;   /* the one it is for, or NULL */
	struct bytes x, y; /* P-256; or */
	struct bytes n, e; /* RSA */
};

/* Reads a set; *n may be 0.  ERR_BAD_JWK for what is no set. */
ERR_FN jwks_read(struct ctx *cx, struct bytes json,
    struct jwks_key out[JWKS_MAX], size_t *n);

/* The header of a JWS whose alg is one of the three; as jws_peek else. */
ERR_FN
jwks_peek(struct ctx *cx, const char *compact, struct jws_head *out);

/* Verifies with a key of a set, whose kind decides which alg there may be
 * (RFC 8725 section 3.1). */
ERR_FN
jwks_verify(struct ctx *cx, const char *compact, const struct jwks_key *key);

#endif
