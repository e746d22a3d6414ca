/*
 * Sets of units that are to reenroll by a deadline.  Such a set blocks nothing:
 * its members wait for the deadline, and what is swept then are their
 * certificates from before the set.
 */
#ifndef STORE_SET_REENROLL_H
#define STORE_SET_REENROLL_H

#include "store/column.h"
#include "store/unit_set.h"

extern const struct stmt *const set_reenroll_stmts[];

/* Within the transaction of unit_set_settle: an event for each device. */
ERR_FN set_reenroll_announce(struct ctx *cx, const struct unit_set *s);

/* Counts those who wait for the deadline into renewed and left. */
ERR_FN set_reenroll_progress(struct ctx *cx, struct unit_set *s);

/* Ends one before its deadline; *changed false: there is none, or it is
 * over or being swept. */
ERR_FN set_reenroll_cancel(struct ctx *cx, const char *id, bool *changed);

/* Whether an open set wants this certificate renewed. */
ERR_FN set_reenroll_hastens(
    struct ctx *cx, struct bytes serial, int64_t not_before, bool *hastens);

/* A slice of unit_set_sweep: what these units have from before the set ends. */
ERR_FN set_reenroll_end(
    struct ctx *cx, const struct unit_set *s, const struct column *units);

#endif
