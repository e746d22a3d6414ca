/*
 * The platform's own broker clients: what they may publish and subscribe,
 * and their certificates, of a profile of their own that EST never issues
 * (SECURITY.md R7).  A withdrawn service's name is never used again.
 */
#ifndef DOMAIN_SERVICE_H
#define DOMAIN_SERVICE_H

#include "domain/caller.h"
#include "store/service.h"

extern const struct err ERR_SERVICE;      /* KIND_INVALID "bad-service" */
extern const struct err ERR_SERVICE_GONE; /* KIND_CONFLICT */
extern const struct err ERR_SERVICE_KEY;  /* KIND_CONFLICT */

/* Adds the service or replaces its topics. */
ERR_FN service_set(struct ctx *cx, const struct admin_caller *by,
    const struct service *in, bool *created);

struct service_issued {
	const char *certificate, *chain; /* PEM */
};

/* Issues a certificate for the CSR's key. */
ERR_FN service_issue(struct ctx *cx, const struct admin_caller *by,
    const char *name, struct bytes csr_der, struct service_issued *out);

/* Withdraws it: refused everywhere, sessions cut.  Again: no change. */
ERR_FN
service_remove(struct ctx *cx, const struct admin_caller *by, const char *name);

/* At most so many after the name, or from the first. */
ERR_FN service_page(struct ctx *cx, const char *after, int64_t limit,
    struct service **out, size_t *n);

#endif
