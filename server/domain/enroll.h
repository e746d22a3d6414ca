/*
 * simpleenroll (RFC 7030 section 4.2): who may get a first certificate.  A
 * repeat of a request whose answer was lost gets the same certificate, after
 * all checks (SECURITY.md A9).
 */
#ifndef DOMAIN_ENROLL_H
#define DOMAIN_ENROLL_H

#include "domain/caller.h"
#include "domain/certify.h"

/* For a judged unit, with the enroll token (bearer) or on the strength of
 * its owner's approval of (unit, key) alone. */
ERR_FN enroll_unit(struct ctx *cx, const struct unit *unit, const char *bearer,
    struct bytes csr_der, struct est_out *out);

#endif
