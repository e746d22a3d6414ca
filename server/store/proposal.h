/*
 * What one operator proposes and another has to confirm (SECURITY.md H4).
 * The service's role can decide on a row and cannot change what it says.
 */
#ifndef STORE_PROPOSAL_H
#define STORE_PROPOSAL_H

#include "store/db.h"

#define PROPOSALS_LISTED 100

struct proposal {
	const char *id, *token_id, *operator; /* who proposed it */
	const char *method, *path;
	struct bytes sealed; /* the body */
	struct bytes sha256; /* of method, path and body */
	const char *summary;
	const char *state; /* pending, confirmed, withdrawn, expired */
	int64_t created_at, expires_at;
	int64_t decided_at;     /* 0: not */
	const char *decided_by; /* token, or NULL */
};

extern const struct stmt *const proposal_stmts[];

/* Until the end of the transaction nobody else adds one; those whose time is
 * over have ended. */
ERR_FN proposal_lock(struct ctx *cx);

/* The pending one of the same content by the same token; NULL: none. */
ERR_FN
proposal_same(struct ctx *cx, const struct proposal *p, const char **id);

/* How many of the token's operator are pending, by whatever token. */
ERR_FN proposal_pending(struct ctx *cx, const char *token_id, int64_t *n);

/* Adds it with its event. */
ERR_FN proposal_add(struct ctx *cx, const struct proposal *p);

/* ERR_NOT_FOUND. */
ERR_FN proposal_get(struct ctx *cx, const char *id, struct proposal *out);

/* The newest, PROPOSALS_LISTED at most. */
ERR_FN proposal_list(struct ctx *cx, struct proposal **out, size_t *n);

/* Ends a pending one, once, with its event.  To confirm, both tokens have to
 * live still; events of the transaction then carry the second token's id. */
ERR_FN proposal_confirm(
    struct ctx *cx, const char *id, const char *token_id, bool *changed);
ERR_FN proposal_withdraw(
    struct ctx *cx, const char *id, const char *token_id, bool *changed);

#endif
