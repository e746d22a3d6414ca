#include "http/page.h"

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

bool
page_is_full(const struct page_query *q, size_t n)
{
	return n == (size_t)q->limit;
}
