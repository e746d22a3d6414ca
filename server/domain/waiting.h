/*
 * Who waits for news of an owner, without a thread: requests that are set
 * aside until the follower hears of a notice, their time is over, or the
 * service stops.  Bounded for each owner and in all.
 *
 * To lose nothing: take the mark, look for news, and wait with that mark; if
 * there was news between, waiting_add says so instead of waiting.
 */
#ifndef DOMAIN_WAITING_H
#define DOMAIN_WAITING_H

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

#define WAITING_PER_OWNER 4

struct waiting;

/* Embedded in what waits; the table allocates nothing for it.  wake is called
 * once, by another thread, when the waiter is no longer in the table. */
struct waiter {
	struct waiter *next;
	char owner_id[37];
	int64_t until_us; /* of clock_mono_us */
	void (*wake)(struct waiter *);
};

enum waiting_answer {
	WAITING_PARKED, /* the waiter is the table's until wake */
	WAITING_NEWS,   /* look again */
	WAITING_FULL,   /* as many wait already, for this owner or in all */
	WAITING_CLOSED,
};

struct waiting *waiting_new(size_t most);
void waiting_free(struct waiting *w); /* nobody may be waiting */
AUTO_STRUCT_DEFINE(waiting, waiting_free);

uint32_t waiting_mark(struct waiting *w, const char *owner_id);
enum waiting_answer
waiting_add(struct waiting *w, struct waiter *who, uint32_t mark);

/* There is news of the owner. */
void waiting_news(struct waiting *w, const char *owner_id);

/* There may be news of everybody: a notification may have been missed. */
void waiting_doubt_all(struct waiting *w);

/* Wakes those whose time is over. */
void waiting_tick(struct waiting *w, int64_t now_us);

/* Wakes all; from now on nobody waits. */
void waiting_close(struct waiting *w);

/* How many wait. */
size_t waiting_count(struct waiting *w);

#endif
