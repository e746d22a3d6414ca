#include "base/limits.h"
#include "codec/json.h"
#include "domain/child.h"
#include "domain/holder.h"
#include "domain/oauth.h"
#include "http/answer.h"
#include "http/app.h"
#include "http/handlers.h"
#include "http/touch_json.h"

#define NAME_TEXT 64
#define STATE_TEXT 16

static const struct json_field in_fields[] = {
	JSON_F_STR(child_in, serial, LIMIT_SERIAL, true),
	JSON_F_STR(child_in, name, NAME_TEXT, true),
	JSON_F_STR(child_in, scope, CHILD_SCOPES, false),
	JSON_END,
};

static const struct json_field out_fields[] = {
	JSON_F_STR(child_out, id, 36, true),
	JSON_F_STR(child_out, state, STATE_TEXT, true),
	JSON_F_STR(child_out, scope, CHILD_SCOPES, true),
	JSON_F_STR(child_out, subject_token, 128, true),
	JSON_F_TIME(child_out, expires_at, true),
	JSON_END,
};

static const struct json_field child_fields[] = {
	JSON_F_STR(child, id, 36, true),
	JSON_F_STR(child, serial, LIMIT_SERIAL, true),
	JSON_F_STR(child, name, NAME_TEXT, true),
	JSON_F_STR(child, scope, CHILD_SCOPES, true),
	JSON_F_STR(child, state, STATE_TEXT, true),
	JSON_F_TIME(child, created_at, true),
	JSON_F_TIME(child, expires_at, true),
	JSON_END,
};

struct decision_in {
	const char *decision;
	struct touch_answer touch;
};

static const struct json_field decision_fields[] = {
	JSON_F_STR(decision_in, decision, STATE_TEXT, true),
	JSON_F_OBJ(decision_in, touch, touch_answer_fields, false),
	JSON_END,
};

static const struct json_field exchange_fields[] = {
	JSON_F_STR(exchange_out, access_token, LIMIT_JWS, true),
	JSON_F_STR(exchange_out, issued_token_type, 128, true),
	JSON_F_STR(exchange_out, token_type, 16, true),
	JSON_F_INT(exchange_out, expires_in, 0, true),
	JSON_F_STR(exchange_out, scope, CHILD_SCOPES, true),
	JSON_END,
};

const struct err *
post_child(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	struct child_out out;
	struct child_in in;

	/* A registration authority is no hub. */
	if (rq->caller.kind != CALLER_DEVICE)
		return fail(cx, &ERR_CERTIFICATE, "no device");
	e = json_read(cx, rq->body, in_fields, &in);
	if (e == NULL)
		e = child_register(
		    cx, &rq->caller.device, rq->param[0], &in, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, out_fields, &out);
}

static const struct json_field page_fields[] =
    ANSWER_PAGE("children", CHILD_MOST, child, child_fields);

const struct err *
get_admin_children(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct child *rows;
	const struct err *e =
	    child_page_any(cx, rq->param[0], &rows, &page.rows.n);

	page.rows.v = rows;
	return e != NULL ? e : answer_json(cx, rs, 200, page_fields, &page);
}

const struct err *
get_children(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct child *rows;
	const struct err *e = child_page(
	    cx, &rq->caller.owner, rq->param[0], &rows, &page.rows.n);

	page.rows.v = rows;
	return e != NULL ? e : answer_json(cx, rs, 200, page_fields, &page);
}

const struct err *
post_child_decision(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct decision_in in = { .decision = NULL };
	struct child_decision word = { .hub_id = rq->param[0],
		.id = rq->param[1] };
	const struct err *e = json_read(cx, rq->body, decision_fields, &in);

	if (e != NULL)
		return e;
	word.decision = in.decision;
	word.touch = touch_given(&in.touch);
	e = child_word(cx, &rq->caller.owner, &word);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
exchange_token(struct ctx *cx, struct request *rq, const struct form *form,
    struct reply *rs)
{
	struct exchange_in in = {
		.subject_token = form_get(form, "subject_token"),
		.subject_token_type = form_get(form, "subject_token_type"),
		.actor_token = form_get(form, "actor_token"),
		.actor_token_type = form_get(form, "actor_token_type"),
		.requested_token_type = form_get(form, "requested_token_type"),
		.resource = form_get(form, "resource"),
		.audience = form_get(form, "audience"),
		.scope = form_get(form, "scope"),
	};
	const struct err *e = holder_judge(cx, &rq->peer, &rq->caller);
	struct exchange_out out;

	if (e == NULL && rq->caller.kind != CALLER_DEVICE)
		e = fail(cx, &ERR_UNAUTHORIZED_CLIENT, "no device");
	if (e != NULL)
		return e;
	in.x5t = holder_x5t(cx, &rq->peer);
	e = child_exchange(cx, &rq->caller.device, &in, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, exchange_fields, &out);
}
