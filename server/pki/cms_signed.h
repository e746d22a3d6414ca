/*
 * A small signed message: CMS SignedData (RFC 5652 section 5) of version 3
 * with its content inside, one signer named by key identifier, SHA-256 and
 * ECDSA, no certificates and no signed attributes, as certification
 * declarations of Matter are (Core Specification 1.3, section 6.3.1).
 */
#ifndef PKI_CMS_SIGNED_H
#define PKI_CMS_SIGNED_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* Slices of what was parsed. */
struct cms_signed {
	struct bytes content;
	struct bytes key_id;    /* of the signer */
	struct bytes signature; /* DER */
};

extern const struct err ERR_CMS_SIGNED; /* bad-signed-data, INVALID */

ERR_FN
cms_signed_parse(struct ctx *cx, struct bytes der, struct cms_signed *out);

/* Whether the P-256 key (SPKI, DER) signed it. */
bool cms_signed_by(const struct cms_signed *s, struct bytes spki);

#endif
