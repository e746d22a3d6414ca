/*
 * Revocation in Matter's device attestation (Core Specification 1.3, section
 * 6.2.4): by lists of the issuer itself, or indirect ones of whoever it gave
 * a certificate for that.  Certificates name no distribution points there,
 * the ledger does; so which lists there are is for whoever asks.
 */
#ifndef PKI_MATTER_CRL_H
#define PKI_MATTER_CRL_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "pki/crl.h"
#include "pki/matter_cert.h"

/* The lists, and who may sign in place of an issuer, read once. */
struct matter_lists {
	struct crl crl[LIMIT_CRLS];
	size_t n;
	struct path_cert signer[LIMIT_CRLS];
	size_t n_signers;
};

enum matter_revoked {
	MATTER_NOT_LISTED, /* and a current list of its issuer is there */
	MATTER_NO_LIST,
	MATTER_REVOKED,
};

/* Adds one, borrowed; what cannot be read, or is one too many, refuses. */
ERR_FN
matter_lists_add(struct ctx *cx, struct matter_lists *l, struct bytes crl);
ERR_FN matter_lists_add_signer(
    struct ctx *cx, struct matter_lists *l, struct bytes cert);

/* What the lists say of c, which ca[0] issued; ca holds all above it, n of
 * them. */
enum matter_revoked matter_lists_ask(struct ctx *cx,
    const struct matter_lists *l, const struct matter_cert *c,
    const struct matter_cert *const ca[], size_t n);

#endif
