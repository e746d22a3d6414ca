/*
 * Who follows the feed of refusals, nodes and brokers, and how far each has
 * come (SECURITY.md R1): one row each, written by itself.
 */
#ifndef STORE_CONSUMER_H
#define STORE_CONSUMER_H

#include "store/db.h"
#include "store/view.h"

struct consumer {
	const char *kind, *name, *version; /* kind: node, broker */
	int64_t epoch, position;
	int64_t lag;            /* entries that it has not read */
	int64_t behind_seconds; /* age of the oldest of them */
	int64_t seen_at, silent_seconds;
	const char *alert; /* silent, behind, or NULL */
};

/* What a consumer itself may run, and what the service asks. */
extern const struct stmt *const consumer_seen_stmts[];
extern const struct stmt *const consumer_stmts[];

/* This program follows the feed under that name, and has read up to there;
 * the kind is the database role's. */
ERR_FN consumer_seen(struct ctx *cx, const char *name, const char *version,
    const struct view_mark *at);

/* All of them, by kind and name, LIMIT_CONSUMERS at most. */
ERR_FN consumer_list(struct ctx *cx, struct consumer **out, size_t *n);

/* Judges all by how long they may be silent or behind, in seconds; each
 * change is an event, and is told to fn (by one node alone). */
typedef void consumer_fn(void *arg, const struct consumer *c);
ERR_FN
consumer_watch(struct ctx *cx, int64_t most, consumer_fn *fn, void *arg);

/* The least far of those who were heard of in so many seconds, and of all;
 * nobody is at INT64_MAX. */
struct consumer_lowest {
	struct {
		int64_t epoch, position;
	} live, all;
};
ERR_FN
consumer_lowest(struct ctx *cx, int64_t seconds, struct consumer_lowest *out);

/* How many there are that were found silent or behind. */
ERR_FN consumer_alerts(struct ctx *cx, int64_t *n);

/* Whether it is known, and was not found silent or behind. */
ERR_FN consumer_is_well(
    struct ctx *cx, const char *kind, const char *name, bool *well);

/* One that is gone for good; ERR_NOT_FOUND. */
ERR_FN consumer_forget(struct ctx *cx, const char *kind, const char *name);

#endif
