/*
 * simplereenroll (RFC 7030 section 4.2.2): the one successor of a
 * certificate (SECURITY.md A9).  Subject and names stay as they are; the
 * certificate's label says when it may be renewed and to which key.
 */
#ifndef DOMAIN_REENROLL_H
#define DOMAIN_REENROLL_H

#include "domain/caller.h"
#include "domain/certify.h"

struct reenroll_in {
	struct bytes csr_der;
	struct bytes binding; /* of the connection (domain/link) */
	const char *handle;   /* of evidence for a renewal, or NULL */
};

/* For a judged device, from the certificate that authenticated it.  Evidence
 * that comes with the request is judged before anything is issued. */
ERR_FN reenroll_device(struct ctx *cx, const struct device_caller *device,
    const struct reenroll_in *in, struct est_out *out);

/* For the device that the request names, from its newest certificate, by a
 * registration authority (A13): in place of the device's own asking, never
 * of its owner's yes or its state. */
ERR_FN reenroll_by_ra(struct ctx *cx, const struct ra_caller *ra,
    struct bytes csr_der, struct est_out *out);

#endif
