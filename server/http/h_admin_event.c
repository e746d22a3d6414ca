#include "base/limits.h"
#include "domain/audit.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

struct events_view {
	struct json_list events;
	const char *last, *next;
};

static const struct json_field event_fields[] = {
	JSON_F_STR(audit_row, id, 36, true),
	JSON_F_STR(audit_row, at, 32, true),
	JSON_F_STR(audit_row, kind, LIMIT_SLUG, true),
	JSON_F_STR(audit_row, request_id, 64, false),
	JSON_F_STR(audit_row, manufacturer_id, LIMIT_SLUG, false),
	JSON_F_STR(audit_row, birth_id, 20, false),
	JSON_F_STR(audit_row, device_id, 36, false),
	JSON_F_STR(audit_row, owner_id, 36, false),
	JSON_F_STR(audit_row, approval_id, 36, false),
	JSON_F_STR(audit_row, admin_token_id, 16, false),
	JSON_F_STR(audit_row, second_token_id, 16, false),
	JSON_F_STR(audit_row, code, LIMIT_SLUG, false),
	JSON_F_STR(audit_row, detail, 4 * KIB, false),
	JSON_END,
};

static const struct json_field events_fields[] = {
	{ .name = "events",
	    .type = JSON_LIST,
	    .offset = offsetof(struct events_view, events),
	    .max = LIMIT_PAGE,
	    .required = true,
	    .sub = event_fields,
	    .stride = sizeof(struct audit_row) },
	JSON_F_STR(events_view, last, LIMIT_NAME, false),
	JSON_F_STR(events_view, next, LIMIT_NAME, false),
	JSON_END,
};

static ERR_FN
read_query(struct ctx *cx, const struct request *rq, struct audit_query *out)
{
	static const char *const known[] = { "device", "owner", "token",
		"request", "kind", "from", "to", "newest", "settled", "after",
		"limit", NULL };
	struct page_query q;
	const struct err *e = page_known(cx, rq, known);

	if (e == NULL)
		e = page_query(cx, rq, &q);
	if (e != NULL)
		return e;
	*out = (struct audit_query){
		.device_id = request_query(rq, "device"),
		.owner_id = request_query(rq, "owner"),
		.admin_token_id = request_query(rq, "token"),
		.request_id = request_query(rq, "request"),
		.kind = request_query(rq, "kind"),
		.after = q.after,
		.limit = q.limit,
	};
	e = page_time(cx, rq, "from", &out->from);
	if (e == NULL)
		e = page_time(cx, rq, "to", &out->to);
	if (e == NULL)
		e = page_flag(cx, rq, "newest", &out->newest);
	return e != NULL ? e : page_flag(cx, rq, "settled", &out->settled);
}

const struct err *
get_events(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct events_view view;
	struct audit_query query;
	struct audit_page page;
	const struct err *e;

	e = read_query(cx, rq, &query);
	if (e == NULL)
		e = audit_find(cx, &query, &page);
	if (e != NULL)
		return e;
	view = (struct events_view){ { page.v, page.n }, page.last, page.next };
	return answer_json(cx, rs, 200, events_fields, &view);
}
