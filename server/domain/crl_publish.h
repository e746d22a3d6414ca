/*
 * The revocation lists of our own CAs (RFC 5280 section 5), kept ready in
 * memory: a thread of the lowest priority reads the feed, merges what is new
 * into what it knows, signs, and puts the new list in the place of the old
 * one.  A list is made anew long before its nextUpdate, and without what had
 * expired by the one before.
 */
#ifndef DOMAIN_CRL_PUBLISH_H
#define DOMAIN_CRL_PUBLISH_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct crl_publish;
struct svc;

struct crl_publish *
crl_publish_start(const struct svc *svc, const char *conninfo);
/* Stops the thread and waits for its end. */
void crl_publish_stop(struct crl_publish *p);

struct crl_list {
	struct bytes der; /* good as long as the request */
	int64_t this_update, next_update;
	const char *etag;
};

/* The list of the CA of that name, without waiting.  ERR_NOT_FOUND for no CA
 * of ours, ERR_CRL_NOT_READY while there is none that is current. */
extern const struct err ERR_CRL_NOT_READY; /* crl-not-ready, UNAVAILABLE */
ERR_FN
crl_publish_get(struct ctx *cx, const char *issuer, struct crl_list *out);

#endif
