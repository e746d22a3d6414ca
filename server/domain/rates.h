/*
 * How often something may come from somewhere, counted in the memory of this
 * node: cheap enough to be asked before anything is stored.  Each key has a
 * bucket of tokens that fills at a steady rate.  The table has a fixed size;
 * when it is full, the bucket nearest to full is forgotten.
 */
#ifndef DOMAIN_RATES_H
#define DOMAIN_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"

struct rates;

struct rates *rates_new(void);
void rates_free(struct rates *r);
AUTO_STRUCT_DEFINE(rates, rates_free);

/* At most limit at once, and as many again in each window (seconds); limit 0
 * is none. */
struct rate {
	int64_t limit, window;
};

struct rates_answer {
	bool ok;
	bool first;   /* refused for the first time within a window */
	int64_t wait; /* seconds until it may come again, where refused */
};

/* Counts one for the key (a keyed hash, whose bytes nobody steers) at now, of
 * clock_mono_us.  Threads may share it. */
struct rates_answer rates_take(struct rates *r, const uint8_t key[32],
    const struct rate *rate, int64_t now_us);

#endif
