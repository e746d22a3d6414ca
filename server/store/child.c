#include "store/child.h"

#include "base/arena.h"
#include "store/set_sql.h"

#define COLUMNS                                                \
	"c.id, c.hub_id, c.serial, c.name, c.scope, c.state, " \
	"extract(epoch FROM c.created_at)::bigint, "           \
	"extract(epoch FROM c.expires_at)::bigint "

/* Joined to device d and birth b. */
#define HUB_IS_GOOD                                           \
	"d.state = 'owned' AND b.quarantined_at IS NULL AND " \
	"b.lost_at IS NULL AND b.revoked_at IS NULL AND "     \
	"b.decommissioned_at IS NULL AND " SET_SPARES("b")

/* What has expired makes room first, and what was asked before is given
 * again. */
static const struct stmt CHILD_EXPIRE = { "child_expire",
	"UPDATE child SET state = 'removed' WHERE hub_id = $1::uuid AND "
	"state IN ('pending', 'approved') AND "
	"expires_at <= to_timestamp($2::bigint)",
	2 };

static const struct stmt CHILD_ADD = { "child_add",
	"WITH d AS (SELECT d.id, d.owner_id, d.birth_id FROM device d "
	"JOIN birth b ON b.id = d.birth_id WHERE d.id = $2::uuid "
	"AND " HUB_IS_GOOD "FOR SHARE OF d, b), "
	"c AS (INSERT INTO child (id, hub_id, owner_id, serial, name, scope, "
	"state, expires_at) SELECT $1::uuid, id, owner_id, $3, $4, $5, "
	"'pending', to_timestamp($6::bigint) FROM d WHERE (SELECT count(*) "
	"FROM child WHERE hub_id = $2::uuid AND "
	"state IN ('pending', 'approved')) < $7::int "
	"ON CONFLICT (hub_id, serial) WHERE state IN ('pending', 'approved') "
	"DO UPDATE SET serial = excluded.serial RETURNING *), "
	"e AS (INSERT INTO event (kind, request_id, birth_id, device_id, "
	"owner_id, detail) SELECT 'child.registered', $8, d.birth_id, d.id, "
	"d.owner_id, c.id::text FROM c, d WHERE c.id = $1::uuid) "
	"SELECT " COLUMNS "FROM c",
	8 };

static const struct stmt CHILD_LIST = { "child_list",
	"SELECT " COLUMNS "FROM child c JOIN device d ON d.id = c.hub_id "
	"WHERE c.hub_id = $1::uuid AND ($2::uuid IS NULL OR "
	"(d.owner_id = $2::uuid AND d.state = 'owned' AND "
	"c.owner_id = d.owner_id)) "
	"ORDER BY c.state IN ('pending', 'approved') DESC, "
	"c.created_at DESC LIMIT $3",
	3 };

static const struct stmt CHILD_GET = { "child_get",
	"SELECT " COLUMNS "FROM child c WHERE c.id = $1::uuid", 1 };

static const struct stmt CHILD_DECIDE = { "child_decide",
	"WITH d AS (SELECT d.id, d.birth_id, d.owner_id FROM device d "
	"JOIN birth b ON b.id = d.birth_id WHERE d.id = $2::uuid AND "
	"d.owner_id = $3::uuid AND ($4 <> 'approved' AND d.state = 'owned' "
	"OR " HUB_IS_GOOD ") FOR SHARE OF d, b), "
	"c AS (UPDATE child SET state = $4, "
	"expires_at = to_timestamp($5::bigint) FROM d "
	"WHERE child.id = $1::uuid AND child.hub_id = d.id AND "
	"child.owner_id = d.owner_id AND "
	"child.expires_at > to_timestamp($6::bigint) AND child.state = "
	"CASE $4 WHEN 'removed' THEN 'approved' ELSE 'pending' END "
	"RETURNING child.id) "
	"INSERT INTO event (kind, request_id, birth_id, device_id, owner_id, "
	"detail) SELECT 'child.' || $4, $7, d.birth_id, d.id, d.owner_id, "
	"c.id::text FROM c, d",
	7 };

#define GOOD_CHILD                                                   \
	"FROM child c JOIN device d ON d.id = c.hub_id AND "         \
	"d.owner_id = c.owner_id JOIN birth b ON b.id = d.birth_id " \
	"WHERE c.id = $1::uuid AND c.state = 'approved' AND "        \
	"c.expires_at > to_timestamp($2::bigint) AND " HUB_IS_GOOD

static const struct stmt CHILD_ISSUE = { "child_issue",
	"WITH d AS (SELECT c.id AS child, d.id, d.birth_id, "
	"d.owner_id " GOOD_CHILD "AND d.id = $3::uuid FOR SHARE OF c, d, b) "
	"INSERT INTO event (kind, request_id, birth_id, device_id, owner_id, "
	"detail) SELECT 'child.token_issued', $4, birth_id, id, owner_id, "
	"child::text FROM d",
	4 };

static const struct stmt CHILD_IS_GOOD = { "child_is_good",
	"SELECT 1 " GOOD_CHILD, 2 };

static void
read_child(struct ctx *cx, const struct rows *r, int i, struct child *c)
{
	*c = (struct child){
		.id = rows_text(cx, r, i, 0),
		.hub_id = rows_text(cx, r, i, 1),
		.serial = rows_text(cx, r, i, 2),
		.name = rows_text(cx, r, i, 3),
		.scope = rows_text(cx, r, i, 4),
		.state = rows_text(cx, r, i, 5),
		.created_at = rows_int(r, i, 6),
		.expires_at = rows_int(r, i, 7),
	};
}

const struct err *
child_add(struct ctx *cx, const struct child *c, int64_t most,
    struct child *out, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = DB_RUN(cx, &CHILD_EXPIRE, NULL, DB_TEXT(c->hub_id),
		    DB_INT(cx->now));
	if (e == NULL)
		e = DB_RUN(cx, &CHILD_ADD, &r, DB_TEXT(c->id),
		    DB_TEXT(c->hub_id), DB_TEXT(c->serial), DB_TEXT(c->name),
		    DB_TEXT(c->scope), DB_INT(c->expires_at), DB_INT(most),
		    DB_TEXT(cx->rid));
	if (e != NULL)
		return e;
	*done = rows_count(r) == 1;
	if (*done)
		read_child(cx, r, 0, out);
	return tx_commit(&tx);
}

const struct err *
child_list(struct ctx *cx, const char *hub_id, const char *owner_id,
    int64_t limit, struct child **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CHILD_LIST, &r, DB_TEXT(hub_id),
	    DB_TEXT(owner_id), DB_INT(limit));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < (int)*n; i++)
		read_child(cx, r, i, &(*out)[i]);
	return NULL;
}

const struct err *
child_get(struct ctx *cx, const char *id, struct child *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CHILD_GET, &r, DB_TEXT(id));

	if (e == NULL && rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	if (e == NULL)
		read_child(cx, r, 0, out);
	return e;
}

const struct err *
child_decide(
    struct ctx *cx, const struct child *c, const char *owner_id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CHILD_DECIDE, &r, DB_TEXT(c->id),
	    DB_TEXT(c->hub_id), DB_TEXT(owner_id), DB_TEXT(c->state),
	    DB_INT(c->expires_at), DB_INT(cx->now), DB_TEXT(cx->rid));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
child_issue(struct ctx *cx, const char *id, const char *hub_id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CHILD_ISSUE, &r, DB_TEXT(id),
	    DB_INT(cx->now), DB_TEXT(hub_id), DB_TEXT(cx->rid));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
child_is_good(struct ctx *cx, const char *id, bool *good)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CHILD_IS_GOOD, &r, DB_TEXT(id), DB_INT(cx->now));

	if (e == NULL)
		*good = rows_count(r) == 1;
	return e;
}

const struct stmt *const child_stmts[] = { &CHILD_EXPIRE, &CHILD_ADD,
	&CHILD_LIST, &CHILD_GET, &CHILD_DECIDE, &CHILD_ISSUE, &CHILD_IS_GOOD,
	NULL };
