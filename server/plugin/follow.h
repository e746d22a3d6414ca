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

#include "pki/mac.h"
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
	struct view_mark at; /* up to which this is known; views and entries */
	struct view *view;
	bool behind; /* the view is of a database older than what was seen */
	struct view_entry *entries; /* without their services' names */
	size_t n;
	struct service *service;
};

void follow_update_free(struct follow_update *u);

struct follow;

struct follow_how {
	const char *conninfo;
	const char *name;     /* under which it tells how far it has read */
	const char *snapshot; /* the file, or NULL */
	const struct mac_key *key; /* the snapshot's; outlives the thread */
};

/* Starts the thread, which asks for a turn of the loop with each update.  It
 * starts from the snapshot, if there is a good one. */
struct follow *follow_new(const struct follow_how *how, struct wake *wake);
/* The database is found by this from now on. */
void follow_reconnect(struct follow *f, const char *conninfo);
/* Ends it; what is still queued is dropped. */
void follow_free(struct follow *f);

/* What was queued, oldest first, or NULL; costs nothing while there is
 * nothing.  Each update is freed by the caller, its view or service taken
 * out where it is kept. */
struct follow_update *follow_take(struct follow *f);

/* Seconds since the feed was last read to its head; INT64_MAX if it never
 * was, or the clock was set back since.  Counted from before that reading, so
 * never too low, and for a snapshot by when that was read. */
int64_t follow_age(const struct follow *f);

/* The newest position of the feed that was seen. */
int64_t follow_head(const struct follow *f);

/* Whether what is known would survive a crash; true without a snapshot. */
bool follow_is_kept(const struct follow *f);

/* Waits until the feed was read, or could not be, or for that long. */
void follow_wait(struct follow *f, int timeout_ms);

#endif
