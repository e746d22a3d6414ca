/*
 * Certification paths (RFC 5280 section 6): found among what a sender gave
 * and we know, and judged by rules that say what the situation asks.  The
 * chains of every request go through pki/chain, which is quicker and knows
 * less; evidence, revocation and chains from elsewhere come here.
 */
#ifndef PKI_PATH_H
#define PKI_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"
#include "pki/chain.h"
#include "pki/crl.h"
#include "pki/name_rules.h"
#include "pki/path_cert.h"
#include "pki/path_policy.h"

enum path_crl {
	PATH_CRL_NONE,  /* revocation is not asked */
	PATH_CRL_KNOWN, /* what lists say counts; there need be none */
	PATH_CRL_NEEDED /* each certificate needs a current list */
};

/* All off and empty asks what section 6.1 does, for any purpose, with an
 * anchor that is a name and a key (section 6.1.1 (d)). */
struct path_rules {
	struct bytes purpose; /* of extKeyUsage, OID content; empty: any */
	bool purpose_strict;  /* it stands in the leaf, with none of other kinds
				 beside it, and in every CA; no
				 anyExtendedKeyUsage */
	unsigned key_usage;   /* bits the leaf must have, if it has any */
	const char *host;     /* the peer's name, or NULL */
	bool profile;         /* what section 4 asks of issuers, too */
	bool pedantic; /* also of an anchor that is no root: who signed it */
	bool anchor_rules;   /* the anchor's extensions count (RFC 5937) */
	bool anchor_is_ca;   /* then basicConstraints must stand in it */
	bool anchor_expires; /* its validity counts */
	bool weak;           /* as in pki/signed */
	bool depth_limited;
	size_t depth; /* CAs between anchor and leaf, self-issued ones apart */
	enum path_crl crl;
	struct policy_input policy;
};

struct path_anchor {
	struct bytes der;
	bool issues;      /* certificates */
	bool is_leaf;     /* the leaf may be the anchor itself */
	bool self_signed; /* then it must be signed by its own key */
	/* SHA-256 of an SPKI: a CA of the path below the anchor has that key
	 * (SECURITY.md A11); or empty. */
	struct bytes scope;
};

/* What a path is made of.  What cannot be read of anchors and pool is passed
 * over; a list that cannot be read refuses. */
struct path_input {
	struct bytes leaf;
	const struct path_anchor *anchor;
	size_t n_anchors;
	const struct bytes *pool; /* further certificates, in any order */
	size_t n_pool;            /* at most LIMIT_PATH_POOL */
	const struct bytes *crl;
	size_t n_crls; /* at most LIMIT_CRLS */
};

/* Leaf first, anchor last; one certificate if the leaf is the anchor.
 * Slices borrow from the input, the rest is in the arena. */
struct path {
	const struct path_cert *cert[LIMIT_PATH_CERTS];
	size_t n;
};

extern const struct err ERR_PATH_PROFILE; /* against section 4 */

/* Finds a path at cx->now that all rules accept.  If there is none, the
 * refusal is the first one of a path that led to an anchor. */
ERR_FN path_validate(struct ctx *cx, const struct path_input *in,
    const struct path_rules *rules, struct path *out);

#endif
