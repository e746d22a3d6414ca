/*
 * A connection that waits: LISTEN on channels, a time-out, a wake-up file
 * descriptor.  For the followers (of decisions in latchkeyd, of the feed in
 * the broker plugin), each a thread of its own.
 */
#ifndef STORE_LISTEN_H
#define STORE_LISTEN_H

#include <stdbool.h>

struct ctx;
struct db;

enum listen_outcome {
	LISTEN_NOTIFIED, /* at least one notification was delivered */
	LISTEN_TIMEOUT,
	LISTEN_WOKEN, /* wake_fd became readable */
	LISTEN_LOST,  /* not connected; the caller waits and retries */
};

/* Subscribes cx->db to the channel (a constant); false when unreachable. */
bool listen_start(struct ctx *cx, const char *channel);

typedef void listen_fn(void *arg, const char *channel, const char *payload);

/* Waits up to timeout_ms; fn (may be NULL) sees each notification. */
enum listen_outcome listen_wait(
    struct ctx *cx, int wake_fd, int timeout_ms, listen_fn *fn, void *arg);

#endif
