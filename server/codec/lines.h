/*
 * A stream cut into lines, whatever the chunks it arrives in.  LF ends a
 * line and one CR before it is dropped; memory is bounded by the longest
 * line allowed, and the content of longer ones is skipped.
 *
 *	AUTO_STRUCT(lines) *l = lines_new(LIMIT_IMPORT_LINE);
 *	while ((n = read(fd, p, sizeof(p))) >= 0) {
 *		struct bytes chunk = { p, (size_t)n };
 *		while (lines_next(l, &chunk, n == 0, &line))
 *			...
 *		if (n == 0)
 *			break;
 *	}
 */
#ifndef CODEC_LINES_H
#define CODEC_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"

struct lines;

struct line {
	int64_t number; /* from 1 */
	struct bytes text;
	bool too_long; /* text is then empty */
};

struct lines *lines_new(size_t max);
void lines_free(struct lines *l);
AUTO_STRUCT_DEFINE(lines, lines_free);

/* The next line, taken from the front of *chunk; its text is borrowed until
 * the next call.  False when the chunk is used up.  last says that nothing
 * follows the chunk, so that a last line without line break counts. */
bool
lines_next(struct lines *l, struct bytes *chunk, bool last, struct line *out);

#endif
