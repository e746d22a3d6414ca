/*
 * Wrong tries at codes, counted in the database so that all nodes share one
 * budget (SECURITY.md P2).
 */
#ifndef STORE_GUESS_H
#define STORE_GUESS_H

#include "store/db.h"

/* One budget: whose, and how long it lasts, in seconds. */
struct guess_of {
	const char *bucket;
	uint8_t key[32];
	int64_t window;
};

extern const struct stmt *const guess_stmts[];

/* Takes one try before the code is looked at, so that parallel tries cannot
 * exceed the budget; *n is how many were taken within the window (seconds, a
 * minute at least) before now, this one among them. */
ERR_FN guess_take(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *n);

/* How many count now. */
ERR_FN guess_count(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *n);

/* The same for many at once. */
ERR_FN guess_take_many(
    struct ctx *cx, const struct guess_of *of, int64_t many, int64_t *n);

/* Seconds until the oldest of them counts no more. */
ERR_FN guess_wait(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *seconds);

/* From when on tries count at that time. */
int64_t guess_since(int64_t now, int64_t window);

/* Gives the try back: the code was right. */
ERR_FN guess_give_back(
    struct ctx *cx, const char *bucket, const uint8_t key[32], int64_t window);

#endif
