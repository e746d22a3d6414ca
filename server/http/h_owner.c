#include "base/arena.h"
#include "base/limits.h"
#include "codec/json.h"
#include "domain/consent.h"
#include "domain/ownership.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"
#include "http/touch_json.h"

struct lookup_in {
	const char *user_code;
};

static const struct json_field lookup_fields[] = {
	JSON_F_STR(lookup_in, user_code, 32, true),
	JSON_END,
};

static const struct json_field claim_fields[] = {
	JSON_F_STR(consent_claim, serial, LIMIT_SERIAL, true),
	JSON_F_STR(consent_claim, claim_code, 64, true),
	JSON_F_STR(consent_claim, manufacturer, LIMIT_SLUG, false),
	JSON_END,
};

static const struct json_field view_fields[] = {
	JSON_F_STR(consent_view, id, 36, true),
	JSON_F_STR(consent_view, kind, 16, true),
	JSON_F_RAW(consent_view, facts, LIMIT_BODY_SMALL, true),
	JSON_F_STR(consent_view, digest, 64, false), /* in a list: maybe */
	JSON_F_STR(consent_view, account, 64, true),
	JSON_F_TIME(consent_view, expires_at, true),
	JSON_F_TIME(consent_view, first_seen, false),
	JSON_F_BOOL(consent_view, owned_before, true),
	JSON_F_TIME(consent_view, asked_at, true),
	JSON_F_STR(consent_view, network, 8, false),
	JSON_F_BOOL(consent_view, same_network_required, true),
	JSON_END,
};

struct decision_in {
	const char *decision, *digest;
	struct bytes signature;
	struct touch_answer touch;
};

static const struct json_field decision_fields[] = {
	JSON_F_STR(decision_in, decision, 16, true),
	JSON_F_STR(decision_in, digest, 64, true),
	JSON_F_B64U(decision_in, signature, 64, false),
	JSON_F_OBJ(decision_in, touch, touch_answer_fields, false),
	JSON_END,
};

static const struct json_field ask_fields[] = {
	JSON_F_STR(consent_decision, decision, 16, true),
	JSON_F_STR(consent_decision, digest, 64, true),
	JSON_END,
};

static const struct json_field result_fields[] = {
	JSON_F_STR(consent_result, id, 36, true),
	JSON_F_STR(consent_result, state, 16, true),
	JSON_F_STR(consent_result, device_id, 36, false),
	JSON_END,
};

/* A device as its owner sees it. */
struct device_view {
	const char *id, *manufacturer, *model, *serial, *state;
	bool quarantined, lost;
	const char *quarantine_reason;
	int64_t created_at, certificate_not_after, quarantined_at;
	const char *manufacturer_name, *model_name, *support_until;
	int64_t transfer_until, children_waiting;
};

static const struct json_field device_fields[] = {
	JSON_F_STR(device_view, id, 36, true),
	JSON_F_STR(device_view, manufacturer, LIMIT_SLUG, true),
	JSON_F_STR(device_view, model, LIMIT_SLUG, true),
	JSON_F_STR(device_view, serial, LIMIT_SERIAL, false),
	JSON_F_STR(device_view, state, 16, true),
	JSON_F_BOOL(device_view, quarantined, true),
	JSON_F_STR(device_view, quarantine_reason, LIMIT_NAME, false),
	JSON_F_TIME(device_view, quarantined_at, false),
	JSON_F_TIME(device_view, created_at, true),
	JSON_F_TIME(device_view, certificate_not_after, false),
	JSON_F_BOOL(device_view, lost, true),
	JSON_F_STR(device_view, manufacturer_name, LIMIT_NAME, true),
	JSON_F_STR(device_view, model_name, LIMIT_NAME, true),
	JSON_F_STR(device_view, support_until, 32, false),
	JSON_F_TIME(device_view, transfer_until, false),
	JSON_F_INT(device_view, children_waiting, 0, true),
	JSON_END,
};

static const struct json_field step_fields[] = {
	JSON_F_TIME(audit_step, at, true),
	JSON_F_STR(audit_step, kind, LIMIT_NAME, true),
	JSON_F_STR(audit_step, code, LIMIT_SLUG, false),
	JSON_END,
};

static const struct json_field history_fields[] =
    ANSWER_PAGE("events", LIMIT_PAGE, audit_step, step_fields);

static const struct json_field page_fields[] =
    ANSWER_PAGE("devices", LIMIT_PAGE, device_view, device_fields);

#define WAITING_PAGE 20 /* requests of one answer, each with its facts */

static const struct json_field waiting_fields[] =
    ANSWER_PAGE("approvals", WAITING_PAGE, consent_view, view_fields);

const struct err *
get_approvals(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct consent_query query;
	struct consent_view *views;
	const struct err *e;
	struct page_query q;

	e = page_query(cx, rq, &q);
	if (e == NULL && q.limit > WAITING_PAGE)
		q.limit = WAITING_PAGE;
	query = (struct consent_query){ q.after, rq->address, q.limit };
	if (e == NULL)
		e = consent_page(
		    cx, &rq->caller.owner, &query, &views, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = views;
	if (page_is_full(&q, page.rows.n))
		page.next = views[page.rows.n - 1].id;
	return answer_json(cx, rs, 200, waiting_fields, &page);
}

const struct err *
post_approval_lookup(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct consent_view out;
	struct lookup_in in;
	const struct err *e;

	e = json_read(cx, rq->body, lookup_fields, &in);
	if (e == NULL)
		e = consent_lookup(
		    cx, &rq->caller.owner, rq->address, in.user_code, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, view_fields, &out);
}

const struct err *
post_claim(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct consent_claim in = { NULL, NULL, NULL };
	struct consent_view out;
	const struct err *e;

	e = json_read(cx, rq->body, claim_fields, &in);
	if (e == NULL)
		e = consent_claim(
		    cx, &rq->caller.owner, rq->address, &in, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, view_fields, &out);
}

const struct err *
post_approval_challenge(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct consent_decision in = { .touch = NULL };
	struct touch_challenge out;
	const struct err *e;

	e = json_read(cx, rq->body, ask_fields, &in);
	if (e == NULL)
		e = consent_ask(cx, &rq->caller.owner, rq->param[0], &in, &out);
	return e != NULL
		   ? e
		   : answer_json(cx, rs, 200, touch_challenge_fields, &out);
}

const struct err *
post_approval_decision(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct decision_in in = { .signature = BYTES_NONE };
	struct consent_decision decision;
	struct consent_result out;
	const struct err *e;

	e = json_read(cx, rq->body, decision_fields, &in);
	if (e != NULL)
		return e;
	decision = (struct consent_decision){ in.decision, in.digest,
		in.signature, touch_given(&in.touch), rq->address };
	e = consent_decide(
	    cx, &rq->caller.owner, rq->param[0], &decision, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, result_fields, &out);
}

static struct device_view
view_of(const struct device *d)
{
	return (struct device_view){
		.id = d->id,
		.manufacturer = d->manufacturer_id,
		.model = d->model_id,
		.serial = d->serial,
		.state = d->state,
		.quarantined = d->quarantined,
		.quarantine_reason = d->quarantine_reason,
		.quarantined_at = d->quarantined_at,
		.created_at = d->created_at,
		.certificate_not_after = d->certificate_not_after,
		.lost = d->lost,
		.manufacturer_name = d->manufacturer_name,
		.model_name = d->model_name,
		.support_until = d->support_until,
		.transfer_until = d->transfer_until,
		.children_waiting = d->children_waiting,
	};
}

const struct err *
get_devices(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct device_view *views;
	const struct err *e;
	struct page_query q;
	struct device *d;
	size_t i, n;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = ownership_list(
		    cx, &rq->caller.owner, q.after, q.limit, &d, &n);
	if (e != NULL)
		return e;
	views = arena_alloc(cx->arena, (n + 1) * sizeof(*views));
	for (i = 0; i < n; i++)
		views[i] = view_of(&d[i]);
	page.rows = (struct json_list){ views, n };
	if (page_is_full(&q, n))
		page.next = d[n - 1].id;
	return answer_json(cx, rs, 200, page_fields, &page);
}

const struct err *
get_device(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct device_view view;
	const struct err *e;
	struct device d;

	e = ownership_get(cx, &rq->caller.owner, rq->param[0], &d);
	if (e != NULL)
		return e;
	view = view_of(&d);
	return answer_json(cx, rs, 200, device_fields, &view);
}

const struct err *
delete_device(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;

	e = ownership_release(cx, &rq->caller.owner, rq->param[0], NULL);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
get_device_history(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct audit_query query = { .device_id = rq->param[0] };
	struct audit_step *steps;
	const struct err *e;
	struct page_query q;

	e = page_query(cx, rq, &q);
	query.after = q.after;
	query.limit = q.limit;
	if (e == NULL)
		e = ownership_history(
		    cx, &rq->caller.owner, &query, &steps, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = steps;
	if (page_is_full(&q, page.rows.n))
		page.next = steps[page.rows.n - 1].cursor;
	return answer_json(cx, rs, 200, history_fields, &page);
}

const struct err *
post_approval_report(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;

	e = consent_report(cx, &rq->caller.owner, rq->param[0]);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

static ERR_FN
set_lost(struct ctx *cx, struct request *rq, struct reply *rs, bool lost)
{
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = ownership_lost(
		    cx, &rq->caller.owner, rq->param[0], lost, in);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
post_device_lost(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return set_lost(cx, rq, rs, true);
}

const struct err *
post_device_found(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return set_lost(cx, rq, rs, false);
}

const struct err *
post_device_release(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = ownership_release(cx, &rq->caller.owner, rq->param[0], in);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
