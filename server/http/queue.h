/*
 * The one bounded queue between I/O threads and workers, with two lanes.
 * The reserved lane has room that the open lane cannot take and is served
 * first, so that renewals and revocations pass a flood of enrollments
 * (SECURITY.md H3).  A full queue is the caller's 503, at once.
 *
 * A slot is reserved first and filled after, because a connection must be
 * suspended before a worker can see its job.
 *
 * Jobs marked to go together are handed out many at once, so that what they
 * store shares a commit.  While such a batch is being worked on, further jobs
 * gather until it is done, the next is full, or the first of them has waited
 * long enough: what a batch costs by itself is then shared by many.
 */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

enum lane { LANE_OPEN, LANE_RESERVED };

/* Embedded in what is queued; the queue allocates nothing. */
struct job {
	struct job *next;
	enum lane lane;
	bool together;    /* with others so marked, of the same lane */
	int64_t since_us; /* clock_mono_us when it was put; the queue's */
};

struct queue;

/* A queue of at most size jobs, of which the open lane may hold all but
 * reserved. */
struct queue *queue_new(size_t size, size_t reserved);
void queue_free(struct queue *q);
AUTO_STRUCT_DEFINE(queue, queue_free);

/* Takes a slot in the lane; false if it is full or the queue is closed. */
bool queue_reserve(struct queue *q, enum lane lane);

/* Fills a slot that was reserved in job->lane. */
void queue_put(struct queue *q, struct job *job);

/* Waits for a job, the reserved lane's first, or up to max that go together;
 * how many were taken, 0 once the queue is closed and no slot is taken.
 * Whoever took jobs that go together says queue_done after them. */
size_t queue_take(struct queue *q, struct job **out, size_t max);
void queue_done(struct queue *q);

/* How it stands: slots taken of each lane, and threads that wait for a job. */
struct queue_state {
	size_t taken[2], size, idle;
};
void queue_look(struct queue *q, struct queue_state *out);

/* Refuses new slots; jobs that have one are still handed out. */
void queue_close(struct queue *q);

#endif
