#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/form.h"
#include "domain/child.h"
#include "domain/dpop.h"
#include "domain/family.h"
#include "domain/grant.h"
#include "domain/holder.h"
#include "domain/oauth.h"
#include "domain/svc.h"
#include "http/answer.h"
#include "http/app.h"
#include "http/handlers.h"
#include "http/router.h"

static const struct json_field token_fields[] = {
	JSON_F_STR(family_out, access_token, LIMIT_JWS, true),
	JSON_F_STR(family_out, token_type, 16, true),
	JSON_F_INT(family_out, expires_in, 0, true),
	JSON_F_STR(family_out, scope, 64, true),
	JSON_F_STR(family_out, refresh_token, 256, true),
	JSON_F_STR(family_out, id_token, LIMIT_JWS, false),
	JSON_END,
};

static const struct json_field pushed_fields[] = {
	JSON_F_STR(grant_pushed, request_uri, 256, true),
	JSON_F_INT(grant_pushed, expires_in, 0, true),
	JSON_END,
};

static struct client_proof
proof_of(const struct request *rq, const struct form *form)
{
	return (struct client_proof){
		form_get(form, "client_id"),
		form_get(form, "client_assertion_type"),
		form_get(form, "client_assertion"),
		&rq->peer,
	};
}

/* Who the client is; *form is the body. */
static ERR_FN
authenticate(struct ctx *cx, const struct request *rq, const struct form *form,
    struct client *out)
{
	const struct client_proof proof = proof_of(rq, form);

	return client_authenticate(cx, &proof, out);
}

/* The DPoP proof that the call came with; NULL for none. */
static ERR_FN
read_proof(struct ctx *cx, struct request *rq, const struct dpop_proof **out)
{
	struct dpop_call call = {
		.proof = request_header(rq, "DPoP"),
		.method = router_method_name(rq->method),
		.path = rq->path,
	};
	struct dpop_proof *p;

	*out = NULL;
	if (call.proof == NULL)
		return NULL;
	rq->dpop_nonce = dpop_nonce(cx);
	*out = p = arena_alloc(cx->arena, sizeof(*p));
	return dpop_judge(cx, &call, p);
}

/* The key that the call proves: by DPoP, else by TLS, else none. */
static ERR_FN
read_keys(struct ctx *cx, struct request *rq, struct family_in *in)
{
	const struct err *e = read_proof(cx, rq, &in->proof);

	if (in->proof != NULL)
		in->jkt = BYTES_OF(in->proof->jkt);
	else if (rq->peer.n > 0)
		in->x5t = holder_x5t(cx, &rq->peer);
	return e;
}

const struct err *
app_token(struct ctx *cx, struct request *rq, const struct form *form,
    struct reply *rs)
{
	const char *grant = form_get(form, "grant_type");
	bool is_code = strcmp(grant, "authorization_code") == 0;
	struct family_in in = {
		.code = form_get(form, "code"),
		.redirect_uri = form_get(form, "redirect_uri"),
		.code_verifier = form_get(form, "code_verifier"),
		.refresh_token = form_get(form, "refresh_token"),
		.scope = form_get(form, "scope"),
		.resource = form_get(form, "resource"),
	};
	const struct err *e;
	struct family_out out;
	struct client client;

	if (!is_code && strcmp(grant, "refresh_token") != 0)
		return fail(
		    cx, &ERR_UNSUPPORTED_GRANT_TYPE, "grant_type is another");
	/* Whoever lacks our nonce is to use the same assertion again. */
	e = read_keys(cx, rq, &in);
	if (e == NULL)
		e = authenticate(cx, rq, form, &client);
	if (e != NULL)
		return e;
	in.client = &client;
	e = is_code ? family_redeem(cx, &in, &out)
		    : family_refresh(cx, &in, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, token_fields, &out);
}

const struct err *
post_revoke(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	struct client client;
	struct form *form;

	e = form_parse(cx, rq->body, &form);
	if (e == NULL)
		e = authenticate(cx, rq, form, &client);
	if (e == NULL)
		e = family_revoke(cx, &client, form_get(form, "token"));
	if (e != NULL)
		return e;
	reply_body(rs, 200, NULL, BYTES_NONE);
	reply_header(rs, "Cache-Control", "no-store");
	return NULL;
}

/* Left out where nobody acts for another. */
static const struct json_field actor_fields[] = {
	JSON_F_STR(child_actor, sub, 36, false),
	JSON_END,
};

#define TEXT(name) JSON_F_STR(introspection, name, LIMIT_BODY_SMALL, false)

static const struct json_field introspection_fields[] = {
	JSON_F_BOOL(introspection, active, true),
	TEXT(iss),
	TEXT(sub),
	TEXT(aud),
	TEXT(client_id),
	TEXT(scope),
	TEXT(token_type),
	TEXT(jti),
	JSON_F_INT(introspection, iat, 0, true),
	JSON_F_INT(introspection, exp, 0, true),
	JSON_F_OBJ(introspection, cnf, access_cnf_fields, false),
	JSON_F_OBJ(introspection, act, actor_fields, false),
	JSON_END,
};

/* RFC 7662 section 2.2: of what is not active, nothing else is said. */
static const struct json_field inactive_fields[] = {
	JSON_F_BOOL(introspection, active, true),
	JSON_END,
};

/* Whether an answer can be kept, and what it is found by: a client that shows
 * its certificate asks in the same words again. */
static bool
introspect_key(struct ctx *cx, const struct request *rq,
    const struct form *form, uint8_t key[KEPT_KEY])
{
	const char *id = form_get(form, "client_id");
	const char *token = form_get(form, "token");

	if (rq->peer.n == 0 || id == NULL || token == NULL ||
	    form_get(form, "client_assertion") != NULL)
		return false;
	family_introspection_key(cx, &rq->peer, id, token, key);
	return true;
}

bool
quick_introspect(struct ctx *cx, struct request *rq, struct reply *rs)
{
	uint8_t key[KEPT_KEY];
	struct bytes body;
	struct form *form;

	if (form_parse(cx, rq->body, &form) != NULL ||
	    !introspect_key(cx, rq, form, key) ||
	    !kept_get(cx->svc->introspected, key, cx->now, cx->arena, &body))
		return false;
	reply_json(rs, 200, body);
	return true;
}

/* An access token's answer, until it may be another. */
static void
keep_answer(struct ctx *cx, const struct request *rq, const struct form *form,
    const struct introspection *said, uint64_t mark, struct bytes body)
{
	int64_t until = cx->now + INTROSPECTION_KEPT;
	uint8_t key[KEPT_KEY];

	if (said->jti == NULL || !introspect_key(cx, rq, form, key))
		return;
	kept_put(cx->svc->introspected, key, body,
	    said->exp < until ? said->exp : until, mark);
}

static ERR_FN
say(struct call *c, const struct form *form, const struct introspection *said,
    uint64_t mark)
{
	struct bytes body;
	const struct err *e = json_write(c->cx,
	    said->active ? introspection_fields : inactive_fields, said, &body);

	if (e != NULL)
		return e;
	keep_answer(c->cx, c->rq, form, said, mark, body);
	reply_json(c->rs, 200, body);
	return NULL;
}

/* An assertion is used up by a commit of its own, for which the others need
 * not wait. */
void
introspect_together(struct call *const *calls, size_t n)
{
	struct introspect_try v[LIMIT_TOGETHER];
	struct call *of[LIMIT_TOGETHER];
	struct form *form[LIMIT_TOGETHER];
	uint64_t mark;
	size_t i, m = 0;

	must(n > 0 && n <= LIMIT_TOGETHER);
	mark = kept_mark(calls[0]->cx->svc->introspected);
	for (i = 0; i < n; i++) {
		struct call *c = calls[i];

		c->e = form_parse(c->cx, c->rq->body, &form[m]);
		c->again = c->e == NULL && n > 1 &&
			   form_get(form[m], "client_assertion") != NULL;
		if (c->e != NULL || c->again)
			continue;
		v[m] = (struct introspect_try){ .cx = c->cx,
			.proof = proof_of(c->rq, form[m]),
			.token = form_get(form[m], "token") };
		of[m++] = c;
	}
	family_introspect(v, m);
	for (i = 0; i < m; i++)
		of[i]->e = v[i].e != NULL
			       ? v[i].e
			       : say(of[i], form[i], &v[i].out, mark);
}

const struct err *
post_introspect(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct call one = { .cx = cx, .rq = rq, .rs = rs };
	struct call *calls[] = { &one };

	introspect_together(calls, 1);
	return one.e;
}

typedef const char *get_fn(const void *from, const char *name);

static const char *
from_form(const void *form, const char *name)
{
	return form_get(form, name);
}

static const char *
from_query(const void *rq, const char *name)
{
	return request_query(rq, name);
}

static struct grant_in
read_question(const struct request *rq, get_fn *get, const void *from)
{
	return (struct grant_in){
		.address = rq->address,
		.client_id = get(from, "client_id"),
		.redirect_uri = get(from, "redirect_uri"),
		.response_type = get(from, "response_type"),
		.response_mode = get(from, "response_mode"),
		.scope = get(from, "scope"),
		.state = get(from, "state"),
		.nonce = get(from, "nonce"),
		.prompt = get(from, "prompt"),
		.max_age = get(from, "max_age"),
		.resource = get(from, "resource"),
		.code_challenge = get(from, "code_challenge"),
		.code_challenge_method = get(from, "code_challenge_method"),
		.dpop_jkt = get(from, "dpop_jkt"),
		.request = get(from, "request"),
		.request_uri = get(from, "request_uri"),
	};
}

const struct err *
post_par(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct grant_pushed out;
	const struct dpop_proof *proof;
	const struct err *e;
	struct client client;
	struct grant_in in;
	struct form *form;

	e = form_parse(cx, rq->body, &form);
	if (e == NULL)
		e = read_proof(cx, rq, &proof);
	if (e == NULL)
		e = authenticate(cx, rq, form, &client);
	if (e != NULL)
		return e;
	in = read_question(rq, from_form, form);
	e = grant_push(cx, &client, &in, proof, &out);
	return e != NULL ? e : answer_json(cx, rs, 201, pushed_fields, &out);
}

static ERR_FN
authorize(struct ctx *cx, const struct grant_in *in, struct reply *rs)
{
	const struct err *e;
	const char *location;

	e = grant_ask(cx, in, &location);
	if (e != NULL)
		return e;
	reply_body(rs, 302, NULL, BYTES_NONE);
	reply_header(rs, "Location", location);
	reply_header(rs, "Cache-Control", "no-store");
	reply_header(rs, "Referrer-Policy", "no-referrer");
	return NULL;
}

const struct err *
get_authorize(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct grant_in in = read_question(rq, from_query, rq);

	return authorize(cx, &in, rs);
}

const struct err *
post_authorize(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct grant_in in;
	const struct err *e;
	struct form *form;

	e = form_parse(cx, rq->body, &form);
	if (e != NULL)
		return e;
	in = read_question(rq, from_form, form);
	return authorize(cx, &in, rs);
}

struct answer_in {
	const char *request, *decision;
};

static const struct json_field lookup_fields[] = {
	JSON_F_STR(answer_in, request, 64, true),
	JSON_END,
};

static const struct json_field answer_fields[] = {
	JSON_F_STR(answer_in, request, 64, true),
	JSON_F_STR(answer_in, decision, 16, true),
	JSON_END,
};

static const struct json_field view_fields[] = {
	JSON_F_STR(grant_view, client_id, LIMIT_SLUG, true),
	JSON_F_STR(grant_view, client_name, LIMIT_NAME, true),
	JSON_F_STR(grant_view, redirect_host, CLIENT_URI, true),
	JSON_F_STR(grant_view, scope, 64, true),
	JSON_END,
};

struct location_out {
	const char *location;
};

static const struct json_field location_fields[] = {
	JSON_F_STR(location_out, location, LIMIT_BODY_SMALL, true),
	JSON_END,
};

const struct err *
post_authorization_lookup(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct grant_view out;
	struct answer_in in;
	const struct err *e;

	e = json_read(cx, rq->body, lookup_fields, &in);
	if (e == NULL)
		e = grant_show(cx, &rq->caller.owner, in.request, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, view_fields, &out);
}

const struct err *
post_authorization_decision(
    struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct location_out out;
	struct answer_in in;
	const struct err *e;
	bool allow;

	e = json_read(cx, rq->body, answer_fields, &in);
	if (e != NULL)
		return e;
	allow = strcmp(in.decision, "allow") == 0;
	if (!allow && strcmp(in.decision, "refuse") != 0)
		return fail(cx, &ERR_BAD_REQUEST, "neither allow nor refuse");
	e = grant_decide(
	    cx, &rq->caller.owner, in.request, allow, &out.location);
	return e != NULL ? e : answer_json(cx, rs, 200, location_fields, &out);
}
