/*
 * Operators' tokens: the service reads them, the command adds and withdraws
 * them with the migrator's role.
 */
#ifndef STORE_ADMIN_TOKEN_H
#define STORE_ADMIN_TOKEN_H

#include "store/db.h"

/* However it was made, a token ends after a year (H4). */
#define ADMIN_TOKEN_SECONDS (365 * (int64_t)86400)

struct admin_token {
	const char *id, *name;
	const char *scopes; /* separated by single spaces */
	uint8_t mac[32];
	struct bytes cert_sha256; /* bound to; empty: to none */
	int64_t created_at, expires_at;
	int64_t withdrawn_at; /* 0: not */
};

extern const struct stmt *const admin_token_stmts[];      /* the service's */
extern const struct stmt *const admin_token_tool_stmts[]; /* the command's */

/* ERR_NOT_FOUND. */
ERR_FN admin_token_get(struct ctx *cx, const char *id, struct admin_token *out);

/* Each with its event, in one statement. */
ERR_FN admin_token_add(struct ctx *cx, const struct admin_token *t);
/* ERR_NOT_FOUND; withdrawing again changes nothing. */
ERR_FN admin_token_withdraw(struct ctx *cx, const char *id);
ERR_FN admin_token_list(struct ctx *cx, struct admin_token **out, size_t *n);

/* Whether the scopes of a token to be made are ones we know: metrics, read,
 * registry, revoke, lift, keys, tokens in any number, or manufacturer:<id>
 * alone. */
bool admin_token_scopes_valid(const char *scopes);

#endif
