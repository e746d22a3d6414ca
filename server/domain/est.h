/*
 * Enrollment over Secure Transport (RFC 7030, 8951): who may get which
 * certificate.  A repeat of a request whose answer was lost gets the same
 * certificate, after all checks (SECURITY.md A9).
 */
#ifndef DOMAIN_EST_H
#define DOMAIN_EST_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

struct est_out {
	struct bytes cms; /* certs-only, DER; empty: not yet (202) */
	int retry_after;  /* seconds, with a 202 */
};

/* The CA certificates, as certs-only CMS: issuing CA and root. */
ERR_FN est_cacerts(struct ctx *cx, struct bytes *cms);

/* simpleenroll for a judged unit, with the enroll token (bearer) or on the
 * strength of its owner's approval of (unit, key) alone. */
ERR_FN est_enroll(struct ctx *cx, const struct unit *unit, const char *bearer,
    struct bytes csr_der, struct est_out *out);

/* simplereenroll for a judged device: the one successor of the certificate
 * that authenticated it. */
ERR_FN est_reenroll(struct ctx *cx, const struct device_caller *device,
    struct bytes csr_der, struct est_out *out);

#endif
