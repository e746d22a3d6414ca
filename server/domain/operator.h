/*
 * Operators' tokens at each call (SECURITY.md H4): ours by their keyed
 * check, known, not withdrawn, not expired, and with the scope the route
 * asks for.
 */
#ifndef DOMAIN_OPERATOR_H
#define DOMAIN_OPERATOR_H

#include "domain/caller.h"

extern const struct err ERR_ADMIN_TOKEN; /* KIND_UNAUTHENTICATED */
extern const struct err ERR_ADMIN_SCOPE; /* KIND_FORBIDDEN */

/* Whether the token's own check is right: no database. */
bool operator_token_is_ours(struct ctx *cx, const char *token);

/* Judges the token and that it holds one of the scopes.  Any scope but
 * metrics and manufacturer:<id> implies read; registry implies import. */
ERR_FN operator_judge(struct ctx *cx, const char *token, unsigned scope,
    struct admin_caller *out);

#endif
