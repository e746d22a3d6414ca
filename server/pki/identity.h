/*
 * Who a certificate of our own issuing CA says its holder is (SECURITY.md
 * R7).  Pure: says nothing of validity, revocation or who signed, which
 * chain_verify and the feed decide.
 */
#ifndef PKI_IDENTITY_H
#define PKI_IDENTITY_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/err.h"
#include "pki/cert.h"

enum identity_kind { IDENTITY_DEVICE, IDENTITY_SERVICE };

/* A device's URI is one of the first two, a service's the third. */
#define IDENTITY_DEVICE_URI "urn:uuid:"
#define IDENTITY_SPIFFE_URI "spiffe://" /* trust domain, path, id */
#define IDENTITY_SPIFFE_PATH "/device/"
#define IDENTITY_SERVICE_URI "urn:latchkey:service:"
#define IDENTITY_DOMAIN_BYTES 128

struct identity {
	enum identity_kind kind;
	char id[64]; /* device UUID, or service name */
	/* The trust domain of a SPIFFE id; empty for a URN. */
	char trust_domain[IDENTITY_DOMAIN_BYTES];
};

extern const struct err ERR_BAD_IDENTITY; /* bad-identity, FORBIDDEN */

/* Whether it may be a trust domain (SPIFFE-ID section 2.1): lower-case
 * letters, digits and ".-_", shorter than IDENTITY_DOMAIN_BYTES. */
bool identity_domain_ok(const char *name);

/* A device: exactly one URI SAN, urn:uuid:<id> or
 * spiffe://<trust_domain>/device/<id>, id lower case and equal to the one CN,
 * clientAuth, no CA.  Beside them may stand what labels add: DNS names, more
 * of the subject, purposes other than serverAuth, cmcRA and any.  A SPIFFE id
 * of another trust domain is refused, as is every one where trust_domain is
 * empty.  A service: urn:latchkey:service:<name> as the only name, clientAuth
 * alone, or with cmcRA if it renews for devices.  Our CA issues no other kind
 * with these names, so they are the profile; a policy OID beside them would
 * need an arc of our own, and the UUID arc is not readable everywhere. */
ERR_FN identity_parse(struct ctx *cx, const struct cert *c,
    const char *trust_domain, struct identity *out);

#endif
