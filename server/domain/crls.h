/*
 * What makers' CAs revoked (RFC 5280 section 5): lists that an operator hands
 * in, or names a place for (domain/crl_fetch).  A list counts for the units of
 * its manufacturer alone, is signed by one of that maker's anchors or by a CA
 * below one, and never makes place for an older one.
 */
#ifndef DOMAIN_CRLS_H
#define DOMAIN_CRLS_H

#include "domain/caller.h"
#include "store/crl.h"

extern const struct err ERR_CRL_SIGNER; /* KIND_INVALID "crl-signer" */
extern const struct err ERR_CRL_OLD;    /* KIND_CONFLICT "crl-old" */

struct crl_in {
	const char *manufacturer_id;
	const char *crl;    /* PEM, or NULL */
	struct bytes der;   /* then this, or PEM as some serve it */
	const char *url;    /* where it was fetched, or NULL */
	const char *issuer; /* PEM of the CA below an anchor, or NULL */
};

/* Reads, verifies and stores a list; the same again is *created false. */
ERR_FN crls_add(struct ctx *cx, const struct admin_caller *by,
    const struct crl_in *in, struct crl_row *out, bool *created);

ERR_FN crls_list(struct ctx *cx, const char *manufacturer_id,
    struct crl_row **out, size_t *n);
ERR_FN crls_sum_up(struct ctx *cx, struct crl_sums *out);
ERR_FN crls_delete(struct ctx *cx, const struct admin_caller *by,
    const char *manufacturer_id, const char *id);

#endif
