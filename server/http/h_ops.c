#include "base/arena.h"
#include "codec/json.h"
#include "domain/ops.h"
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/router.h"

static const struct err ERR_DRAINING = { KIND_UNAVAILABLE, "draining",
	"This node is stopping; use another." };

/* Alive: the process answers.  Says nothing about the database. */
bool
quick_healthz(struct ctx *cx, struct request *rq, struct reply *rs)
{
	(void)cx;
	(void)rq;
	reply_body(rs, 200, "text/plain; charset=utf-8", bytes_str("ok\n"));
	reply_header(rs, "Cache-Control", "no-store");
	return true;
}

const struct err *
get_healthz(struct ctx *cx, struct request *rq, struct reply *rs)
{
	(void)quick_healthz(cx, rq, rs);
	return NULL;
}

#define WARNINGS 8

struct ready_out {
	const char *status;
	int64_t partition_days;
	struct json_strs warnings;
};

static const struct json_field ready_fields[] = {
	JSON_F_STR(ready_out, status, LIMIT_NAME, true),
	JSON_F_INT(ready_out, partition_days, 0, true),
	JSON_F_STRS(ready_out, warnings, WARNINGS, LIMIT_NAME, true),
	JSON_END,
};

const struct err *
get_readyz(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *warnings[WARNINGS];
	struct ready_out out = { .status = "ready" };
	struct ops_state state;
	const struct err *e;
	struct bytes body;

	if (request_draining(rq))
		return fail(cx, &ERR_DRAINING, "ready: draining");
	e = ops_ready(cx, &state);
	if (e != NULL)
		return e;
	out.partition_days = state.partition_days;
	out.warnings.v = warnings;
	if (state.partitions_low)
		warnings[out.warnings.n++] =
		    "partitions end soon: run latchkey maintain";
	if (state.alerts > 0)
		warnings[out.warnings.n++] =
		    "who follows the feed is silent or behind: see latchkey "
		    "status";
	if (state.standby_may_lag)
		warnings[out.warnings.n++] =
		    "no standby is synchronous: a failover can lose "
		    "revocations";
	e = json_write(cx, ready_fields, &out, &body);
	if (e == NULL)
		reply_json(rs, 200, body);
	return e;
}

/* SECURITY.md P6.  A page may load our own scripts, style and images, call us,
 * and nothing else; nobody may frame it or learn where it was. */
static void
page_headers(struct reply *rs)
{
	reply_header(rs, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self'; connect-src 'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	reply_header(rs, "Referrer-Policy", "no-referrer");
	reply_header(rs, "X-Content-Type-Options", "nosniff");
	reply_header(rs, "Cross-Origin-Opener-Policy", "same-origin");
	reply_header(rs, "Cache-Control", "no-store");
}

/* "/assets/{file}" by its name, "/activate" as activate.html. */
bool
quick_page(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *name = rq->param[0];
	const struct page *pg;

	if (name == NULL)
		name = arena_printf(cx->arena, "%s.html", rq->path + 1);
	pg = request_page(rq, name);
	if (pg == NULL)
		return false;
	reply_body(rs, 200, pg->type, pg->body);
	page_headers(rs);
	return true;
}

/* What is not there is refused in the usual way, by a worker. */
const struct err *
get_page(struct ctx *cx, struct request *rq, struct reply *rs)
{
	if (!quick_page(cx, rq, rs))
		return fail(cx, &ERR_NO_ROUTE, "page: %.80s", rq->path);
	return NULL;
}
