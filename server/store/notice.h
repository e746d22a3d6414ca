/*
 * What an owner's apps are told, in an order without gaps: written by the
 * database with the events (migration "notices"), under a lock
 * held to commit, so that whoever has seen position n never sees one below it
 * appear.
 */
#ifndef STORE_NOTICE_H
#define STORE_NOTICE_H

#include "store/db.h"

struct notice {
	int64_t position, at;
	const char *kind, *approval_id, *device_id; /* the last two: or NULL */
};

extern const struct stmt *const notice_stmts[];

/* The feed's epoch, in which a restored database differs (R1), and how far the
 * owner's notices go in it. */
ERR_FN notice_head(
    struct ctx *cx, const char *owner_id, int64_t *epoch, int64_t *position);

/* Those after a position, in order. */
ERR_FN notice_list(struct ctx *cx, const char *owner_id, int64_t after,
    int64_t limit, struct notice **out, size_t *n);

/* Calls fn for the owners who had one in the last seconds. */
ERR_FN notice_recent_owners(struct ctx *cx, int seconds,
    void (*fn)(void *arg, const char *owner_id), void *arg);

#endif
