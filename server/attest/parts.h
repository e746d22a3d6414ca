/*
 * Evidence of several parts: a CBOR map of text to byte string, or to an
 * array of at most LIMIT_CHAIN byte strings, as codec/cbor reads it.
 */
#ifndef ATTEST_PARTS_H
#define ATTEST_PARTS_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* A part that the format knows. */
struct part {
	const char *name;
	struct bytes *to; /* room for max; left empty where it is absent */
	size_t max;
	size_t *n; /* how many there are; NULL: exactly one */
	bool optional;
};

/* Borrows from evidence.  Unknown, repeated and missing parts refuse. */
ERR_FN parts_read(
    struct ctx *cx, struct bytes evidence, const struct part *part, size_t n);

#endif
