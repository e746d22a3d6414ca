/*
 * Where revocation lists are fetched, and how the last fetch went.
 */
#ifndef STORE_CRL_SOURCE_H
#define STORE_CRL_SOURCE_H

#include "store/db.h"

struct crl_source {
	const char *id, *manufacturer_id, *url;
	const char *issuer;            /* PEM, or NULL */
	int64_t every;                 /* seconds */
	int64_t fetched_at, failed_at; /* the last of each; 0: never */
	const char *failure; /* of the last fetch; NULL: it was good */
};

extern const struct stmt *const crl_source_stmts[];

/* Adds or changes; the present row is in out. */
ERR_FN crl_source_put(struct ctx *cx, const struct crl_source *in,
    struct crl_source *out, bool *created);
ERR_FN crl_source_list(struct ctx *cx, const char *manufacturer_id,
    struct crl_source **out, size_t *n);
/* ERR_NOT_FOUND. */
ERR_FN
crl_source_delete(struct ctx *cx, const char *manufacturer_id, const char *id);

/* Takes a source that is due at cx->now and puts its next time ahead, so that
 * no other node takes it; *found false: none is. */
ERR_FN crl_source_take(struct ctx *cx, struct crl_source *out, bool *found);

/* How a fetch went: failure NULL is well.  After one that did not, the next
 * is tried within retry seconds. */
ERR_FN crl_source_done(
    struct ctx *cx, const char *id, const char *failure, int64_t retry);

#endif
