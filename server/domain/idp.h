/*
 * The platform's own identity provider: an OpenID issuer whose access tokens
 * (RFC 9068) are accepted for owners' calls, beside our own.  Its keys are
 * fetched by a thread of their own, again each hour, and when a token names a
 * key that is not known, but not more often than twice a minute, so that no
 * worker ever waits for another's server and no sender of tokens can make us
 * ask it at will.
 */
#ifndef DOMAIN_IDP_H
#define DOMAIN_IDP_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/err.h"
#include "domain/access.h"

struct idp;
struct svc;

/* NULL where none is configured. */
struct idp *idp_start(const struct svc *svc);
void idp_stop(struct idp *idp);

/* What a token of it says; the parts that are not judged here. */
struct idp_claims {
	const char *sub;
	const char *scope; /* "" where absent */
	struct access_cnf cnf;
	const char *acr;   /* or NULL */
	int64_t auth_time; /* 0: not said */
};

/* Whether the token says that it is this issuer's. */
bool idp_is_issuer(struct ctx *cx, const char *token);

/* RFC 9068 section 4: typ, issuer, audience, times, and a signature by one of
 * its keys.  ERR_ACCESS_TOKEN; KIND_UNAVAILABLE while a key that is not known
 * is looked for. */
ERR_FN
idp_judge(struct ctx *cx, const char *token, struct idp_claims *out);

/* Whether the sign-in is fresh and strong enough for an owner's decision (RFC
 * 9470, SECURITY.md A7). */
bool idp_has_stepped_up(struct ctx *cx, const struct idp_claims *c);

#endif
