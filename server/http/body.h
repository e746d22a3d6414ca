/*
 * A request's body as it arrives: small ones whole in the arena, an
 * allowlist in a file that has no name, so that nothing of it is left if we
 * are killed.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/err.h"

struct body {
	struct buf mem;
	int fd; /* -1: in memory */
	size_t n, limit;
};

void body_init(struct body *b);

/* In the arena, at most limit bytes. */
void body_in_memory(struct body *b, struct ctx *cx, size_t limit);

/* In an unlinked file below dir. */
ERR_FN
body_in_file(struct body *b, struct ctx *cx, size_t limit, const char *dir);

/* Adds a part; ERR_TOO_LARGE (http/router) above the limit. */
ERR_FN body_add(struct body *b, struct ctx *cx, struct bytes part);

/* The file, to be read from its start, borrowed; -1 if it is in memory. */
int body_file(const struct body *b);

void body_release(struct body *b);

#endif
