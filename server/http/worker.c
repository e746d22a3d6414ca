#include "http/worker.h"

#include <pthread.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/exchange.h"

struct worker {
	pthread_t thread;
	struct queue *queue;
	struct db *db;
};

struct workers {
	size_t n;
	struct worker one[];
};

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct job *job[LIMIT_TOGETHER];
	size_t n;

	while ((n = queue_take(w->queue, job, LIMIT_TOGETHER)) > 0) {
		bool together = job[0]->together;

		exchange_work(job, n, w->db);
		if (together)
			queue_done(w->queue);
	}
	return NULL;
}

struct workers *
workers_start(struct queue *q, struct db *const *dbs, size_t n)
{
	struct workers *ws =
	    mem_new(1, sizeof(*ws) + n * sizeof(struct worker));

	for (ws->n = 0; ws->n < n; ws->n++) {
		struct worker *w = &ws->one[ws->n];

		w->queue = q;
		w->db = dbs[ws->n];
		must(pthread_create(&w->thread, NULL, run, w) == 0);
	}
	return ws;
}

void
workers_join(struct workers *ws)
{
	size_t i;

	for (i = 0; i < ws->n; i++)
		must(pthread_join(ws->one[i].thread, NULL) == 0);
	mem_free(ws);
}
