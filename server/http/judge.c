#include "http/judge.h"

#include <strings.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "domain/attested.h"
#include "domain/bootstrap.h"
#include "domain/dpop.h"
#include "domain/holder.h"
#include "domain/label_rule.h"
#include "domain/oauth.h"
#include "domain/session.h"
#include "domain/svc.h"
#include "http/cookie.h"
#include "http/router.h"

static const struct err ERR_TWO_UNITS = { KIND_FORBIDDEN, "two-units",
	"The client certificate and the token are not of the same device." };
static const struct err ERR_NO_BEARER = { KIND_UNAUTHENTICATED,
	"unauthenticated", "Send a bearer token in the Authorization header." };

static const struct err ERR_UNREADABLE = { KIND_UNAUTHENTICATED,
	"bad-credentials",
	"The Authorization header holds nothing that is taken here; see the "
	"challenges, or leave it out." };

static const struct err ERR_FOREIGN = { KIND_FORBIDDEN, "foreign-site",
	"This is for our own pages alone." };
static const struct err ERR_RECOVERY_ALONE = { KIND_FORBIDDEN, "recovery",
	"Add a passkey first, then sign in with it." };

const char *
judge_token(struct ctx *cx, const char *authorization, const char *scheme)
{
	const char *s = authorization;
	size_t n = strlen(scheme);

	if (s == NULL || strncasecmp(s, scheme, n) != 0 || s[n] != ' ')
		return NULL;
	s += n;
	s += strspn(s, " ");
	/* token68, RFC 9110 section 11.2. */
	if (*s == '\0' ||
	    s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			"0123456789-._~+/=")] != '\0')
		return NULL;
	return arena_strdup(cx->arena, s);
}

const struct basic *
judge_basic(struct ctx *cx, const char *authorization)
{
	struct basic *b;
	const char *s = authorization;

	if (s == NULL || strncasecmp(s, "Basic ", 6) != 0)
		return NULL;
	s += 6;
	s += strspn(s, " ");
	b = arena_alloc(cx->arena, sizeof(*b));
	if (!basic_parse(cx->arena, bytes_str(s), b))
		*b = (struct basic){ "", "" };
	return b;
}

/* A client that shows itself in a way that is not offered, or in two (RFC 6749
 * section 2.3). */
const struct err *
judge_scheme(struct ctx *cx, const struct request *rq)
{
	if (rq->basic == NULL || rq->route->errors != AS_OAUTH)
		return NULL;
	return fail(cx, &ERR_INVALID_CLIENT, "Basic: no client has a password");
}

/* That a browser sends this from one of our own pages (P6): what it cannot be
 * made to lie about, and at least one of the two with each change. */
static ERR_FN
check_site(struct ctx *cx, const struct request *rq)
{
	const char *site = request_header(rq, "Sec-Fetch-Site");
	const char *origin = request_header(rq, "Origin");

	if (site != NULL && strcmp(site, "same-origin") != 0)
		return fail(cx, &ERR_FOREIGN, "Sec-Fetch-Site: %.40s", site);
	if (origin != NULL && strcmp(origin, cx->svc->set.issuer) != 0)
		return fail(cx, &ERR_FOREIGN, "Origin: %.80s", origin);
	if (rq->route->method != METHOD_GET && site == NULL && origin == NULL)
		return fail(cx, &ERR_FOREIGN, "neither Origin nor site");
	return NULL;
}

static ERR_FN
judge_session(struct ctx *cx, struct request *rq)
{
	const char *cookie =
	    cookie_get(cx->arena, request_header(rq, "Cookie"), COOKIE_SESSION);
	const char *token = request_header(rq, "X-CSRF-Token");
	const struct err *e = check_site(cx, rq);

	if (e == NULL && cookie == NULL)
		return fail(cx, &ERR_SIGNED_OUT, "no cookie");
	if (e == NULL)
		e = session_judge(cx, cookie, &rq->caller.owner);
	if (e == NULL && rq->route->method != METHOD_GET &&
	    (token == NULL || !bytes_eq(bytes_str(token),
				  bytes_str(session_csrf(cx, cookie)))))
		return fail(cx, &ERR_FOREIGN, "no or another X-CSRF-Token");
	if (e == NULL)
		rq->caller.kind = CALLER_OWNER;
	return e;
}

/* An app's call, by an access token (H5). */
static ERR_FN
judge_app(struct ctx *cx, struct request *rq, const char *token)
{
	const struct app_call call = {
		.token = token,
		.dpop = request_header(rq, "DPoP"),
		.dpop_scheme = rq->dpop_token != NULL,
		.method = router_method_name(rq->method),
		.path = rq->path,
		.peer = &rq->peer,
		.scope = rq->route->scope,
		.proved = rq->waited,
	};

	if (call.dpop_scheme)
		rq->dpop_nonce = dpop_nonce(cx);
	return caller_app(cx, &call, &rq->caller.owner);
}

static ERR_FN
judge_owner(struct ctx *cx, struct request *rq)
{
	const char *token =
	    rq->dpop_token != NULL ? rq->dpop_token : rq->bearer;
	const struct err *e;

	if (token == NULL && request_header(rq, "Cookie") != NULL) {
		e = judge_session(cx, rq);
		if (e == NULL && rq->caller.owner.recovery)
			return fail(cx, &ERR_RECOVERY_ALONE,
			    "a session of a recovery code");
		return e;
	}
	if (token == NULL)
		return fail(cx, &ERR_NO_BEARER, "owner: no bearer");
	rq->caller.kind = CALLER_OWNER;
	if (rq->dpop_token != NULL || caller_is_access_token(cx, token))
		return judge_app(cx, rq, token);
	return caller_owner(cx, token, router_method_name(rq->route->method),
	    rq->path, &rq->caller.owner);
}

static ERR_FN
judge_admin(struct ctx *cx, struct request *rq)
{
	const struct admin_call call = { rq->bearer, &rq->peer };
	const struct err *e;

	if (rq->bearer == NULL)
		return fail(cx, &ERR_NO_BEARER, "admin: no bearer");
	e = caller_admin(cx, &call, rq->route->scope, &rq->caller.admin);
	if (e == NULL)
		rq->caller.kind = CALLER_ADMIN;
	return e;
}

/* Under which label, and whether that takes this kind of proof (A8).
 * Credentials that were sent are judged, also beside a good certificate. */
static ERR_FN
judge_label(struct ctx *cx, struct request *rq)
{
	return label_rule_unit(cx, &rq->caller.unit, rq->label,
	    rq->basic != NULL    ? LABEL_BOOTSTRAP
	    : rq->bearer != NULL ? LABEL_TOKEN
				 : LABEL_BIRTH);
}

static ERR_FN
judge_device(struct ctx *cx, struct request *rq)
{
	const struct err *e = holder_judge(cx, &rq->peer, &rq->caller);

	/* An authority's request is for a device that it names itself. */
	rq->caller.ra.label = rq->label;
	if (e != NULL || rq->caller.kind != CALLER_DEVICE)
		return e;
	return label_rule_device(cx, &rq->caller.device, rq->label);
}

/* Without a birth certificate: by what was given for evidence, the enroll
 * token or the handle. */
static ERR_FN
judge_enrollee(struct ctx *cx, struct request *rq)
{
	const char *handle = request_header(rq, HEADER_ATTESTATION);
	struct unit *unit = &rq->caller.unit;
	const struct err *e;

	rq->caller.kind = CALLER_UNIT;
	if (rq->bearer != NULL)
		e = attested_by_token(cx, rq->bearer, unit);
	else if (handle != NULL)
		e = attested_by_handle(cx, handle, unit);
	else
		e = caller_unit(cx, &rq->peer, unit);
	return e != NULL ? e : judge_label(cx, rq);
}

/* Anybody but who comes with a birth certificate or a bootstrap token. */
static ERR_FN
judge_one(struct ctx *cx, struct request *rq)
{
	switch (rq->route->who) {
	case WHO_ANYONE:
	case WHO_GRANTEE:
		return NULL;
	case WHO_ENROLLEE:
		return judge_enrollee(cx, rq);
	case WHO_DEVICE:
		return judge_device(cx, rq);
	case WHO_VISITOR:
		return check_site(cx, rq);
	case WHO_SESSION:
		return judge_session(cx, rq);
	case WHO_OWNER:
		return judge_owner(cx, rq);
	case WHO_ADMIN:
		return judge_admin(cx, rq);
	}
	return fail(cx, &ERR_INTERNAL, "judge: who");
}

/* Whether it is sent with what can be neither of those that a unit may send,
 * which is no reason to do without. */
static bool
is_unreadable(const struct request *rq)
{
	return rq->route->who == WHO_ENROLLEE && rq->basic == NULL &&
	       rq->bearer == NULL &&
	       request_header(rq, "Authorization") != NULL;
}

static bool
has_bootstrap(const struct request *rq)
{
	return rq->route->who == WHO_ENROLLEE && rq->basic != NULL;
}

/* A certificate beside a token has to be as good as alone: whoever shows one
 * that nobody trusts is refused with it. */
static ERR_FN
judge_beside(struct call *c)
{
	struct request *rq = c->rq;

	rq->caller.kind = CALLER_UNIT;
	return rq->peer.n == 0
		   ? NULL
		   : caller_unit(c->cx, &rq->peer, &rq->caller.unit);
}

/* A unit that has shown a certificate is none that a token stands in for
 * (A12), so the two are of different ones. */
static ERR_FN
judge_bootstrap(struct call *c, const struct bootstrap_try *t)
{
	if (t->e != NULL)
		return t->e;
	if (c->rq->peer.n > 0)
		return fail(c->cx, &ERR_TWO_UNITS,
		    "token %s is not of the certificate's unit", t->user);
	return judge_label(c->cx, c->rq);
}

/* Those that come with birth certificates. */
struct certified {
	struct caller_try v[LIMIT_TOGETHER];
	struct call *of[LIMIT_TOGETHER];
	size_t n;
};

static bool
is_certified(const struct request *rq)
{
	return (rq->route->who == WHO_ENROLLEE ||
		   rq->route->who == WHO_GRANTEE) &&
	       rq->peer.n > 0;
}

static void
judge_certified(struct certified *c)
{
	size_t i;

	if (c->n > 0)
		caller_units(c->v, c->n);
	for (i = 0; i < c->n; i++) {
		struct call *one = c->of[i];

		one->e = c->v[i].e;
		one->again = c->v[i].again;
		if (one->e == NULL && !one->again &&
		    one->rq->route->who == WHO_ENROLLEE)
			one->e = judge_label(one->cx, one->rq);
	}
}

/* Those that come with bootstrap tokens. */
struct bootstrapped {
	struct bootstrap_try v[LIMIT_TOGETHER];
	struct call *of[LIMIT_TOGETHER];
	size_t n;
};

static void
add_bootstrapped(struct bootstrapped *b, struct call *c)
{
	struct request *rq = c->rq;

	c->e = judge_beside(c);
	if (c->e != NULL)
		return;
	b->v[b->n] = (struct bootstrap_try){ .cx = c->cx,
		.user = rq->basic->user,
		.password = rq->basic->password,
		.address = rq->address,
		.unit = &rq->caller.unit };
	b->of[b->n++] = c;
}

void
judge_callers(struct call *const *calls, size_t n)
{
	struct bootstrapped tokens = { .n = 0 };
	struct certified certs = { .n = 0 };
	size_t i;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		struct call *c = calls[i];

		if (is_unreadable(c->rq)) {
			c->e = fail(c->cx, &ERR_UNREADABLE, "Authorization");
		} else if (has_bootstrap(c->rq)) {
			add_bootstrapped(&tokens, c);
		} else if (is_certified(c->rq)) {
			c->rq->caller.kind = CALLER_UNIT;
			certs.v[certs.n] = (struct caller_try){ .cx = c->cx,
				.peer = &c->rq->peer,
				.unit = &c->rq->caller.unit };
			certs.of[certs.n++] = c;
		} else {
			c->e = judge_one(c->cx, c->rq);
		}
	}
	bootstrap_judge(tokens.v, tokens.n);
	for (i = 0; i < tokens.n; i++)
		tokens.of[i]->e = judge_bootstrap(tokens.of[i], &tokens.v[i]);
	judge_certified(&certs);
	for (i = 0; i < n; i++)
		calls[i]->judged = !calls[i]->again;
}

enum lane
judge_lane(struct ctx *cx, const struct request *rq)
{
	bool ours = false;

	if (rq->route->who == WHO_DEVICE)
		ours = holder_is_operational(cx, &rq->peer);
	else if (rq->route->who == WHO_ADMIN && rq->bearer != NULL)
		ours = caller_token_is_ours(cx, rq->bearer);
	return ours ? LANE_RESERVED : LANE_OPEN;
}
