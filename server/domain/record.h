/*
 * Records of enrollments for operators: what an attempt came to, step by step
 * with the reasons, and what to do next.  The sender learns a status and the
 * request id that leads here (SECURITY.md E5).
 */
#ifndef DOMAIN_RECORD_H
#define DOMAIN_RECORD_H

#include "domain/caller.h"
#include "store/record.h"

/* One step in words. */
struct record_words {
	const char *at, *kind;
	const char *result; /* done or refused */
	const char *words;
	const char *code, *detail, *request_id; /* or NULL */
};

struct record_view {
	struct record_row row;
	const char *reason_code; /* why it came no further, or NULL */
	const char *hint;        /* what the operator can do now */
	struct record_words *steps;
	size_t n_steps;
};

#define RECORD_STEPS_MOST 100

/* ERR_BAD_REQUEST: a filter that nothing could match. */
ERR_FN record_find(
    struct ctx *cx, const struct record_query *q, struct record_page *out);

/* By the id of the attempt or of any of its requests; by its user code, as a
 * person typed it.  ERR_NOT_FOUND. */
ERR_FN record_show(struct ctx *cx, const char *id, struct record_view *out);
ERR_FN record_show_code(
    struct ctx *cx, const char *user_code, struct record_view *out);

/* Records that somebody who had proved to be a unit or its device was refused;
 * of each unit only so many in an hour (E3).  What passes by itself is none,
 * nor what was recorded where it was found. */
void record_refused(
    struct ctx *cx, const struct caller *caller, const struct err *e);

#endif
