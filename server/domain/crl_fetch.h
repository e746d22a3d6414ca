/*
 * Revocation lists that are fetched on a schedule: a task of each node
 * takes the next source that is due, so that nodes share the work.  A list
 * that was fetched passes every check of one that was handed in.
 */
#ifndef DOMAIN_CRL_FETCH_H
#define DOMAIN_CRL_FETCH_H

#include "domain/caller.h"
#include "domain/task.h"
#include "store/crl_source.h"

extern const struct task_kind CRL_FETCHER;

struct crl_source_in {
	const char *manufacturer_id, *url;
	int64_t every;      /* seconds; 0: an hour */
	const char *issuer; /* PEM of the CA below an anchor, or NULL */
};

/* Adds or changes the source of this URL, which is fetched at once. */
ERR_FN crl_source_set(struct ctx *cx, const struct admin_caller *by,
    const struct crl_source_in *in, struct crl_source *out, bool *created);
ERR_FN crl_sources(struct ctx *cx, const char *manufacturer_id,
    struct crl_source **out, size_t *n);
ERR_FN crl_source_remove(struct ctx *cx, const struct admin_caller *by,
    const char *manufacturer_id, const char *id);

#endif
