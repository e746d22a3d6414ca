/*
 * Makes the certificates that the service issues.  Names and extensions come
 * from the profile and the id alone, never from a request (RFC 7030 section
 * 4.2.1 leaves them to the server).
 */
#ifndef PKI_ISSUE_H
#define PKI_ISSUE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct profile;
struct signer;

struct issue {
	const struct profile *profile;
	struct bytes spki;
	const char *id;         /* device UUID, service name; else NULL */
	const char *const *dns; /* server: names and IP addresses, NULL ends */
	int64_t now;            /* seconds; notBefore is backdated from it */
	int64_t earliest;       /* notBefore is no earlier */
	bool ra; /* a service's alone: with cmcRA (RFC 6402 section 2.10) */
	/* What templates of the profile name; NULL if unknown. */
	const char *model, *manufacturer, *unit_serial;

	/* Filled, in the arena: */
	struct bytes serial; /* 16 random bytes, first one 01 to 7f */
	struct bytes der;
	int64_t not_before, not_after;
};

extern const struct err ERR_CA_EXPIRED; /* ca-expired, UNAVAILABLE */

/* Signs one certificate for a key that csr_parse accepted.  notAfter is never
 * beyond the CA's; a CA that has expired signs nothing. */
ERR_FN
issue_certificate(struct ctx *cx, const struct signer *s, struct issue *io);

#endif
