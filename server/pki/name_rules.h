/*
 * Name constraints (RFC 5280 section 4.2.1.10) and the name of a TLS peer
 * (RFC 6125, RFC 9525).
 */
#ifndef PKI_NAME_RULES_H
#define PKI_NAME_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "base/err.h"
#include "pki/path_cert.h"

extern const struct err ERR_PATH_NAMES; /* path-names, FORBIDDEN */

/* Whether the extension is well-formed: no minimum or maximum, each base a
 * name that could be compared with. */
ERR_FN name_rules_check(struct ctx *cx, struct bytes constraints);

/* Whether all names of a certificate are within the constraints of its
 * issuers, each checked before.  *budget counts comparisons down, so that
 * many names under many constraints end. */
ERR_FN name_rules_apply(struct ctx *cx, const struct bytes *constraints,
    size_t n, const struct path_cert *c, size_t *budget);

/* Whether a name in the subjectAltName is the host: an address in text as
 * iPAddress, anything else as dNSName, whose whole first label may be a
 * star (RFC 9525 section 6.3). */
bool name_rules_host(const struct path_cert *c, const char *host);

#endif
