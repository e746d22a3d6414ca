/*
 * The fixed pool of threads that run handlers, each with its own database
 * connection: one request from start to end, or a batch of requests that are
 * served together, then the next of the queue.
 */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include <stddef.h>

struct db;
struct queue;
struct workers;

struct workers *workers_start(struct queue *q, struct db *const *dbs, size_t n);

/* Waits for all of them; the queue must be closed. */
void workers_join(struct workers *ws);

#endif
