/*
 * Sensors behind a hub: rows of child.  A token for one is issued under locks
 * of the hub's device and unit, whose state is looked at again (SECURITY.md
 * A3, A13).
 */
#ifndef STORE_CHILD_H
#define STORE_CHILD_H

#include "store/db.h"

struct child {
	const char *id, *hub_id, *serial, *name, *scope;
	const char *state; /* pending, approved, denied, removed */
	int64_t created_at, expires_at;
};

extern const struct stmt *const child_stmts[];

/* A request of the hub, if it is good and has fewer than most; or the one
 * that it made for this serial number before: *out.  *done is false if
 * neither. */
ERR_FN child_add(struct ctx *cx, const struct child *c, int64_t most,
    struct child *out, bool *done);

/* Those of a hub that is this owner's, or with NULL whosever it is: what is
 * alive, which is at most as many as one may have, then what is over; the
 * newest first. */
ERR_FN child_list(struct ctx *cx, const char *hub_id, const char *owner_id,
    int64_t limit, struct child **out, size_t *n);

/* One of any state; ERR_NOT_FOUND. */
ERR_FN child_get(struct ctx *cx, const char *id, struct child *out);

/* The owner's word: a pending one is approved until a time, or denied, and an
 * approved one removed.  *done is false for any other, and for one that is
 * not of a living hub of this owner. */
ERR_FN child_decide(
    struct ctx *cx, const struct child *c, const char *owner_id, bool *done);

/* Records that a token is issued; *done is false if the child, its hub or
 * their owner is not good for one now. */
ERR_FN
child_issue(struct ctx *cx, const char *id, const char *hub_id, bool *done);

/* Whether it would be good for one. */
ERR_FN child_is_good(struct ctx *cx, const char *id, bool *good);

#endif
