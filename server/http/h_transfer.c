#include "base/limits.h"
#include "codec/json.h"
#include "domain/transfer.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/link_json.h"
#include "http/touch_json.h"

struct code_in {
	const char *code;
};

static const struct json_field code_fields[] = {
	JSON_F_STR(code_in, code, 64, true),
	JSON_END,
};

static const struct json_field view_fields[] = {
	JSON_F_STR(transfer_view, id, 36, true),
	JSON_F_RAW(transfer_view, facts, LIMIT_BODY_SMALL, true),
	JSON_F_STR(transfer_view, digest, 64, true),
	JSON_F_STR(transfer_view, account, 64, true),
	JSON_F_TIME(transfer_view, proved_at, true),
	JSON_F_TIME(transfer_view, expires_at, true),
	JSON_END,
};

struct word_in {
	const char *code, *digest;
	struct touch_answer touch;
};

static const struct json_field word_fields[] = {
	JSON_F_STR(word_in, code, 64, true),
	JSON_F_STR(word_in, digest, 64, true),
	JSON_F_OBJ(word_in, touch, touch_answer_fields, false),
	JSON_END,
};

struct taken_out {
	const char *device_id;
};

static const struct json_field taken_fields[] = {
	JSON_F_STR(taken_out, device_id, 36, true),
	JSON_END,
};

const struct err *
post_device_transfer(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct transfer_offer out;
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = transfer_offer(
		    cx, &rq->caller.owner, rq->param[0], in, &out);
	return e != NULL ? e
			 : link_answer(cx, rs,
			       &(struct link){
				   NULL, out.code, out.link, out.expires_at });
}

const struct err *
delete_device_transfer(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    transfer_take_back(cx, &rq->caller.owner, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
post_transfer_lookup(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct transfer_view out;
	struct code_in in;
	const struct err *e;

	e = json_read(cx, rq->body, code_fields, &in);
	if (e == NULL)
		e = transfer_show(
		    cx, &rq->caller.owner, rq->address, in.code, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, view_fields, &out);
}

const struct err *
post_transfer_acceptance(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct transfer_word word;
	struct taken_out out;
	const struct err *e;
	struct word_in in = { .code = NULL };

	e = json_read(cx, rq->body, word_fields, &in);
	if (e != NULL)
		return e;
	word = (struct transfer_word){ rq->param[0], in.code, in.digest,
		touch_given(&in.touch) };
	e = transfer_take(
	    cx, &rq->caller.owner, rq->address, &word, &out.device_id);
	return e != NULL ? e : answer_json(cx, rs, 200, taken_fields, &out);
}
