/*
 * The only readers of the clock.  Domain code is given cx->now instead, so
 * that tests choose the time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define CLOCK_TEXT_BYTES 32

/* Seconds since 1970, UTC. */
int64_t clock_now(void);

/* The same in milliseconds. */
int64_t clock_now_ms(void);

/* Microseconds of a clock that never goes back, for durations. */
int64_t clock_mono_us(void);

/* That clock's time in us microseconds, for pthread_cond_timedwait. */
struct timespec;
void clock_mono_after(int64_t us, struct timespec *out);

/* RFC 3339 in UTC, to the second: 2026-11-21T02:00:00Z.  A time beyond its
 * years, which certificates and databases know, is its first or last second. */
void clock_text(int64_t t, char out[CLOCK_TEXT_BYTES]);

/* As HTTP has it (RFC 9110 section 5.6.7): Sat, 21 Nov 2026 02:00:00 GMT. */
void clock_http(int64_t t, char out[CLOCK_TEXT_BYTES]);

/* Parses RFC 3339 in UTC ("Z"), or a date alone, meaning its start. */
bool clock_parse(struct bytes text, int64_t *t);

#endif
