/*
 * What the listeners count of themselves for metrics: requests by route and
 * status, and how long they took; handshakes, and why others failed.  Labels
 * are rows of the route table, statuses and constants, never what a client
 * sent (SECURITY.md V1).
 */
#ifndef HTTP_MEASURE_H
#define HTTP_MEASURE_H

#include "base/tally.h"
#include "http/conns.h"
#include "http/router.h"

struct buf;

/* Of one set of routes. */
struct measure_side;

/* With the name that its listener has as a label; both are borrowed. */
struct measure_side *
measure_side_new(const char *listener, struct route_table table);
void measure_side_free(struct measure_side *s);

/* A request that was answered; r may be NULL or of no table. */
void measure_request(
    struct measure_side *s, const struct route *r, int status, int64_t us);

/* Of all of them together. */
struct measure;

struct measure *measure_new(void);
void measure_free(struct measure *m);

/* The refusal that an answer told of. */
void measure_refusal(struct measure *m, const struct err *e);

/* How long a request waited for a worker. */
void measure_queued(struct measure *m, int64_t us);

/* A connection has its first request, or has ended: counts its handshake,
 * once.  late: we closed it, for taking so long. */
void measure_handshake(struct measure *m, struct conn *c, bool late);

/* Connections that were closed unheard: too many at a time, or too fast. */
void measure_too_many(struct measure *m);
void measure_too_fast(struct measure *m, size_t n);

/* Both as text; requests of all sides are one metric. */
void measure_write_sides(
    struct buf *b, const struct measure_side *const *s, size_t n);
void measure_write(struct buf *b, const struct measure *m);

#endif
