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

/* Takes one try from the bucket's current window before the code is looked
 * at, so that parallel tries cannot exceed the budget; *n is how many are
 * taken now. */
ERR_FN guess_take(struct ctx *cx, const char *bucket, const uint8_t key[32],
    int64_t window, int64_t *n);

/* Gives the try back: the code was right. */
ERR_FN guess_give_back(
    struct ctx *cx, const char *bucket, const uint8_t key[32], int64_t window);

#endif
