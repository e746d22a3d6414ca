#include "base/arena.h"
#include "base/limits.h"
#include "domain/model_policy.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/page.h"

#define ENDORSEMENTS_MAX (384 * KIB)
/* A policy as it is stored, as text and as the answer. */
#define POLICY_ARENA (16 * LIMIT_POLICY)

static const struct err ERR_IF_MATCH = { KIND_INVALID, "bad-if-match",
	"If-Match must be the ETag that was read." };

struct policy_in {
	const char *policy;
};

static const struct json_field policy_in_fields[] = {
	JSON_F_RAW(policy_in, policy, LIMIT_POLICY, true),
	JSON_END,
};

struct endorsement_in {
	struct bytes file;
};

static const struct json_field endorsement_in_fields[] = {
	JSON_F_B64U(endorsement_in, file, ENDORSEMENTS_MAX, true),
	JSON_END,
};

#define VERSION_FIELDS                                 \
	JSON_F_INT(policy_row, version, 0, true),      \
	    JSON_F_TIME(policy_row, changed_at, true), \
	    ANSWER_STR(                                \
		policy_row, admin_token_id, "changed_by", LIMIT_SLUG, false)

static const struct json_field policy_fields[] = {
	VERSION_FIELDS,
	JSON_F_RAW(policy_row, policy, 2 * LIMIT_POLICY, true),
	JSON_END,
};

static const struct json_field version_fields[] = {
	VERSION_FIELDS,
	JSON_END,
};

static const struct json_field versions_fields[] =
    ANSWER_PAGE("versions", LIMIT_PAGE, policy_row, version_fields);

/* The ETag is the version's number (RFC 9110 section 8.8.3). */
static ERR_FN
reply_policy(struct ctx *cx, struct reply *rs, const struct policy_row *p)
{
	const struct err *e = answer_json(cx, rs, 200, policy_fields, p);

	if (e == NULL)
		reply_header(rs, "ETag",
		    arena_printf(cx->arena, "\"%lld\"", (long long)p->version));
	return e;
}

/* RFC 9110 section 13.1.1: one strong validator, or any. */
static ERR_FN
if_match(struct ctx *cx, const struct request *rq, int64_t *version)
{
	const char *text = request_header(rq, "If-Match");
	size_t n;

	*version = 0;
	if (text == NULL || strcmp(text, "*") == 0)
		return NULL;
	n = strspn(text + 1, "0123456789");
	if (*text != '"' || n == 0 || n > 18 || text[1] == '0' ||
	    strcmp(text + 1 + n, "\"") != 0)
		return fail(cx, &ERR_IF_MATCH, "If-Match: %s", text);
	*version = strtoll(text + 1, NULL, 10);
	return NULL;
}

const struct err *
put_policy(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct policy_change change = { .model_id = rq->param[0] };
	struct policy_in in = { NULL };
	struct policy_row out;
	const struct err *e;

	e = json_read(cx, rq->body, policy_in_fields, &in);
	if (e == NULL)
		e = if_match(cx, rq, &change.from_version);
	change.policy = in.policy;
	if (e == NULL)
		e = model_policy_put(cx, &rq->caller.admin, &change, &out);
	return e != NULL ? e : reply_policy(cx, rs, &out);
}

const struct err *
get_policy(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct policy_row p;
	const struct err *e;

	arena_raise(cx->arena, POLICY_ARENA);
	e = model_policy_get(cx, rq->param[0], NULL, &p);
	return e != NULL ? e : reply_policy(cx, rs, &p);
}

const struct err *
get_policy_version(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct policy_row p;
	const struct err *e;

	arena_raise(cx->arena, POLICY_ARENA);
	e = model_policy_get(cx, rq->param[0], rq->param[1], &p);
	return e != NULL ? e : reply_policy(cx, rs, &p);
}

const struct err *
post_endorsement(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct endorsement_in in;
	struct policy_row out;
	const struct err *e;

	e = json_read(cx, rq->body, endorsement_in_fields, &in);
	if (e == NULL)
		e = model_policy_endorse(
		    cx, &rq->caller.admin, rq->param[0], in.file, &out);
	return e != NULL ? e : reply_policy(cx, rs, &out);
}

const struct err *
get_policies(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct page_query q;
	const struct err *e;
	struct policy_row *p;

	e = page_query(cx, rq, &q);
	if (e == NULL)
		e = model_policy_list(cx, rq->param[0],
		    &(struct page){ q.after, q.limit }, &p, &page.rows.n);
	if (e != NULL)
		return e;
	page.rows.v = p;
	if (page_is_full(&q, page.rows.n))
		page.next = arena_printf(
		    cx->arena, "%lld", (long long)p[page.rows.n - 1].version);
	return answer_json(cx, rs, 200, versions_fields, &page);
}
