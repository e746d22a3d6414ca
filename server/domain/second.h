/*
 * What one operator may not do alone (SECURITY.md H4): a new anchor, lifting,
 * and taking trust from more than a few units.  Whoever changes something asks
 * here within the transaction; the first call ends with ERR_SECOND, changes
 * nothing and is kept as a proposal, the confirmed one goes through, once.
 */
#ifndef DOMAIN_SECOND_H
#define DOMAIN_SECOND_H

#include "domain/caller.h"
#include "store/proposal.h"

/* "second-operator": not done, and the reason is what is to be proposed. */
extern const struct err ERR_SECOND;
extern const struct err ERR_PROPOSAL_OVER;    /* CONFLICT */
extern const struct err ERR_PROPOSAL_CHANGED; /* CONFLICT */
extern const struct err ERR_PROPOSALS_FULL;   /* CONFLICT */
extern const struct err ERR_SAME_OPERATOR;    /* FORBIDDEN */

/* In an open transaction: whether the caller may do what the text says.  Uses
 * up the proposal if there is one. */
ERR_FN second_ask(struct ctx *cx, const struct admin_caller *by,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for trust taken from so many units: alone, an operator has
 * revoke_alone of them a day. */
ERR_FN second_ask_units(struct ctx *cx, const struct admin_caller *by,
    int64_t units, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A call as it was made. */
struct second_call {
	const char *method, *path;
	struct bytes body;
};

/* Keeps the call for another operator: the proposal it is now.
 * ERR_PROPOSALS_FULL with LIMIT_PROPOSALS of theirs pending. */
ERR_FN second_propose(struct ctx *cx, const struct admin_caller *by,
    const struct second_call *call, struct proposal *out);

/* ERR_NOT_FOUND. */
ERR_FN second_get(struct ctx *cx, const char *id, struct proposal *out);

/* Judges that this operator may confirm what was shown with that hash; call
 * is what to do then, as the caller in *as. */
ERR_FN
second_open(struct ctx *cx, const struct admin_caller *by, const char *id,
    struct bytes sha256, struct second_call *call, struct admin_caller *as);

/* After the call: one that had nothing to change is confirmed as well. */
ERR_FN second_settle(struct ctx *cx, const struct admin_caller *as);

ERR_FN
second_withdraw(struct ctx *cx, const struct admin_caller *by, const char *id);

#endif
