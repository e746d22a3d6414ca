/*
 * Certs-only CMS (degenerate SignedData, RFC 5652 section 5, RFC 5272 section
 * 4.1): how EST carries certificates (RFC 7030 sections 4.1.3 and 4.2.3).
 */
#ifndef PKI_CMS_H
#define PKI_CMS_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

extern const struct err ERR_BAD_CMS; /* bad-cms, INVALID */

/* Packs certificates in the given order; the DER is in the arena. */
ERR_FN cms_certs_only(
    struct ctx *cx, const struct bytes *ders, size_t n, struct bytes *out);

/* Unpacks at most max certificates into the arena; trailing bytes, signers
 * and content are refused. */
ERR_FN cms_read_certs(struct ctx *cx, struct bytes der, struct bytes *ders,
    size_t max, size_t *n);

#endif
