#include "store/owner.h"

#include "base/arena.h"

static const struct stmt OWNER_ADD = { "owner_add",
	"INSERT INTO owner (id, name, app_key) VALUES ($1::uuid, $2, $3) "
	"ON CONFLICT (app_key) DO NOTHING",
	3 };

#define OWNER_COLUMNS                                  \
	"id, name, app_key, disabled_at IS NOT NULL, " \
	"extract(epoch FROM created_at)::bigint FROM owner "

static const struct stmt OWNER_BY_KEY = { "owner_by_key",
	"SELECT " OWNER_COLUMNS "WHERE app_key = $1", 1 };

static const struct stmt OWNER_GET = { "owner_get",
	"SELECT " OWNER_COLUMNS "WHERE id = $1::uuid", 1 };

static const struct stmt OWNER_LIST = { "owner_list",
	"SELECT " OWNER_COLUMNS "WHERE $1::uuid IS NULL OR id > $1::uuid "
	"ORDER BY id LIMIT $2",
	2 };

static void
read_owner(struct ctx *cx, const struct rows *r, int i, struct owner *o)
{
	o->id = rows_text(cx, r, i, 0);
	o->name = rows_text(cx, r, i, 1);
	o->app_key = rows_bytes(cx, r, i, 2);
	o->disabled = rows_bool(r, i, 3);
	o->created_at = rows_int(r, i, 4);
}

const struct err *
owner_add(
    struct ctx *cx, const struct owner *o, struct owner *out, bool *created)
{
	AUTO_STRUCT(rows) *added = NULL;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &OWNER_ADD, &added, DB_TEXT(o->id),
	    DB_TEXT(o->name), DB_BYTES(o->app_key));

	if (e != NULL)
		return e;
	*created = rows_affected(added) == 1;
	e = DB_RUN(cx, &OWNER_BY_KEY, &r, DB_BYTES(o->app_key));
	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_INTERNAL, "owner vanished");
	read_owner(cx, r, 0, out);
	return NULL;
}

const struct err *
owner_get(struct ctx *cx, const char *id, struct owner *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &OWNER_GET, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no owner %s", id);
	read_owner(cx, r, 0, out);
	return NULL;
}

const struct err *
owner_list(struct ctx *cx, const char *after, int64_t limit, struct owner **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &OWNER_LIST, &r, DB_TEXT(after), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_owner(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct stmt *const owner_stmts[] = { &OWNER_ADD, &OWNER_BY_KEY,
	&OWNER_GET, &OWNER_LIST, NULL };
