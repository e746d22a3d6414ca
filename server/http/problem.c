#include "http/problem.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/rng.h"
#include "codec/json.h"
#include "domain/caller.h"
#include "domain/svc.h"
#include "http/router.h"

/* Retry-After where nobody knew better: spread, so that a fleet that was
 * refused together does not come back together. */
#define RETRY_LEAST 1
#define RETRY_SPREAD 5

static const int statuses[] = {
	[KIND_INVALID] = 400,
	[KIND_UNAUTHENTICATED] = 401,
	[KIND_FORBIDDEN] = 403,
	[KIND_NOT_FOUND] = 404,
	[KIND_CONFLICT] = 409,
	[KIND_STALE] = 412,
	[KIND_TOO_LARGE] = 413,
	[KIND_BUSY] = 429,
	[KIND_UNAVAILABLE] = 503,
	[KIND_INTERNAL] = 500,
	[KIND_METHOD] = 405,
	[KIND_LENGTH] = 411,
	[KIND_TYPE] = 415,
	[KIND_NOT_OFFERED] = 501,
};

#define LIMIT_ERROR_TEXT 1024

struct problem {
	const char *type, *title, *instance, *detail;
	int64_t status;
};

static const struct json_field problem_fields[] = {
	JSON_F_STR(problem, type, LIMIT_ERROR_TEXT, true),
	JSON_F_STR(problem, title, LIMIT_ERROR_TEXT, true),
	JSON_F_INT(problem, status, 0, true),
	JSON_F_STR(problem, instance, LIMIT_ERROR_TEXT, true),
	JSON_F_STR(problem, detail, LIMIT_ERROR_TEXT, false),
	JSON_END,
};

static void
write_problem(struct ctx *cx, const struct request *rq, const struct err *e,
    struct reply *rs)
{
	struct problem p = {
		.type =
		    arena_printf(cx->arena, "urn:latchkey:error:%s", e->code),
		.title = e->title,
		.instance = arena_printf(cx->arena, "urn:uuid:%s", cx->rid),
		.detail = rq->caller.kind == CALLER_ADMIN ? cx->reason : NULL,
		.status = statuses[e->kind],
	};
	struct bytes body;

	/* A reason may quote bytes of the sender that are no UTF-8. */
	if (json_write(cx, problem_fields, &p, &body) != NULL) {
		p.detail = NULL;
		must(json_write(cx, problem_fields, &p, &body) == NULL);
	}
	reply_body(rs, statuses[e->kind], "application/problem+json", body);
}

/* The registered words (RFC 6749 section 5.2, RFC 8628 section 3.5) and
 * their statuses.  A refusal whose code is none of them, because it came
 * from below the OAuth capability, is named by its kind. */
static const struct oauth_word {
	const char *word;
	int status;
} oauth_words[] = {
	{ "invalid_request", 400 },
	{ "invalid_client", 401 },
	{ "invalid_grant", 400 },
	{ "unauthorized_client", 400 },
	{ "unsupported_grant_type", 400 },
	{ "invalid_scope", 400 },
	{ "access_denied", 400 },
	{ "authorization_pending", 400 },
	{ "slow_down", 400 },
	{ "expired_token", 400 },
	{ "invalid_target", 400 },
	{ "invalid_request_uri", 400 },
	{ "unsupported_response_type", 400 },
	{ "unsupported_token_type", 400 },
	{ "request_not_supported", 400 },
	{ "login_required", 400 },
	{ "invalid_dpop_proof", 400 },
	{ "use_dpop_nonce", 400 },
};

static struct oauth_word
oauth_word(const struct err *e)
{
	static const char *const by_kind[] = {
		[KIND_INVALID] = "invalid_request",
		[KIND_UNAUTHENTICATED] = "invalid_client",
		[KIND_FORBIDDEN] = "unauthorized_client",
		[KIND_NOT_FOUND] = "unauthorized_client",
		[KIND_CONFLICT] = "unauthorized_client",
		[KIND_STALE] = "invalid_request",
		[KIND_TOO_LARGE] = "invalid_request",
		[KIND_BUSY] = "temporarily_unavailable",
		[KIND_UNAVAILABLE] = "temporarily_unavailable",
		[KIND_INTERNAL] = "server_error",
		[KIND_METHOD] = "invalid_request",
		[KIND_LENGTH] = "invalid_request",
		[KIND_TYPE] = "invalid_request",
		[KIND_NOT_OFFERED] = "server_error",
	};
	struct oauth_word w = { by_kind[e->kind], statuses[e->kind] };
	size_t i;

	if (e->kind == KIND_FORBIDDEN || e->kind == KIND_NOT_FOUND ||
	    e->kind == KIND_CONFLICT)
		w.status = 400;
	/* A body of another type is a malformed request to OAuth (RFC 6749
	 * section 5.2). */
	if (e->kind == KIND_TYPE)
		w.status = 400;
	for (i = 0; i < sizeof(oauth_words) / sizeof(oauth_words[0]); i++)
		if (strcmp(oauth_words[i].word, e->code) == 0)
			w = oauth_words[i];
	return w;
}

struct oauth_error {
	const char *error, *error_description, *request_id;
};

static const struct json_field oauth_fields[] = {
	JSON_F_STR(oauth_error, error, LIMIT_ERROR_TEXT, true),
	JSON_F_STR(oauth_error, error_description, LIMIT_ERROR_TEXT, true),
	JSON_F_STR(oauth_error, request_id, LIMIT_ERROR_TEXT, true),
	JSON_END,
};

static void
write_oauth(struct ctx *cx, const struct err *e, struct reply *rs)
{
	struct oauth_word w = oauth_word(e);
	struct oauth_error o = { w.word, e->title, cx->rid };
	struct bytes body;

	must(json_write(cx, oauth_fields, &o, &body) == NULL);
	reply_body(rs, w.status, "application/json", body);
}

static void
write_est(struct ctx *cx, const struct err *e, struct reply *rs)
{
	reply_body(rs, statuses[e->kind], "text/plain; charset=utf-8",
	    bytes_str(arena_printf(
		cx->arena, "%s (request %s)\n", e->title, cx->rid)));
}

/* An OCSPResponse without an answer (RFC 6960 section 4.2.1): a status and
 * nothing else, with 200 as RFC 5019 section 5 has it.  What is wrong with
 * the HTTP around the request stays a problem. */
static bool
write_ocsp(const struct err *e, struct reply *rs)
{
	static const uint8_t malformed[] = { 0x30, 0x03, 0x0a, 0x01, 0x01 };
	static const uint8_t internal[] = { 0x30, 0x03, 0x0a, 0x01, 0x02 };
	static const uint8_t try_later[] = { 0x30, 0x03, 0x0a, 0x01, 0x03 };
	static const uint8_t unauthorized[] = { 0x30, 0x03, 0x0a, 0x01, 0x06 };
	struct bytes body;

	if (e->kind == KIND_INVALID)
		body = BYTES_OF(malformed);
	else if (e->kind == KIND_INTERNAL)
		body = BYTES_OF(internal);
	else if (e->kind == KIND_UNAVAILABLE || e->kind == KIND_BUSY)
		body = BYTES_OF(try_later);
	else if (e->kind == KIND_FORBIDDEN)
		body = BYTES_OF(unauthorized);
	else
		return false;
	reply_body(rs, 200, "application/ocsp-response", body);
	return true;
}

/* Why a token was refused, RFC 6750 section 3.1 and RFC 9449 section 7.1. */
static const char *
token_error(const struct err *e)
{
	if (e->kind == KIND_FORBIDDEN)
		return "insufficient_scope";
	if (e == &ERR_STEP_UP || strcmp(e->code, "use_dpop_nonce") == 0 ||
	    strcmp(e->code, "invalid_dpop_proof") == 0)
		return e->code;
	return "invalid_token";
}

/* What the provider's sign-in has to be like (RFC 9470 section 3). */
static const char *
ask_step_up(struct ctx *cx, const char *text)
{
	const struct settings *set = &cx->svc->set;

	if (*set->idp_acr != '\0')
		text = arena_printf(
		    cx->arena, "%s, acr_values=\"%s\"", text, set->idp_acr);
	return arena_printf(cx->arena, "%s, max_age=\"%lld\"", text,
	    (long long)set->idp_max_age);
}

/* RFC 9110 section 11.6.1 wants a challenge with each 401.  No registered
 * scheme means "a TLS client certificate"; a bearer is what may be sent, and
 * a bootstrap token where devices enroll. */
static void
challenge(struct ctx *cx, const struct request *rq, const struct err *e,
    struct reply *rs)
{
	const char *text = "Bearer realm=\"latchkey\"";

	/* Who sent a password is told in the same scheme (RFC 6749 5.2). */
	if (rq->route != NULL &&
	    (rq->route->who == WHO_ENROLLEE || rq->basic != NULL))
		reply_header(rs, "WWW-Authenticate",
		    "Basic realm=\"latchkey\", charset=\"UTF-8\"");
	if (rq->dpop_token != NULL)
		text = arena_printf(cx->arena,
		    "DPoP realm=\"latchkey\", error=\"%s\", algs=\"ES256\"",
		    token_error(e));
	else if (rq->bearer != NULL)
		text = arena_printf(
		    cx->arena, "%s, error=\"%s\"", text, token_error(e));
	if (e == &ERR_STEP_UP)
		text = ask_step_up(cx, text);
	reply_header(rs, "WWW-Authenticate", text);
}

void
problem_reply(struct ctx *cx, const struct request *rq, const struct err *e,
    struct reply *rs)
{
	enum error_format format = router_errors(rq);

	*rs = (struct reply){ .err = e };
	if (format == AS_OAUTH)
		write_oauth(cx, e, rs);
	else if (format == AS_EST)
		write_est(cx, e, rs);
	else if (format != AS_OCSP || !write_ocsp(e, rs))
		write_problem(cx, rq, e, rs);
	reply_header(rs, "Cache-Control", "no-store");
	if (rs->status == 401 || e == &ERR_SCOPE)
		challenge(cx, rq, e, rs);
	if (rs->status == 429 || rs->status == 503)
		reply_retry_after(cx, rs,
		    cx->retry_after > 0
			? cx->retry_after
			: RETRY_LEAST + (int)rng_below(RETRY_SPREAD));
}
