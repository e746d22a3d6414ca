#include "http/page.h"

#include "base/clock.h"
#include "base/limits.h"

static const struct err ERR_BAD_LIMIT = { KIND_INVALID, "bad-limit",
	"The limit must be a number from 1 to 100." };

const struct err *
page_query(struct ctx *cx, const struct request *rq, struct page_query *out)
{
	const char *limit = request_query(rq, "limit");
	char *end;

	out->after = request_query(rq, "after");
	out->limit = PAGE_DEFAULT;
	if (limit == NULL)
		return NULL;
	out->limit = strtol(limit, &end, 10);
	if (end == limit || *end != '\0' || out->limit < 1 ||
	    out->limit > LIMIT_PAGE)
		return fail(cx, &ERR_BAD_LIMIT, "limit is \"%s\"", limit);
	return NULL;
}

const struct err *
page_known(struct ctx *cx, const struct request *rq, const char *const *known)
{
	const char *name = request_query_unknown(rq, known);

	if (name == NULL)
		return NULL;
	return fail(
	    cx, &ERR_BAD_REQUEST, "%.60s: there is no such parameter", name);
}

const struct err *
page_time(
    struct ctx *cx, const struct request *rq, const char *name, int64_t *out)
{
	const char *text = request_query(rq, name);

	*out = 0;
	if (text != NULL && (!clock_parse(bytes_str(text), out) || *out <= 0))
		return fail(cx, &ERR_BAD_REQUEST,
		    "%s: no time like 2026-11-21T02:00:00Z, nor a date", name);
	return NULL;
}

const struct err *
page_flag(struct ctx *cx, const struct request *rq, const char *name, bool *out)
{
	const char *text = request_query(rq, name);

	*out = text != NULL && strcmp(text, "yes") == 0;
	if (text != NULL && !*out && strcmp(text, "no") != 0)
		return fail(cx, &ERR_BAD_REQUEST, "%s: yes or no", name);
	return NULL;
}

bool
page_is_full(const struct page_query *q, size_t n)
{
	return n == (size_t)q->limit;
}
