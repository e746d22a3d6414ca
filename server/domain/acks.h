/*
 * Answers that say that something is refused, and wait until all who follow
 * the feed have read of it, brokers and nodes: a device that is revoked is let
 * in nowhere once its operator knows that it is.  They wait without a thread,
 * and not for long: one who follows and does not answer is left behind, which
 * the answer then says.
 *
 * The follower (domain/follow) asks the database how far they are while
 * somebody waits here.
 */
#ifndef DOMAIN_ACKS_H
#define DOMAIN_ACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

/* How long an answer waits at most. */
#define ACKS_WAIT_US 1000000

struct acks;

/* Embedded in what waits; the table allocates nothing for it.  wake is called
 * once, by another thread, when the ack is no longer in the table. */
struct ack {
	struct ack *next;
	int64_t epoch, position; /* of the feed: what was refused is there */
	int64_t until_us;        /* of clock_mono_us */
	bool followed;           /* told to wake: all have read of it */
	void (*wake)(struct ack *);
};

/* How far they are: who is there, and all who should be. */
struct acks_reached {
	int64_t live_epoch, live_position;
	int64_t epoch, position;
};

struct acks *acks_new(void);
void acks_free(struct acks *a); /* nobody may be waiting */
AUTO_STRUCT_DEFINE(acks, acks_free);

/* Readable once there is somebody new, until acks_heard. */
int acks_fd(const struct acks *a);
void acks_heard(struct acks *a);
/* Makes it readable. */
void acks_poke(struct acks *a);

/* The ack is the table's until wake; false: nobody waits any more. */
bool acks_add(struct acks *a, struct ack *ack);

/* Whether those who are there have passed it, and in ack->followed whether all
 * have. */
bool acks_passed(struct ack *ack, const struct acks_reached *r);

/* Wakes whom those who are there have passed. */
void acks_read(struct acks *a, const struct acks_reached *r);

/* Wakes those whose time is over. */
void acks_tick(struct acks *a, int64_t now_us);

/* Wakes all; from now on nobody waits. */
void acks_close(struct acks *a);

/* How many wait. */
size_t acks_count(struct acks *a);

#endif
