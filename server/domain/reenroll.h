/*
 * simplereenroll (RFC 7030 section 4.2.2): the one successor of a
 * certificate (SECURITY.md A9).
 */
#ifndef DOMAIN_REENROLL_H
#define DOMAIN_REENROLL_H

#include "domain/caller.h"
#include "domain/certify.h"

/* For a judged device, from the certificate that authenticated it. */
ERR_FN reenroll_device(struct ctx *cx, const struct device_caller *device,
    struct bytes csr_der, struct est_out *out);

#endif
