/*
 * Proofs that the caller holds a key, one a request (RFC 9449).  ES256 alone;
 * a nonce of ours is always asked for, so that nobody makes proofs ahead, and
 * each proof counts once.
 */
#ifndef DOMAIN_DPOP_H
#define DOMAIN_DPOP_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

#define DPOP_AHEAD 30 /* seconds that a proof may be from the future */

/* Both UNAUTHENTICATED, which the token endpoint answers with 400. */
extern const struct err ERR_INVALID_DPOP_PROOF;
extern const struct err ERR_USE_DPOP_NONCE; /* again, with our nonce */

/* What a proof is to be for. */
struct dpop_request {
	const char *method;
	const char *url;          /* as it was called; its query is ignored */
	const char *access_token; /* it comes with, or NULL */
	int64_t now, window;      /* seconds that a proof may be old */
};

struct dpop_proof {
	uint8_t jkt[32]; /* the thumbprint of its key */
	const char *jti;
	const char *nonce; /* or NULL */
};

/* RFC 9449 section 4.3, but for nonce and replay.  Pure. */
ERR_FN dpop_read(struct ctx *cx, const char *proof,
    const struct dpop_request *rq, struct dpop_proof *out);

/* All but replay, for a request to a path of ours. */
struct dpop_call {
	const char *proof, *method, *path;
	const char *access_token; /* or NULL */
};
ERR_FN
dpop_judge(
    struct ctx *cx, const struct dpop_call *call, struct dpop_proof *out);

/* Uses the proof up; one that was used before is refused, and an event.  To
 * be called once nothing else speaks against the request: anybody can make a
 * key, and what is stored of its proofs stays for minutes. */
ERR_FN dpop_use(struct ctx *cx, const struct dpop_proof *p);

/* What the next proof is to carry. */
const char *dpop_nonce(struct ctx *cx);

#endif
