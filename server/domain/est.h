/*
 * What Enrollment over Secure Transport (RFC 7030, 8951) tells anyone: the CA
 * certificates.  Who may get which certificate is in domain/enroll and
 * domain/reenroll.
 */
#ifndef DOMAIN_EST_H
#define DOMAIN_EST_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct est_cacerts {
	struct bytes cms;
	const char *etag; /* with its quotes */
};

/* The CA certificates, as certs-only CMS: the issuing CA of the label (NULL:
 * the main one) and the root. */
ERR_FN
est_cacerts(struct ctx *cx, const char *label, struct est_cacerts *out);

#endif
