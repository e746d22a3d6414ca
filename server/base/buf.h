/*
 * A bounded builder of bytes in an arena.  What does not fit sets a flag
 * that buf_bytes reports, so that callers check once, at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

struct buf {
	struct arena *arena;
	uint8_t *p;
	size_t n, cap, max;
	bool overflow;
};

/* An empty builder that holds at most max bytes. */
void buf_init(struct buf *b, struct arena *a, size_t max);
void buf_put(struct buf *b, struct bytes data);
void buf_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What was built, borrowed from the arena; false if it did not fit. */
bool buf_bytes(const struct buf *b, struct bytes *out);

#endif
