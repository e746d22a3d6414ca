/*
 * How often codes may be tried (SECURITY.md P2): budgets of an owner, of an
 * address and of the whole service, shared by all nodes.  Each is taken
 * before the code is looked at and given back when it was right, so that
 * parallel tries cannot exceed them.
 */
#ifndef DOMAIN_BUDGET_H
#define DOMAIN_BUDGET_H

#include "base/ctx.h"
#include "base/err.h"

/* "too-many-tries", BUSY, with the time to wait. */
extern const struct err ERR_TOO_MANY_TRIES;

/* Takes one of each, of the owner unless owner_id is NULL; ERR_TOO_MANY_TRIES
 * if any is spent, with an event the first time. */
ERR_FN budget_take(struct ctx *cx, const char *owner_id, const char *address);
ERR_FN
budget_give_back(struct ctx *cx, const char *owner_id, const char *address);

/* How many tries everybody together has taken within the window, and of how
 * many. */
ERR_FN budget_look(struct ctx *cx, int64_t *taken, int64_t *limit);

#endif
