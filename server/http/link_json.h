/*
 * A code that one owner hands to another, as the page gets it: the code, the
 * link to it, and the link as a QR code that the other phone reads.
 */
#ifndef HTTP_LINK_JSON_H
#define HTTP_LINK_JSON_H

#include "codec/json.h"
#include "http/http.h"

/* Answers 201 with it; id is of what the code is for, or NULL. */
struct link {
	const char *id, *code, *link;
	int64_t expires_at;
};
ERR_FN link_answer(struct ctx *cx, struct reply *rs, const struct link *in);

#endif
