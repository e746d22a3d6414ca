#include "base/limits.h"
#include "domain/notices.h"
#include "http/answer.h"
#include "http/exchange.h"
#include "http/handlers.h"

/* Below what proxies on the way wait for an answer. */
#define WAIT_MOST 50

static const struct err ERR_WAIT = { KIND_INVALID, "bad-wait",
	"Wait for 0 to 50 seconds." };

static const struct json_field notice_fields[] = {
	JSON_F_TIME(notice, at, true),
	JSON_F_STR(notice, kind, LIMIT_NAME, true),
	JSON_F_STR(notice, approval_id, 36, false),
	JSON_F_STR(notice, device_id, 36, false),
	JSON_END,
};

struct events_out {
	struct json_list events;
	const char *next;
	bool reset;
};

static const struct json_field events_fields[] = {
	JSON_F_LIST(events_out, events, LIMIT_PAGE, notice, notice_fields),
	JSON_F_STR(events_out, next, LIMIT_NAME, true),
	JSON_F_BOOL(events_out, reset, true),
	JSON_END,
};

static ERR_FN
read_wait(struct ctx *cx, const struct request *rq, int64_t *wait)
{
	const char *text = request_query(rq, "wait");
	size_t n = text == NULL ? 0 : strlen(text);

	*wait = 0;
	if (text == NULL)
		return NULL;
	if (n == 0 || n > 2 || strspn(text, "0123456789") != n)
		return fail(cx, &ERR_WAIT, "wait is \"%.40s\"", text);
	*wait = strtol(text, NULL, 10);
	return *wait <= WAIT_MOST ? NULL
				  : fail(cx, &ERR_WAIT, "wait is %s", text);
}

const struct err *
get_events_of_owner(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *after = request_query(rq, "after");
	struct events_out out;
	struct notices l;
	const struct err *e;
	int64_t wait;

	e = read_wait(cx, rq, &wait);
	if (e == NULL)
		e = notices_after(cx, &rq->caller.owner, after, &l);
	if (e != NULL)
		return e;
	out = (struct events_out){ { l.v, l.n }, l.next, l.reset };
	e = answer_json(cx, rs, 200, events_fields, &out);
	if (e == NULL && after != NULL && wait > 0 && l.n == 0 && !l.reset) {
		rs->wait_for = rq->caller.owner.owner_id;
		rs->wait_mark = l.mark;
		rs->wait_seconds = wait;
	}
	return e;
}
