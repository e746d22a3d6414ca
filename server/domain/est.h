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

/* The CA certificates, as certs-only CMS: issuing CA and root. */
ERR_FN est_cacerts(struct ctx *cx, struct bytes *cms);

#endif
