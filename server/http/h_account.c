#include "base/limits.h"
#include "codec/json.h"
#include "domain/account.h"
#include "http/answer.h"
#include "http/cookie.h"
#include "http/handlers.h"
#include "http/touch_json.h"

#define NAME_BYTES 64

/* Who is signed in, as the page is told. */
struct session_out {
	const char *account, *name, *csrf;
	bool recovery;
	int64_t recovered_at, held_until;
};

static const struct json_field session_fields[] = {
	JSON_F_STR(session_out, account, 36, true),
	JSON_F_STR(session_out, name, NAME_BYTES, true),
	JSON_F_STR(session_out, csrf, 64, true),
	JSON_F_BOOL(session_out, recovery, true),
	JSON_F_TIME(session_out, recovered_at, false),
	JSON_F_TIME(session_out, held_until, false),
	JSON_END,
};

static const struct json_field sign_up_fields[] = {
	JSON_F_STR(account_new, account, 36, true),
	JSON_F_STR(account_new, name, LIMIT_NAME, true),
	JSON_F_STR(account_new, passkey, LIMIT_NAME, true),
	JSON_F_OBJ(account_new, made, touch_made_fields, true),
	JSON_END,
};

struct sign_up_out {
	const char *account;
	struct touch_challenge touch;
};

static const struct json_field sign_up_out_fields[] = {
	JSON_F_STR(sign_up_out, account, 36, true),
	JSON_F_OBJ(sign_up_out, touch, touch_challenge_fields, true),
	JSON_END,
};

struct recovery_in {
	const char *code;
};

static const struct json_field recovery_fields[] = {
	JSON_F_STR(recovery_in, code, 64, true),
	JSON_END,
};

struct ask_in {
	const char *action, *target;
};

static const struct json_field ask_fields[] = {
	JSON_F_STR(ask_in, action, 32, true),
	JSON_F_STR(ask_in, target, 128, false),
	JSON_END,
};

struct passkey_in {
	const char *name;
	struct touch_answer touch;
	struct touch_made made;
};

static const struct json_field passkey_in_fields[] = {
	JSON_F_STR(passkey_in, name, LIMIT_NAME, true),
	JSON_F_OBJ(passkey_in, touch, touch_answer_fields, false),
	JSON_F_OBJ(passkey_in, made, touch_made_fields, true),
	JSON_END,
};

struct codes_out {
	struct json_strs codes;
};

static const struct json_field codes_fields[] = {
	JSON_F_STRS(codes_out, codes, RECOVERY_CODES, 32, true),
	JSON_END,
};

/* The session as GET /v1/session tells it. */
static ERR_FN
answer_session(struct ctx *cx, struct reply *rs, int status,
    const struct owner_caller *owner)
{
	struct session_out out = { .account = owner->owner_id,
		.csrf = session_csrf(cx, owner->cookie),
		.recovery = owner->recovery };
	struct account a;
	const struct err *e = account_view(cx, owner->owner_id, &a);

	if (e != NULL)
		return e;
	out.name = a.name;
	out.recovered_at = a.recovered_at;
	out.held_until = a.held ? a.held_until : 0;
	return answer_json(cx, rs, status, session_fields, &out);
}

/* Signed in: the cookie, and what GET /v1/session will say. */
static ERR_FN
answer_signed_in(struct ctx *cx, struct reply *rs, int status, bool recovery,
    const struct signed_in *in)
{
	const struct owner_caller owner = { .owner_id = in->account,
		.cookie = in->session.cookie,
		.recovery = recovery };
	const struct err *e = answer_session(cx, rs, status, &owner);

	if (e == NULL)
		cookie_set(cx, rs, in->session.cookie, in->session.lifetime);
	return e;
}

const struct err *
post_account_challenge(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct sign_up_out out;
	const struct err *e;

	e = account_ask_sign_up(cx, rq->address, &out.account, &out.touch);
	return e != NULL ? e
			 : answer_json(cx, rs, 200, sign_up_out_fields, &out);
}

const struct err *
post_account(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct signed_in out;
	struct account_new in;
	const struct err *e;

	e = json_read(cx, rq->body, sign_up_fields, &in);
	if (e == NULL)
		e = account_sign_up(cx, &in, &out);
	return e != NULL ? e : answer_signed_in(cx, rs, 201, false, &out);
}

const struct err *
post_session_challenge(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct touch_challenge out;

	(void)rq;
	account_ask_sign_in(cx, &out);
	return answer_json(cx, rs, 200, touch_challenge_fields, &out);
}

const struct err *
post_session(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct touch_answer in;
	struct signed_in out;
	const struct err *e;

	e = json_read(cx, rq->body, touch_answer_fields, &in);
	if (e == NULL)
		e = account_sign_in(cx, &in, &out);
	return e != NULL ? e : answer_signed_in(cx, rs, 200, false, &out);
}

const struct err *
post_session_recovery(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct recovery_in in;
	struct signed_in out;
	const struct err *e;

	e = json_read(cx, rq->body, recovery_fields, &in);
	if (e == NULL)
		e = account_recover(cx, rq->address, in.code, &out);
	return e != NULL ? e : answer_signed_in(cx, rs, 200, true, &out);
}

const struct err *
get_session(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return answer_session(cx, rs, 200, &rq->caller.owner);
}

const struct err *
delete_session(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e = session_close(cx, rq->caller.owner.cookie);

	if (e != NULL)
		return e;
	reply_body(rs, 204, NULL, BYTES_NONE);
	cookie_set(cx, rs, NULL, 0);
	return NULL;
}

const struct err *
post_own_challenge(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct ask_in in = { .target = "" };
	struct touch_challenge out;
	const struct err *e;

	e = json_read(cx, rq->body, ask_fields, &in);
	if (e == NULL)
		e = account_ask(
		    cx, &rq->caller.owner, in.action, in.target, &out);
	return e != NULL
		   ? e
		   : answer_json(cx, rs, 200, touch_challenge_fields, &out);
}

const struct err *
post_passkey(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct passkey_in in = { .name = NULL };
	struct account_passkey add;
	const struct err *e;

	e = json_read(cx, rq->body, passkey_in_fields, &in);
	if (e != NULL)
		return e;
	add = (struct account_passkey){ in.name, touch_given(&in.touch),
		in.made };
	e = account_add_passkey(cx, &rq->caller.owner, &add);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
post_passkey_removal(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = account_remove_passkey(
		    cx, &rq->caller.owner, rq->param[0], in);
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
post_recovery_codes(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *codes[RECOVERY_CODES];
	struct codes_out out = { { codes, RECOVERY_CODES } };
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = account_new_codes(cx, &rq->caller.owner, in, codes);
	return e != NULL ? e : answer_json(cx, rs, 200, codes_fields, &out);
}

const struct err *
post_account_deletion(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = account_delete(cx, &rq->caller.owner, in);
	if (e != NULL)
		return e;
	reply_body(rs, 204, NULL, BYTES_NONE);
	cookie_set(cx, rs, NULL, 0);
	return NULL;
}

/* A passkey as its owner sees it. */
struct passkey_view {
	const char *id, *name;
	bool backed_up;
	int64_t created_at, used_at;
	struct bytes credential_id;
};

static const struct json_field passkey_fields[] = {
	JSON_F_STR(passkey_view, id, 36, true),
	JSON_F_STR(passkey_view, name, NAME_BYTES, true),
	JSON_F_BOOL(passkey_view, backed_up, true),
	JSON_F_TIME(passkey_view, created_at, true),
	JSON_F_TIME(passkey_view, used_at, false),
	JSON_F_B64U(passkey_view, credential_id, LIMIT_CREDENTIAL_ID, true),
	JSON_END,
};

struct account_out {
	const char *id, *name;
	int64_t created_at, recovered_at, held_until, recovery_codes;
	struct json_list passkeys;
};

static const struct json_field account_fields[] = {
	JSON_F_STR(account_out, id, 36, true),
	JSON_F_STR(account_out, name, NAME_BYTES, true),
	JSON_F_TIME(account_out, created_at, true),
	JSON_F_TIME(account_out, recovered_at, false),
	JSON_F_TIME(account_out, held_until, false),
	JSON_F_INT(account_out, recovery_codes, 0, true),
	JSON_F_LIST(account_out, passkeys, LIMIT_PASSKEYS, passkey_view,
	    passkey_fields),
	JSON_END,
};

const struct err *
get_account(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct passkey keys[LIMIT_PASSKEYS];
	struct passkey_view views[LIMIT_PASSKEYS];
	struct account_out out;
	const struct err *e;
	struct account a;
	size_t i, n;

	e = account_view(cx, rq->caller.owner.owner_id, &a);
	if (e == NULL)
		e = account_passkeys(cx, a.id, keys, &n);
	if (e != NULL)
		return e;
	for (i = 0; i < n; i++)
		views[i] = (struct passkey_view){ keys[i].id, keys[i].name,
			keys[i].backed_up, keys[i].created_at, keys[i].used_at,
			keys[i].credential_id };
	out = (struct account_out){ a.id, a.name, a.created_at, a.recovered_at,
		a.held ? a.held_until : 0, a.recovery_codes, { views, n } };
	return answer_json(cx, rs, 200, account_fields, &out);
}

const struct err *
delete_owner(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    account_erase_by(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
