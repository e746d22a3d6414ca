/*
 * Units with one-time bootstrap tokens (SECURITY.md A12), keys and requests,
 * all made before any clock starts.  The driver puts what the service keeps
 * of them into the database; the tokens themselves only the client has.
 */
#ifndef BENCH_TOKEN_H
#define BENCH_TOKEN_H

#include "tests/bench/load.h"

#define BASIC_TEXT 160

struct token_unit {
	struct unit unit;
	char id[64];            /* the user name */
	char basic[BASIC_TEXT]; /* of the Authorization header */
	uint8_t mac[32];        /* of the password, as the service keeps it */
};

/* Makes o->units of them and writes o->units_file. */
struct token_unit *token_units(struct options *o);
void token_units_free(struct token_unit *v, size_t n);

/* The request in base64, on one line; n characters of out. */
int token_body(const struct token_unit *t, char *out, size_t max);

#endif
