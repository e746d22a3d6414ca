/*
 * The lists that one CA publishes (RFC 5280 section 5): the complete one, and
 * where relying parties know our URL a delta of it and one list for each day
 * on which certificates expire, which stays short.  One thread notes and
 * makes; any may take what is ready.
 */
#ifndef DOMAIN_CRL_SET_H
#define DOMAIN_CRL_SET_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "pki/crl_sign.h"

#define CRL_TAG_BYTES 8

struct crl_set;
struct signer;

/* One signed list, which lives until nobody sends it any more. */
struct crl_made {
	atomic_uint refs;
	struct bytes der, gz; /* gz: compressed, or empty */
	int64_t this_update, next_update;
	uint8_t tag[CRL_TAG_BYTES];
};

/* Lists that are good for lifetime seconds; url is what their URLs begin
 * with, or NULL: the complete list alone.  Both are borrowed. */
struct crl_set *
crl_set_new(const struct signer *ca, int64_t lifetime, const char *url);
void crl_set_free(struct crl_set *l);
AUTO_STRUCT_DEFINE(crl_set, crl_set_free);

/* Notes a certificate that is revoked, for the next lists. */
void crl_set_note(struct crl_set *l, const struct crl_revoked *one);

/* Makes the lists that changed or are due, the complete one last: how many
 * entries that has, or -1 if there was nothing to do. */
int64_t crl_set_make(struct crl_set *l, int64_t now);

enum crl_kind { CRL_COMPLETE, CRL_DELTA, CRL_DAY };

/* The list, of CRL_DAY for certificates that expire on that day since 1970;
 * NULL if there is none.  The caller drops it. */
struct crl_made *
crl_set_get1(struct crl_set *l, enum crl_kind kind, int64_t day);
void crl_made_drop(void *made);

#endif
