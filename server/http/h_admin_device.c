#include "base/arena.h"
#include "base/limits.h"
#include "domain/ownership.h"
#include "domain/revoke.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

static const struct json_field device_fields[] = {
	JSON_F_STR(device, id, 36, true),
	ANSWER_STR(device, manufacturer_id, "manufacturer", LIMIT_SLUG, true),
	ANSWER_STR(device, model_id, "model", LIMIT_SLUG, true),
	JSON_F_STR(device, serial, LIMIT_SERIAL, false),
	JSON_F_STR(device, owner_id, 36, false),
	JSON_F_STR(device, state, 16, true),
	JSON_F_BOOL(device, quarantined, true),
	JSON_F_STR(device, quarantine_reason, LIMIT_NAME, false),
	JSON_F_TIME(device, quarantined_at, false),
	JSON_F_BOOL(device, lost, true),
	JSON_F_BOOL(device, revoked, true),
	JSON_F_BOOL(device, decommissioned, true),
	JSON_F_TIME(device, created_at, true),
	JSON_F_TIME(device, certificate_not_after, false),
	JSON_END,
};

static const struct json_field devices_fields[] =
    ANSWER_PAGE("devices", LIMIT_PAGE, device, device_fields);

struct reason_in {
	const char *reason;
};

static const struct json_field reason_fields[] = {
	JSON_F_STR(reason_in, reason, LIMIT_NAME, true),
	JSON_END,
};

static const struct json_field nothing_fields[] = { JSON_END };

static ERR_FN
reply_device(struct ctx *cx, struct reply *rs, const char *id)
{
	struct device d;
	const struct err *e = ownership_get_any(cx, id, &d);

	return e != NULL ? e : answer_json(cx, rs, 200, device_fields, &d);
}

const struct err *
get_admin_device(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return reply_device(cx, rs, rq->param[0]);
}

const struct err *
delete_admin_device(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    ownership_release_ownerless(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
get_admin_devices(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct page_query q;
	const struct err *e;
	struct device *d;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = ownership_list_all(cx, request_query(rq, "manufacturer"),
		    q.after, q.limit, &d, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = d;
	if (page_is_full(&q, page.rows.n))
		page.next = d[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, devices_fields, &page);
}

const struct err *
post_device_revoke(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct reason_in in;
	const struct err *e = json_read(cx, rq->body, reason_fields, &in);

	if (e == NULL)
		e = revoke_device(
		    cx, &rq->caller.admin, rq->param[0], in.reason);
	return e != NULL ? e : reply_device(cx, rs, rq->param[0]);
}

const struct err *
post_device_decommission(struct ctx *cx, struct request *rq, struct reply *rs)
{
	char none;
	const struct err *e = json_read(cx, rq->body, nothing_fields, &none);

	if (e == NULL)
		e = revoke_decommission(cx, &rq->caller.admin, rq->param[0]);
	return e != NULL ? e : reply_device(cx, rs, rq->param[0]);
}

static const struct json_field revoke_serial_fields[] = {
	JSON_F_STR(revoke_serial, reason, LIMIT_NAME, true),
	JSON_F_BOOL(revoke_serial, preemptive, false),
	JSON_END,
};

static const struct json_field revoked_serial_fields[] = {
	JSON_F_STR(revoked_serial, serial, 40, true),
	ANSWER_STR(revoked_serial, device_id, "device", 36, false),
	JSON_F_TIME(revoked_serial, not_after, false),
	JSON_END,
};

const struct err *
post_certificate_revoke(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct revoke_serial in = { .serial = rq->param[0] };
	struct revoked_serial out;
	const struct err *e =
	    json_read(cx, rq->body, revoke_serial_fields, &in);

	if (e == NULL)
		e = revoke_certificate(cx, &rq->caller.admin, &in, &out);
	return e != NULL
		   ? e
		   : answer_json(cx, rs, 200, revoked_serial_fields, &out);
}

const struct err *
post_device_quarantine(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct reason_in in;
	const struct err *e = json_read(cx, rq->body, reason_fields, &in);

	if (e == NULL)
		e = revoke_quarantine(
		    cx, &rq->caller.admin, rq->param[0], in.reason);
	return e != NULL ? e : reply_device(cx, rs, rq->param[0]);
}

const struct err *
post_device_lift(struct ctx *cx, struct request *rq, struct reply *rs)
{
	char none;
	const struct err *e = json_read(cx, rq->body, nothing_fields, &none);

	if (e == NULL)
		e = revoke_lift(cx, &rq->caller.admin, rq->param[0]);
	return e != NULL ? e : reply_device(cx, rs, rq->param[0]);
}
