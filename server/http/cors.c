#include "http/cors.h"

#include "domain/client.h"
#include "domain/svc.h"

#define PREFLIGHT_SECONDS "600"

static const struct err ERR_ORIGIN = { KIND_FORBIDDEN, "foreign-origin",
	"No registered app has this origin." };

static handler_fn answer_preflight;

static const struct route preflight = { METHOD_OPTIONS, "(preflight)",
	WHO_ANYONE, 0, BODY_NONE, 0, AS_PROBLEM, answer_preflight, NULL };

/* Tokens of the platform's own identity provider open more than ours to apps:
 * with a fresh sign-in all that owners may (domain/touch). */
static bool
is_for_apps(const struct ctx *cx, const struct route *r)
{
	return route_is_for_apps(r) ||
	       (r->who == WHO_OWNER && cx->svc->idp != NULL);
}

bool
cors_preflight(struct ctx *cx, const struct route_table *t, struct request *rq)
{
	const char *method =
	    request_header(rq, "Access-Control-Request-Method");
	const struct route *r;

	if (rq->method != METHOD_OPTIONS || method == NULL ||
	    request_header(rq, "Origin") == NULL)
		return false;
	r = router_find(cx, t, rq, router_method(method));
	if (r == NULL || !is_for_apps(cx, r))
		return false;
	rq->route = &preflight;
	return true;
}

static const struct err *
answer_preflight(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *origin = request_header(rq, "Origin");
	bool may = false;
	const struct err *e = client_is_at(cx, NULL, origin, &may);

	if (e != NULL)
		return e;
	if (!may)
		return fail(cx, &ERR_ORIGIN, "preflight: %.80s", origin);
	reply_body(rs, 204, NULL, BYTES_NONE);
	reply_header(rs, "Access-Control-Allow-Origin", origin);
	reply_header(rs, "Access-Control-Allow-Methods",
	    request_header(rq, "Access-Control-Request-Method"));
	reply_header(rs, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, DPoP");
	reply_header(rs, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
	return NULL;
}

void
cors_answer(struct ctx *cx, const struct request *rq, struct reply *rs)
{
	const char *origin = request_header(rq, "Origin");
	const char *client =
	    rq->caller.kind == CALLER_OWNER ? rq->caller.owner.client_id : NULL;
	bool may = false;

	if (rq->route != &preflight && !is_for_apps(cx, rq->route))
		return;
	/* Also without an origin: a cache would keep that answer. */
	reply_header(rs, "Vary", "Origin");
	if (origin == NULL || rq->route == &preflight ||
	    client_is_at(cx, client, origin, &may) != NULL || !may)
		return;
	reply_header(rs, "Access-Control-Allow-Origin", origin);
	reply_header(rs, "Access-Control-Expose-Headers",
	    "DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-Id");
}
