/*
 * What an owner's apps and pages are told of: which requests wait for the
 * owner, and what happens.  A cursor is where the reader has come to; nothing
 * after it is lost, and where that cannot be promised (a restored database, a
 * cursor older than what is kept) the reader is told to start anew.
 */
#ifndef DOMAIN_NOTICES_H
#define DOMAIN_NOTICES_H

#include <stdbool.h>

#include "domain/caller.h"
#include "store/notice.h"

/* "EPOCH.POSITION", in decimal; false for anything else.  Pure. */
bool notices_cursor_read(const char *text, int64_t *epoch, int64_t *position);

struct notices {
	struct notice *v;
	size_t n;
	const char *next; /* the cursor after them */
	bool reset;       /* the reader's cursor leads nowhere */
	uint32_t mark;    /* for waiting_add, if there are none */
};

/* What came after the cursor; with NULL, nothing but the present cursor. */
ERR_FN notices_after(struct ctx *cx, const struct owner_caller *owner,
    const char *cursor, struct notices *out);

#endif
