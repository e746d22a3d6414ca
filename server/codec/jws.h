/*
 * Compact JWS (RFC 7515) with ES256 and nothing else (RFC 8725): the header
 * is read strictly before the library sees it, alg must be ES256, typ what
 * the caller expects, crit and b64 absent, the three parts strict base64url,
 * and the key is the caller's, never the header's.
 *
 * Signing keeps the key in pki:
 *	input = jws_input(cx, "owner+jwt", NULL, claims);
 *	e = keypair_sign_es256(cx, key, bytes_str(input), &sig);
 *	token = jws_join(cx, input, sig);
 */
#ifndef CODEC_JWS_H
#define CODEC_JWS_H

#include "base/bytes.h"
#include "base/err.h"

struct ctx;

extern const struct err ERR_BAD_JWS; /* KIND_UNAUTHENTICATED, "bad-token" */

/* Verifies with the P-256 key (x, y), 32 bytes each; the payload is in the
 * arena.  At most LIMIT_JWS characters.  typ NULL asks for none, where the
 * protocol has none. */
ERR_FN jws_verify_es256(struct ctx *cx, const char *compact, struct bytes x,
    struct bytes y, const char *typ, struct bytes *payload);

/* What a JWS says that nobody has verified: only to find out whose key to
 * verify with.  Its structure and header are judged as above, but for typ. */
struct jws_head {
	const char *alg;
	const char *typ, *kid; /* NULL where absent */
	const char *jwk;       /* JSON, or NULL */
	struct bytes payload;
};
ERR_FN jws_peek(struct ctx *cx, const char *compact, struct jws_head *out);

/* The same for other algs than ES256 (codec/jwks); algs ends with NULL. */
ERR_FN jws_peek_any(struct ctx *cx, const char *compact,
    const char *const *algs, struct jws_head *out);

/* What is to be signed: header (alg ES256, typ, and kid unless NULL) and
 * payload, joined. */
const char *jws_input(
    struct ctx *cx, const char *typ, const char *kid, struct bytes payload);

/* The compact JWS of an input and its signature, r and s in 64 bytes. */
const char *jws_join(struct ctx *cx, const char *input, struct bytes sig_rs64);

#endif
