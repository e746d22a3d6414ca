/*
 * Who a certificate of our own issuing CA says its holder is (SECURITY.md
 * R7).  Pure: says nothing of validity, revocation or who signed, which
 * chain_verify and the feed decide.
 */
#ifndef PKI_IDENTITY_H
#define PKI_IDENTITY_H

#include "base/ctx.h"
#include "base/err.h"
#include "pki/cert.h"

enum identity_kind { IDENTITY_DEVICE, IDENTITY_SERVICE };

struct identity {
	enum identity_kind kind;
	char id[64]; /* device UUID, or service name */
};

extern const struct err ERR_BAD_IDENTITY; /* bad-identity, FORBIDDEN */

/* A device: exactly one URI SAN urn:uuid:<id>, id lower case and equal to
 * the CN, clientAuth and no other purpose, no CA.  A service: the same with
 * urn:latchkey:service:<name>, and with cmcRA if it renews for devices.  Else
 * refused.  Our CA issues no other kind with these names, so they are the
 * profile; a policy OID beside them would need an arc of our own, and the UUID
 * arc is not readable everywhere. */
ERR_FN
identity_parse(struct ctx *cx, const struct cert *c, struct identity *out);

#endif
