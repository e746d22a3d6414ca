#include "base/limits.h"
#include "domain/registry.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

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
	JSON_F_STR(audit_row, code, LIMIT_SLUG, false),
	JSON_F_STR(audit_row, detail, 4 * KIB, false),
	JSON_END,
};

static const struct json_field events_fields[] =
    ANSWER_PAGE("events", LIMIT_PAGE, audit_row, event_fields);

const struct err *
get_events(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct audit_query events;
	struct page_query q;
	struct audit_row *a;
	const struct err *e;

	e = page_query(cx, rq, &q);
	if (e != NULL)
		return e;
	events = (struct audit_query){
		.device_id = request_query(rq, "device"),
		.request_id = request_query(rq, "request"),
		.kind = request_query(rq, "kind"),
		.after = q.after,
		.limit = q.limit,
	};
	e = registry_list_events(cx, &events, &a, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = a;
	if (page_is_full(&q, page.rows.n))
		page.next = a[page.rows.n - 1].cursor;
	return answer_json(cx, rs, 200, events_fields, &page);
}
