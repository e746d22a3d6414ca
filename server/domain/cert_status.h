/*
 * What an operator is told of one certificate by its serial number: more than
 * OCSP says (domain/ocsp), so for operators alone.
 */
#ifndef DOMAIN_CERT_STATUS_H
#define DOMAIN_CERT_STATUS_H

#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"

struct cert_status {
	const char *serial;    /* hex, lower case */
	const char *state;     /* good, revoked, expired */
	const char *device_id; /* NULL: a service's, or not known */
	int64_t not_after;     /* seconds; 0: not known */
	int64_t revoked_at;    /* 0: not revoked */
	const char *reason;    /* the feed's word; NULL: not revoked */
};

/* ERR_NOT_FOUND for what was neither issued here nor refused. */
ERR_FN
cert_status_get(struct ctx *cx, const char *serial, struct cert_status *out);

#endif
