/*
 * The one bounded queue between I/O threads and workers, with two lanes.
 * The reserved lane has room that the open lane cannot take and is served
 * first, so that renewals and revocations pass a flood of enrollments
 * (SECURITY.md H3).  A full queue is the caller's 503, at once.
 *
 * A slot is reserved first and filled after, because a connection must be
 * suspended before a worker can see its job.
 */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/auto.h"

enum lane { LANE_OPEN, LANE_RESERVED };

/* Embedded in what is queued; the queue allocates nothing. */
struct job {
	struct job *next;
	enum lane lane;
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

/* Waits for a job, the reserved lane's first; NULL once the queue is closed
 * and no slot is taken. */
struct job *queue_take(struct queue *q);

/* Refuses new slots; jobs that have one are still handed out. */
void queue_close(struct queue *q);

#endif
