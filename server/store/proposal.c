#include "store/proposal.h"

#include "base/arena.h"

#define COLUMNS                                                            \
	"p.id, p.token_id, t.name, p.method, p.path, p.sealed, p.sha256, " \
	"p.summary, CASE WHEN p.state = 'pending' AND "                    \
	"p.expires_at <= now() THEN 'expired' ELSE p.state END, "          \
	"extract(epoch FROM p.created_at)::bigint, "                       \
	"extract(epoch FROM p.expires_at)::bigint, "                       \
	"extract(epoch FROM p.decided_at)::bigint, p.decided_by "          \
	"FROM proposal p JOIN admin_token t ON t.id = p.token_id "

static const struct stmt PROPOSAL_LOCK = { "proposal_lock",
	"SELECT pg_advisory_xact_lock(7305, 4)", 0 };

static const struct stmt PROPOSAL_EXPIRE = { "proposal_expire",
	"UPDATE proposal SET state = 'expired' WHERE state = 'pending' AND "
	"expires_at <= now()",
	0 };

static const struct stmt PROPOSAL_ADD = { "proposal_add",
	"WITH p AS (INSERT INTO proposal (id, token_id, method, path, sealed, "
	"sha256, summary, expires_at) VALUES ($1::uuid, $2, $3, $4, $5, $6, "
	"$7, to_timestamp($8::bigint)) RETURNING id, summary) "
	"INSERT INTO event (kind, request_id, admin_token_id, detail) "
	"SELECT 'proposal.added', $9, $2, id || ': ' || summary FROM p",
	9 };

static const struct stmt PROPOSAL_SAME = { "proposal_same",
	"SELECT id FROM proposal WHERE token_id = $1 AND sha256 = $2 AND "
	"state = 'pending'",
	2 };

static const struct stmt PROPOSAL_PENDING = { "proposal_pending",
	"SELECT count(*) FROM proposal p JOIN admin_token t ON t.id = "
	"p.token_id JOIN admin_token mine ON mine.name = t.name WHERE "
	"mine.id = $1 AND p.state = 'pending'",
	1 };

static const struct stmt PROPOSAL_GET = { "proposal_get",
	"SELECT " COLUMNS "WHERE p.id = $1::uuid", 1 };

static const struct stmt PROPOSAL_LIST = { "proposal_list",
	"SELECT " COLUMNS "ORDER BY p.created_at DESC, p.id LIMIT $1::int", 1 };

#define ALIVE(id)                                            \
	"EXISTS (SELECT FROM admin_token t WHERE t.id = " id \
	" AND t.withdrawn_at IS NULL AND t.expires_at > now())"

/* The event's own columns: who confirmed is the second already. */
static const struct stmt PROPOSAL_CONFIRM = { "proposal_confirm",
	"WITH p AS (UPDATE proposal SET state = 'confirmed', "
	"decided_at = now(), decided_by = $2 WHERE id = $1::uuid AND "
	"state = 'pending' AND expires_at > now() AND token_id <> $2 "
	"AND " ALIVE("token_id") " AND " ALIVE(
	    "$2") " RETURNING id, token_id, "
		  "summary, set_config('latchkey.second_token', $2, true) AS "
		  "second) "
		  "INSERT INTO event (kind, request_id, admin_token_id, "
		  "second_token_id, detail) SELECT 'proposal.confirmed', $3, "
		  "token_id, "
		  "second, id || ': ' || summary FROM p",
	3 };

static const struct stmt PROPOSAL_WITHDRAW = { "proposal_withdraw",
	"WITH p AS (UPDATE proposal SET state = 'withdrawn', "
	"decided_at = now(), decided_by = $2 WHERE id = $1::uuid AND "
	"state = 'pending' RETURNING id, summary) "
	"INSERT INTO event (kind, request_id, admin_token_id, detail) "
	"SELECT 'proposal.withdrawn', $3, $2, id || ': ' || summary FROM p",
	3 };

static void
read_proposal(struct ctx *cx, const struct rows *r, int i, struct proposal *p)
{
	p->id = rows_text(cx, r, i, 0);
	p->token_id = rows_text(cx, r, i, 1);
	p->operator= rows_text(cx, r, i, 2);
	p->method = rows_text(cx, r, i, 3);
	p->path = rows_text(cx, r, i, 4);
	p->sealed = rows_bytes(cx, r, i, 5);
	p->sha256 = rows_bytes(cx, r, i, 6);
	p->summary = rows_text(cx, r, i, 7);
	p->state = rows_text(cx, r, i, 8);
	p->created_at = rows_int(r, i, 9);
	p->expires_at = rows_int(r, i, 10);
	p->decided_at = rows_int(r, i, 11);
	p->decided_by = rows_text(cx, r, i, 12);
}

const struct err *
proposal_lock(struct ctx *cx)
{
	const struct err *e = db_run(cx, &PROPOSAL_LOCK, NULL, 0, NULL);

	return e != NULL ? e : db_run(cx, &PROPOSAL_EXPIRE, NULL, 0, NULL);
}

const struct err *
proposal_same(struct ctx *cx, const struct proposal *p, const char **id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &PROPOSAL_SAME, &r, DB_TEXT(p->token_id), DB_BYTES(p->sha256));

	if (e == NULL)
		*id = rows_count(r) == 0 ? NULL : rows_text(cx, r, 0, 0);
	return e;
}

const struct err *
proposal_pending(struct ctx *cx, const char *token_id, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &PROPOSAL_PENDING, &r, DB_TEXT(token_id));

	if (e == NULL)
		*n = rows_int(r, 0, 0);
	return e;
}

const struct err *
proposal_add(struct ctx *cx, const struct proposal *p)
{
	return DB_RUN(cx, &PROPOSAL_ADD, NULL, DB_TEXT(p->id),
	    DB_TEXT(p->token_id), DB_TEXT(p->method), DB_TEXT(p->path),
	    DB_BYTES(p->sealed), DB_BYTES(p->sha256), DB_TEXT(p->summary),
	    DB_INT(p->expires_at), DB_TEXT(cx->rid));
}

const struct err *
proposal_get(struct ctx *cx, const char *id, struct proposal *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &PROPOSAL_GET, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no proposal %s", id);
	read_proposal(cx, r, 0, out);
	return NULL;
}

const struct err *
proposal_list(struct ctx *cx, struct proposal **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &PROPOSAL_LIST, &r, DB_INT(PROPOSALS_LISTED));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_proposal(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

static ERR_FN
decide(struct ctx *cx, const struct stmt *how, const char *id,
    const char *token_id, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, how, &r, DB_TEXT(id), DB_TEXT(token_id), DB_TEXT(cx->rid));

	*changed = e == NULL && rows_affected(r) == 1;
	return e;
}

const struct err *
proposal_confirm(
    struct ctx *cx, const char *id, const char *token_id, bool *changed)
{
	return decide(cx, &PROPOSAL_CONFIRM, id, token_id, changed);
}

const struct err *
proposal_withdraw(
    struct ctx *cx, const char *id, const char *token_id, bool *changed)
{
	return decide(cx, &PROPOSAL_WITHDRAW, id, token_id, changed);
}

const struct stmt *const proposal_stmts[] = { &PROPOSAL_LOCK, &PROPOSAL_EXPIRE,
	&PROPOSAL_ADD, &PROPOSAL_SAME, &PROPOSAL_PENDING, &PROPOSAL_GET,
	&PROPOSAL_LIST, &PROPOSAL_CONFIRM, &PROPOSAL_WITHDRAW, NULL };
