#include "base/arena.h"
#include "base/limits.h"
#include "domain/operator.h"
#include "domain/second.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/router.h"

static const struct json_field proposal_fields[] = {
	JSON_F_STR(proposal, id, 36, true),
	JSON_F_STR(proposal, summary, LIMIT_NAME, true),
	JSON_F_STR(proposal, state, 16, true),
	JSON_F_STR(proposal, operator, LIMIT_NAME, true),
	JSON_F_STR(proposal, token_id, LIMIT_NAME, true),
	JSON_F_STR(proposal, method, 16, true),
	JSON_F_STR(proposal, path, LIMIT_NAME, true),
	JSON_F_HEX(proposal, sha256, 32, true),
	JSON_F_TIME(proposal, created_at, true),
	JSON_F_TIME(proposal, expires_at, true),
	JSON_F_TIME(proposal, decided_at, false),
	JSON_F_STR(proposal, decided_by, LIMIT_NAME, false),
	JSON_END,
};

static const struct json_field proposals_fields[] =
    ANSWER_PAGE("proposals", PROPOSALS_LISTED, proposal, proposal_fields);

const struct err *
answer_proposed(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct second_call call = { router_method_name(rq->method),
		rq->path, rq->body };
	struct proposal p;
	const struct err *e = second_propose(cx, &rq->caller.admin, &call, &p);

	if (e == NULL)
		reply_header(rs, "Location",
		    arena_printf(cx->arena, "/v1/admin/proposals/%s", p.id));
	return e != NULL ? e : answer_json(cx, rs, 202, proposal_fields, &p);
}

const struct err *
get_proposals(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct proposal *all;
	const struct err *e = proposal_list(cx, &all, &page.rows.n);

	(void)rq;
	page.rows.v = all;
	return e != NULL ? e
			 : answer_json(cx, rs, 200, proposals_fields, &page);
}

const struct err *
get_proposal(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct proposal p;
	const struct err *e = second_get(cx, rq->param[0], &p);

	return e != NULL ? e : answer_json(cx, rs, 200, proposal_fields, &p);
}

struct confirmation {
	struct bytes sha256;
};

static const struct json_field confirmation_fields[] = {
	JSON_F_HEX(confirmation, sha256, 32, true),
	JSON_END,
};

/* Both have to be allowed what is done. */
static ERR_FN
find_handler(struct ctx *cx, const struct second_call *call,
    const struct admin_caller *by, struct request *out)
{
	const struct route_table all = routes_of(LISTENER_ALL);
	const char *allow = NULL;
	const struct err *e;

	out->method = router_method(call->method);
	out->path = call->path;
	out->body = call->body;
	out->route = NULL;
	e = router_match(cx, &all, out, &allow);
	if (e == NULL &&
	    ((out->route->scope & by->scopes) == 0 ||
		(out->route->scope & out->caller.admin.scopes) == 0))
		return fail(cx, &ERR_ADMIN_SCOPE,
		    "token %s may not do what is proposed", by->token_id);
	return e;
}

const struct err *
post_confirmation(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct admin_caller *by = &rq->caller.admin;
	struct request proposed = *rq;
	struct admin_caller *as = &proposed.caller.admin;
	struct second_call call;
	struct confirmation in;
	const struct err *e = json_read(cx, rq->body, confirmation_fields, &in);

	if (e == NULL)
		e = second_open(cx, by, rq->param[0], in.sha256, &call, as);
	if (e == NULL)
		e = find_handler(cx, &call, by, &proposed);
	if (e == NULL)
		e = proposed.route->handler(cx, &proposed, rs);
	return e != NULL ? e : second_settle(cx, as);
}

const struct err *
delete_proposal(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e =
	    second_withdraw(cx, &rq->caller.admin, rq->param[0]);

	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}
