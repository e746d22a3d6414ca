/*
 * Counters for metrics, which any thread may move without waiting for another:
 * one for each pair of words, and durations sorted into fixed buckets.  A
 * tally has room for so many pairs; what comes after counts as "other", so
 * that whoever chooses a word fills neither memory nor a dashboard.
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

#define TALLY_WORD_BYTES 64
#define TALLY_OTHER "other"

typedef _Atomic uint64_t tally_count;

/* Nobody waits for a counter, or orders anything else by it. */
static inline void
tally_more(tally_count *n, uint64_t by)
{
	(void)atomic_fetch_add_explicit(n, by, memory_order_relaxed);
}

static inline uint64_t
tally_now(const tally_count *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

struct tally;

/* With room for so many pairs. */
struct tally *tally_new(size_t most);
void tally_free(struct tally *t);
AUTO_STRUCT_DEFINE(tally, tally_free);

/* Counts one of the pair; what is longer than TALLY_WORD_BYTES - 1 is cut. */
void tally_add(struct tally *t, const char *a, const char *b);

struct tally_pair {
	const char *a, *b; /* borrowed from the tally */
	uint64_t n;
};

/* The pair of that place, in the order in which they came first, and "other"
 * last, if any; false beyond it. */
bool tally_at(const struct tally *t, size_t i, struct tally_pair *out);

/* Upper bounds of the buckets; what takes longer is in one more. */
#define TIMING_BUCKETS 13
extern const int64_t timing_bound_us[TIMING_BUCKETS];

struct timing {
	tally_count bucket[TIMING_BUCKETS + 1];
	tally_count us; /* all together */
};

void timing_add(struct timing *t, int64_t us);

#endif
