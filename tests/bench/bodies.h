/*
 * What a run sends: one request again and again, or those of a file in turn;
 * and the certificate that it shows.
 */
#ifndef BENCH_BODIES_H
#define BENCH_BODIES_H

#include "tests/bench/load.h"

struct bodies {
	struct bytes *v; /* whole requests */
	size_t n, at;
};

void bodies_open(struct bodies *b, const struct options *o);
struct bytes bodies_next(struct bodies *b);
void bodies_release(struct bodies *b);

/* The request with this form, or (NULL) a GET; memory as bytes_kept. */
struct bytes bodies_request(const struct options *o, const char *form);

/* Lines of a file, without their ends; each to be freed by bytes_drop. */
struct bytes *lines_read(const char *file, size_t *n);

/* Puts certificate and key where a unit's birth identity is. */
void shown_open(const char *file, struct unit *u);

#endif
