/*
 * A thread of the service's own beside the requests: it has a database
 * connection, wakes upon the notifications of a channel or after some time,
 * takes a turn, and waits again, until it is stopped.
 */
#ifndef DOMAIN_TASK_H
#define DOMAIN_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "base/err.h"

struct stmt;
struct svc;
struct task;

struct task_kind {
	const char *name;    /* in the log, for a request's id */
	const char *channel; /* of notifications; a constant */
	const struct stmt *const *const *statements;
	size_t arena_bytes;
	bool last; /* of the lowest priority */
	/* One turn; *wait_ms is how long the next may wait.  Upon an error
	 * it is taken again a second later, over a new subscription. */
	const struct err *(*turn)(
	    struct task *t, struct ctx *cx, void *arg, int *wait_ms);
};

/* kind and arg outlive it. */
struct task *task_start(const struct svc *svc, const char *conninfo,
    const struct task_kind *kind, void *arg);
/* Stops the thread, waits for its end and frees it; NULL is fine. */
void task_stop(struct task *t);

/* Within a turn: waits so long, and says whether it is to end. */
bool task_ends(const struct task *t, int timeout_ms);

#endif
