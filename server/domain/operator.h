/*
 * Operators' tokens at each call (SECURITY.md H4): ours by their keyed
 * check, known, not withdrawn, not expired, shown over TLS with the very
 * certificate that they are bound to (RFC 8705 section 3: whose, and who
 * signed it, is of no matter), and with the scope the route asks for.
 */
#ifndef DOMAIN_OPERATOR_H
#define DOMAIN_OPERATOR_H

#include "domain/caller.h"

extern const struct err ERR_ADMIN_TOKEN;   /* KIND_UNAUTHENTICATED */
extern const struct err ERR_ADMIN_BINDING; /* KIND_UNAUTHENTICATED */
extern const struct err ERR_ADMIN_SCOPE;   /* KIND_FORBIDDEN */

/* Whether the token's own check is right: no database. */
bool operator_token_is_ours(struct ctx *cx, const char *token);

/* Judges the token and that it holds one of the scopes.  Any scope but
 * metrics and manufacturer:<id> implies read; registry implies import.
 * While the database is away, a token of the scope metrics alone, bound to
 * nothing, that it vouched for within a day, to this node, still opens the
 * metrics: they are what one looks at then. */
ERR_FN operator_judge(struct ctx *cx, const struct admin_call *call,
    unsigned scope, struct admin_caller *out);

/* The operator whose token it is, unjudged. */
struct admin_token;
void operator_as(
    struct ctx *cx, const struct admin_token *t, struct admin_caller *out);

#endif
