/*
 * The thread that follows the feed of refusals in Postgres, woken by NOTIFY
 * and by a clock, and hands what it read to the broker's thread over a
 * queue.  It never calls the broker.  While Postgres is away it retries with
 * backoff and then reads on from where it was (SECURITY.md R1, R9).
 */
#ifndef PLUGIN_FOLLOW_H
#define PLUGIN_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "plugin/view.h"
#include "plugin/wake.h"

enum follow_kind {
	FOLLOW_VIEW,    /* a whole new view, made from the feed's start */
	FOLLOW_ENTRIES, /* what came after */
	FOLLOW_SERVICE, /* one service, read again */
	FOLLOW_LOST,    /* Postgres is away */
	FOLLOW_BACK,
};

struct follow_update {
	struct follow_update *next;
	enum follow_kind kind;
	struct view *view;
	struct view_entry *entries; /* without their services' names */
	size_t n;
	struct service *service;
};

void follow_update_free(struct follow_update *u);

struct follow;

/* Starts the thread, which asks for a turn of the loop with each update, and
 * tells the database how far it has read under that name. */
struct follow *
follow_new(const char *conninfo, const char *name, struct wake *wake);
/* Ends it; what is still queued is dropped. */
void follow_free(struct follow *f);

/* What was queued, oldest first, or NULL; costs nothing while there is
 * nothing.  Each update is freed by the caller, its view or service taken
 * out where it is kept. */
struct follow_update *follow_take(struct follow *f);

/* Seconds since the feed was last read to its head; INT64_MAX if it never
 * was.  Counted from before that reading, so never too low. */
int64_t follow_age(const struct follow *f);

/* Waits until something is queued, or for that long. */
void follow_wait(struct follow *f, int timeout_ms);

#endif
