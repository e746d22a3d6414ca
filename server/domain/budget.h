/*
 * How often codes may be tried (SECURITY.md P2, A6): budgets of an owner, of an
 * address, of a unit whose sticker is tried, and of the whole service, shared
 * by all nodes.  A try is one transaction, from before the code is looked at
 * until its verdict is written: it holds the counts of the first three, so that
 * the next of any waits for it.  So a right code never counts, however many are
 * sent at once, and no wrong one gets by.  The service's count would have
 * everybody wait for everybody: one of it is taken before, and given back for a
 * right code.
 */
#ifndef DOMAIN_BUDGET_H
#define DOMAIN_BUDGET_H

#include "base/ctx.h"
#include "base/err.h"
#include "store/event.h"

/* "too-many-tries", BUSY, with the time to wait. */
extern const struct err ERR_TOO_MANY_TRIES;

struct budget_try {
	const char *owner_id; /* NULL: nobody is signed in */
	const char *address;
	const char *serial; /* whose sticker it is; NULL: no sticker's code */
	struct tx *tx;      /* from budget_begin to a verdict */
	const char *spends; /* the bucket that has none left after this */
};

/* Begins one and its transaction; ERR_TOO_MANY_TRIES, and nothing begun or
 * counted, if a budget is spent. */
ERR_FN budget_begin(struct ctx *cx, struct budget_try *t);

/* The verdict, and the end of the transaction.  A wrong one leaves its event,
 * and one more where it was the last. */
ERR_FN budget_right(struct ctx *cx, const struct budget_try *t);
ERR_FN budget_wrong(
    struct ctx *cx, const struct budget_try *t, const struct event *ev);

/* How many tries everybody together has taken within the window, and of how
 * many. */
ERR_FN budget_look(struct ctx *cx, int64_t *taken, int64_t *limit);

#endif
