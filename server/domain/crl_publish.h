/*
 * The revocation lists of our own CAs (RFC 5280 section 5), kept ready in
 * memory: a task of the lowest priority reads the feed, merges what is new
 * into what it knows, signs, and puts the new lists in the place of the old
 * ones.  Lists are made anew long before their nextUpdate, and without what
 * had expired by the ones before.
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
/* Stops the task and waits for its end. */
void crl_publish_stop(struct crl_publish *p);

struct crl_list {
	struct bytes bytes; /* good as long as the request */
	bool gzip;          /* they are compressed */
	int64_t this_update, next_update;
	const char *etag;
};

/* When the complete list of the CA of that index was made, and until when it
 * is good; 0 both while there is none. */
void crl_publish_times(
    const struct crl_publish *p, size_t i, int64_t *made, int64_t *next);

/* A list of the CA of that name, without waiting: the complete one (NULL),
 * "delta", or that of certificates that expire on a day, "2026-11-28";
 * compressed if that is asked for and worth it.  ERR_NOT_FOUND for no CA or
 * no list of ours, ERR_CRL_NOT_READY while there is none that is current. */
extern const struct err ERR_CRL_NOT_READY; /* crl-not-ready, UNAVAILABLE */
ERR_FN
crl_publish_get(struct ctx *cx, const char *issuer, const char *list, bool gzip,
    struct crl_list *out);

#endif
