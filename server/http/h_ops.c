#include "base/arena.h"
#include "domain/ops.h"
#include "http/answer.h"
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/problem.h"
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

#define LIMIT_TOLD 1024

struct check_out {
	const char *name, *missing, *action;
	bool ok;
};

static const struct json_field check_fields[] = {
	JSON_F_STR(check_out, name, LIMIT_NAME, true),
	JSON_F_BOOL(check_out, ok, true),
	JSON_F_STR(check_out, missing, LIMIT_TOLD, false),
	JSON_F_STR(check_out, action, LIMIT_TOLD, false),
	JSON_END,
};

struct ready_out {
	const char *status;
	int64_t partition_days;
	struct json_list checks;
	struct json_strs warnings;
};

static const struct json_field ready_fields[] = {
	JSON_F_STR(ready_out, status, LIMIT_NAME, true),
	JSON_F_INT(ready_out, partition_days, 0, true),
	JSON_F_LIST(ready_out, checks, OPS_CHECKS, check_out, check_fields),
	JSON_F_STRS(ready_out, warnings, OPS_CHECKS, LIMIT_TOLD, true),
	JSON_END,
};

/* A problem (RFC 9457) with a member more. */
struct unready_out {
	const char *type, *title, *instance;
	int64_t status;
	struct json_list checks;
};

static const struct json_field unready_fields[] = {
	JSON_F_STR(unready_out, type, LIMIT_TOLD, true),
	JSON_F_STR(unready_out, title, LIMIT_TOLD, true),
	JSON_F_INT(unready_out, status, 0, true),
	JSON_F_STR(unready_out, instance, LIMIT_TOLD, true),
	JSON_F_LIST(unready_out, checks, OPS_CHECKS, check_out, check_fields),
	JSON_END,
};

static struct json_list
checks_of(struct ctx *cx, const struct ops_state *s)
{
	struct check_out *v = arena_alloc(cx->arena, s->n * sizeof(*v));
	size_t i;

	for (i = 0; i < s->n; i++)
		v[i] = (struct check_out){ .name = s->check[i].name,
			.ok = s->check[i].missing == NULL,
			.missing = s->check[i].missing,
			.action = s->check[i].action };
	return (struct json_list){ .v = v, .n = s->n };
}

static ERR_FN
answer_unready(struct ctx *cx, const struct request *rq,
    const struct ops_state *s, struct reply *rs)
{
	struct unready_out out = { .type = arena_printf(cx->arena,
				       "urn:latchkey:error:%s", s->e->code),
		.title = s->e->title,
		.instance = arena_printf(cx->arena, "urn:uuid:%s", cx->rid),
		.checks = checks_of(cx, s) };
	const struct err *e;

	problem_reply(cx, rq, s->e, rs);
	out.status = rs->status;
	e = json_write(cx, unready_fields, &out, &rs->body);
	return e;
}

/* What serving does not depend on is a warning. */
static ERR_FN
answer_ready(struct ctx *cx, const struct ops_state *s, struct reply *rs)
{
	const char *warnings[OPS_CHECKS];
	struct ready_out out = { .status = "ready",
		.partition_days = s->partition_days,
		.checks = checks_of(cx, s),
		.warnings.v = warnings };
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->check[i].missing != NULL)
			warnings[out.warnings.n++] = arena_printf(cx->arena,
			    "%s: %s", s->check[i].missing, s->check[i].action);
	return answer_json(cx, rs, 200, ready_fields, &out);
}

const struct err *
get_readyz(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct ops_state state;

	if (request_draining(rq))
		return fail(cx, &ERR_DRAINING, "ready: draining");
	ops_look(cx, tls_not_after(request_server(rq)->tls), &state);
	return state.e == NULL ? answer_ready(cx, &state, rs)
			       : answer_unready(cx, rq, &state, rs);
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
