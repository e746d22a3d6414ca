/*
 * What we trust of a manufacturer (SECURITY.md A11): CA certificates, signers'
 * keys and secrets, each with how far it goes and for how long, and the
 * revocation lists of those CAs.  Every change is idempotent and writes an
 * event with the token's id in the same commit.
 */
#ifndef DOMAIN_TRUST_H
#define DOMAIN_TRUST_H

#include "domain/caller.h"
#include "store/registry.h"

extern const struct err ERR_ANCHOR_SHARED; /* KIND_CONFLICT */

struct anchor_in {
	const char *manufacturer_id;
	/* One of these: a CA's or the bare key of a signer, PEM; or what units
	 * and we share for MACs. */
	const char *certificate, *public_key;
	struct bytes secret;
	bool in_hardware; /* so the maker says of its units' keys */
	/* What else than a CA's the certificate is: declaration (of who signs
	 * Matter's), crl_signer; or NULL. */
	const char *kind;
	const char *intermediate;        /* PEM, or NULL: scope (A11) */
	int64_t vendor_id;               /* of Matter: scope; 0: none */
	struct bytes key_id;             /* of a key, as evidence names it */
	int64_t valid_from, valid_until; /* 0: no bound of ours */
};

/* The same certificate and scope again gives the same anchor. */
ERR_FN trust_add_anchor(struct ctx *cx, const struct admin_caller *by,
    const struct anchor_in *in, struct anchor *out, bool *created);
ERR_FN trust_list_anchors(struct ctx *cx, const char *manufacturer_id,
    struct anchor **out, size_t *n);
/* A certificate or a public key; NULL for a secret. */
const char *trust_anchor_pem(struct ctx *cx, const struct anchor *a);
/* A stored secret, for the verdict at hand; ERR_INTERNAL if the service's MAC
 * key is another one by now. */
ERR_FN trust_open_secret(struct ctx *cx, const char *manufacturer_id,
    struct bytes sealed, struct bytes *secret);
ERR_FN trust_delete_anchor(struct ctx *cx, const struct admin_caller *by,
    const char *manufacturer_id, const char *id);

#endif
