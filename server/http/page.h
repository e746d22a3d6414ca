/*
 * Paging, the same on every list: ?after=<last id seen>&limit=<1 to 100>,
 * and "next" in the answer while there is more.
 */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "http/http.h"

#define PAGE_DEFAULT 100

struct page_query {
	const char *after; /* NULL: from the start */
	int64_t limit;
};

/* Reads both parameters; a limit out of range is refused. */
ERR_FN
page_query(struct ctx *cx, const struct request *rq, struct page_query *out);

/* Refuses a parameter that is none of known, which ends with NULL: a filter
 * that was misspelt would find everything. */
ERR_FN
page_known(struct ctx *cx, const struct request *rq, const char *const *known);

/* A filter that is a time (RFC 3339 in UTC, or a date); 0 if absent. */
ERR_FN page_time(
    struct ctx *cx, const struct request *rq, const char *name, int64_t *out);

/* A filter that is yes or no; no if absent. */
ERR_FN page_flag(
    struct ctx *cx, const struct request *rq, const char *name, bool *out);

/* Whether there may be more: n rows are as many as were asked for. */
bool page_is_full(const struct page_query *q, size_t n);

#endif
