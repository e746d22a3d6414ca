/*
 * COSE messages that are signed or have a MAC (RFC 9052 sections 4 and 6).
 * Stricter than that: the payload stands in the message, the algorithm in the
 * protected header (what vouches for the message must not be chosen by who
 * changed it on the way), and parameters that must be understood are.  What
 * is covered by a signature is built here; pki/cose_sig verifies it.
 */
#ifndef CODEC_COSE_H
#define CODEC_COSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"

enum cose_kind { COSE_SIGN1, COSE_MAC0, COSE_SIGN };

/* What may stand around a message; tagged as its kind and no more: 0. */
#define COSE_UNTAGGED_OK 1U /* the tag of its kind may be missing */
#define COSE_CWT_OK 2U      /* tag 61 may be around it (RFC 8392 section 6) */
#define COSE_MAC0_OK 4U     /* by its tag it may be a COSE_Mac0 instead */

/* The headers of one signer and what it left. */
struct cose_signer {
	struct bytes protected; /* map as received; empty: no parameters */
	int64_t alg;            /* 0: the body of a COSE_Sign has none */
	struct bytes kid;       /* or empty */
	struct bytes x5chain[LIMIT_CHAIN]; /* RFC 9360, leaf first, or none */
	size_t n_x5chain;
	bool x5chain_protected;
	struct bytes signature; /* or tag */
};

/* Slices borrow from the message. */
struct cose {
	enum cose_kind kind;
	struct cose_signer body; /* the one signer but of COSE_Sign */
	struct bytes payload;
	struct cose_signer signer[LIMIT_COSE_SIGNERS]; /* of COSE_Sign */
	size_t n_signers;
};

extern const struct err ERR_BAD_COSE; /* bad-cose, INVALID */

/* Reads one message of that kind.  Nothing is verified. */
ERR_FN cose_read(struct ctx *cx, struct bytes in, enum cose_kind kind,
    unsigned flags, struct cose *out);

/* What the signer's signature or MAC covers (sections 4.4 and 6.3), in the
 * arena: s is c->body, or one of a COSE_Sign. */
struct bytes cose_covered(struct ctx *cx, const struct cose *c,
    const struct cose_signer *s, struct bytes external);

#endif
