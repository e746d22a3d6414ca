#include "http/queue.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

/* Batches that take this long wait for a lock, and nobody waits for them. */
#define GATHER_US 10000

struct fifo {
	struct job *head, **tail;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct fifo lanes[2];
	size_t taken[2]; /* slots of each lane: reserved or filled */
	size_t size, reserved;
	size_t gathered; /* jobs that go together, waiting */
	size_t batches;  /* of them, being worked on */
	size_t idle;     /* threads that wait for a job */
	size_t full;     /* as many as a taker takes */
	bool watched;    /* a taker wakes when the first has waited enough */
	bool closed;
};

struct queue *
queue_new(size_t size, size_t reserved)
{
	struct queue *q = mem_new(1, sizeof(*q));
	pthread_condattr_t attr;
	size_t i;

	must(reserved < size);
	must(pthread_mutex_init(&q->lock, NULL) == 0);
	must(pthread_condattr_init(&attr) == 0);
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&q->wake, &attr) == 0);
	must(pthread_condattr_destroy(&attr) == 0);
	for (i = 0; i < 2; i++)
		q->lanes[i].tail = &q->lanes[i].head;
	q->size = size;
	q->reserved = reserved;
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	must(q->taken[LANE_OPEN] + q->taken[LANE_RESERVED] == 0);
	must(pthread_cond_destroy(&q->wake) == 0);
	must(pthread_mutex_destroy(&q->lock) == 0);
	mem_free(q);
}

bool
queue_reserve(struct queue *q, enum lane lane)
{
	size_t all;
	bool room;

	must(pthread_mutex_lock(&q->lock) == 0);
	all = q->taken[LANE_OPEN] + q->taken[LANE_RESERVED];
	room = !q->closed && all < q->size &&
	       (lane == LANE_RESERVED ||
		   q->taken[LANE_OPEN] < q->size - q->reserved);
	if (room)
		q->taken[lane]++;
	must(pthread_mutex_unlock(&q->lock) == 0);
	return room;
}

/* Whether the first of the gathered jobs may go now. */
static bool
is_ripe(const struct queue *q, const struct job *first, size_t max)
{
	return q->batches == 0 || q->gathered >= max || q->closed ||
	       clock_mono_us() - first->since_us >= GATHER_US;
}

void
queue_put(struct queue *q, struct job *job)
{
	struct fifo *f = &q->lanes[job->lane];
	bool wake;

	job->next = NULL;
	must(pthread_mutex_lock(&q->lock) == 0);
	job->since_us = clock_mono_us();
	*f->tail = job;
	f->tail = &job->next;
	if (job->together)
		q->gathered++;
	/* Nobody is woken only to find that the job has to wait. */
	wake = !job->together || !q->watched || q->batches == 0 ||
	       q->gathered >= q->full;
	if (wake)
		must(pthread_cond_signal(&q->wake) == 0);
	must(pthread_mutex_unlock(&q->lock) == 0);
}

/* Takes the job that *at points to out of its lane. */
static struct job *
unlink_job(struct queue *q, struct fifo *f, struct job **at)
{
	struct job *job = *at;

	*at = job->next;
	if (*at == NULL)
		f->tail = at;
	q->taken[job->lane]--;
	if (job->together)
		q->gathered--;
	return job;
}

/* All of the lane that go together, from *at on. */
static size_t
pop_batch(struct queue *q, struct fifo *f, struct job **at, struct job **out,
    size_t max)
{
	size_t n = 0;

	while (*at != NULL && n < max) {
		if ((*at)->together)
			out[n++] = unlink_job(q, f, at);
		else
			at = &(*at)->next;
	}
	q->batches++;
	return n;
}

static size_t
pop(struct queue *q, struct job **out, size_t max)
{
	static const enum lane order[] = { LANE_RESERVED, LANE_OPEN };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct fifo *f = &q->lanes[order[i]];
		struct job **at;

		for (at = &f->head; *at != NULL; at = &(*at)->next) {
			if (!(*at)->together) {
				out[0] = unlink_job(q, f, at);
				return 1;
			}
			if (is_ripe(q, *at, max))
				return pop_batch(q, f, at, out, max);
		}
	}
	return 0;
}

/* Until something changes; one of those that wait sees to it that gathered
 * jobs do not wait for longer than they may. */
static void
wait_for_change(struct queue *q)
{
	struct timespec until;

	if (q->gathered == 0 || q->watched) {
		must(pthread_cond_wait(&q->wake, &q->lock) == 0);
		return;
	}
	q->watched = true;
	clock_mono_after(GATHER_US, &until);
	(void)pthread_cond_timedwait(&q->wake, &q->lock, &until);
	q->watched = false;
}

size_t
queue_take(struct queue *q, struct job **out, size_t max)
{
	size_t n;

	must(pthread_mutex_lock(&q->lock) == 0);
	q->full = max;
	q->idle++;
	while ((n = pop(q, out, max)) == 0) {
		/* A reserved slot is about to be filled: wait for it. */
		if (q->closed &&
		    q->taken[LANE_OPEN] + q->taken[LANE_RESERVED] == 0)
			break;
		wait_for_change(q);
	}
	q->idle--;
	/* After closing, whoever takes the last job lets the others go. */
	if (q->closed)
		must(pthread_cond_broadcast(&q->wake) == 0);
	else if (q->gathered > 0 && !q->watched)
		must(pthread_cond_signal(&q->wake) == 0);
	must(pthread_mutex_unlock(&q->lock) == 0);
	return n;
}

void
queue_done(struct queue *q)
{
	must(pthread_mutex_lock(&q->lock) == 0);
	q->batches--;
	must(pthread_mutex_unlock(&q->lock) == 0);
}

void
queue_look(struct queue *q, struct queue_state *out)
{
	must(pthread_mutex_lock(&q->lock) == 0);
	*out = (struct queue_state){ { q->taken[LANE_OPEN],
					 q->taken[LANE_RESERVED] },
		q->size, q->idle };
	must(pthread_mutex_unlock(&q->lock) == 0);
}

void
queue_close(struct queue *q)
{
	must(pthread_mutex_lock(&q->lock) == 0);
	q->closed = true;
	must(pthread_cond_broadcast(&q->wake) == 0);
	must(pthread_mutex_unlock(&q->lock) == 0);
}
