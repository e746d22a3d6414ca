#include "http/queue.h"

#include <pthread.h>

#include "base/mem.h"

struct fifo {
	struct job *head, **tail;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct fifo lanes[2];
	size_t taken[2]; /* slots of each lane: reserved or filled */
	size_t size, reserved;
	bool closed;
};

struct queue *
queue_new(size_t size, size_t reserved)
{
	struct queue *q = mem_new(1, sizeof(*q));
	size_t i;

	must(reserved < size);
	must(pthread_mutex_init(&q->lock, NULL) == 0);
	must(pthread_cond_init(&q->wake, NULL) == 0);
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

void
queue_put(struct queue *q, struct job *job)
{
	struct fifo *f = &q->lanes[job->lane];

	job->next = NULL;
	must(pthread_mutex_lock(&q->lock) == 0);
	*f->tail = job;
	f->tail = &job->next;
	must(pthread_cond_signal(&q->wake) == 0);
	must(pthread_mutex_unlock(&q->lock) == 0);
}

static struct job *
pop(struct queue *q)
{
	static const enum lane order[] = { LANE_RESERVED, LANE_OPEN };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct fifo *f = &q->lanes[order[i]];
		struct job *job = f->head;

		if (job == NULL)
			continue;
		f->head = job->next;
		if (f->head == NULL)
			f->tail = &f->head;
		q->taken[order[i]]--;
		return job;
	}
	return NULL;
}

struct job *
queue_take(struct queue *q)
{
	struct job *job;

	must(pthread_mutex_lock(&q->lock) == 0);
	while ((job = pop(q)) == NULL) {
		/* A reserved slot is about to be filled: wait for it. */
		if (q->closed &&
		    q->taken[LANE_OPEN] + q->taken[LANE_RESERVED] == 0)
			break;
		must(pthread_cond_wait(&q->wake, &q->lock) == 0);
	}
	/* After closing, whoever takes the last job lets the others go. */
	if (q->closed)
		must(pthread_cond_broadcast(&q->wake) == 0);
	must(pthread_mutex_unlock(&q->lock) == 0);
	return job;
}

void
queue_close(struct queue *q)
{
	must(pthread_mutex_lock(&q->lock) == 0);
	q->closed = true;
	must(pthread_cond_broadcast(&q->wake) == 0);
	must(pthread_mutex_unlock(&q->lock) == 0);
}
