/*
 * CBOR (RFC 8949), strictly: definite lengths alone, no duplicate map keys
 * (also not in another width), UTF-8 checked, nothing after the end, depth at
 * most LIMIT_CBOR_DEPTH, and no length is believed before that many bytes are
 * there.  Longer heads than needed are read (RFC 9783 section 5.2 asks for
 * it).  libcbor decodes; what it would let pass is checked here.
 */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

enum cbor_kind {
	CBOR_INT, /* integer: from -2^63 to 2^63 - 1 */
	CBOR_BIG, /* an integer beyond it */
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
	CBOR_BOOL,
	CBOR_NULL,
	CBOR_FLOAT,
	CBOR_OTHER, /* undefined and simple values */
};

/* One item, in the arena.  Strings borrow from what was read. */
struct cbor {
	enum cbor_kind kind;
	int64_t number;     /* CBOR_INT; the tag of CBOR_TAG; 0 or 1 */
	double real;        /* CBOR_FLOAT */
	struct bytes bytes; /* content of CBOR_BYTES and CBOR_TEXT */
	struct bytes raw;   /* the whole item as encoded */
	/* Items of an array; keys and values in turn of a map (n is then the
	 * number of pairs); the one content of a tag. */
	struct cbor *item;
	size_t n;
};

extern const struct err ERR_BAD_CBOR; /* bad-cbor, INVALID */

ERR_FN cbor_read(struct ctx *cx, struct bytes in, struct cbor *out);

/* The same of so many items at most, for what an operator hands in. */
ERR_FN
cbor_read_long(struct ctx *cx, struct bytes in, size_t items, struct cbor *out);

/* One item at the start of in, and what follows it. */
ERR_FN cbor_read_first(
    struct ctx *cx, struct bytes in, struct cbor *out, struct bytes *rest);

/* The whole with indefinite lengths, for what is only shown: chunks of a
 * string are put together in the arena. */
ERR_FN cbor_read_any(struct ctx *cx, struct bytes in, struct cbor *out);

/* The value under an integer or text key of a map, NULL if it has none (or is
 * no map). */
const struct cbor *cbor_at(const struct cbor *map, int64_t key);
const struct cbor *cbor_named(const struct cbor *map, const char *key);

/* Text as a string in the arena; NULL if it is none or holds a NUL. */
const char *cbor_str(struct ctx *cx, const struct cbor *text);

#endif
