#include "store/client.h"

#include "base/arena.h"
#include "store/column.h"

#define CLIENT_COLUMNS                                       \
	"id, name, array_to_string(redirect_uris, E'\\n'), " \
	"array_to_string(origins, E'\\n'), scope, key, "     \
	"introspects, withdrawn_at IS NOT NULL, "            \
	"extract(epoch FROM created_at)::bigint, "           \
	"array_to_string(android_apps, E'\\n'), "            \
	"array_to_string(ios_apps, E'\\n') FROM client "

static const struct stmt CLIENT_PUT = { "client_put",
	"INSERT INTO client (id, name, redirect_uris, origins, scope, key, "
	"introspects, android_apps, ios_apps) "
	"VALUES ($1, $2, string_to_array($3, E'\\n'), "
	"string_to_array($4, E'\\n'), $5, $6, $7::boolean, "
	"string_to_array($8, E'\\n'), string_to_array($9, E'\\n')) "
	"ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
	"redirect_uris = excluded.redirect_uris, "
	"origins = excluded.origins, scope = excluded.scope, "
	"key = excluded.key, introspects = excluded.introspects, "
	"android_apps = excluded.android_apps, "
	"ios_apps = excluded.ios_apps "
	"WHERE client.withdrawn_at IS NULL RETURNING xmax = 0",
	9 };

static const struct stmt CLIENT_GET = { "client_get",
	"SELECT " CLIENT_COLUMNS "WHERE id = $1", 1 };

static const struct stmt CLIENT_GET_ALL = { "client_get_all",
	"SELECT i.n - 1, c.* FROM unnest($1::text[]) WITH ORDINALITY "
	"AS i (wanted, n) CROSS JOIN LATERAL (SELECT " CLIENT_COLUMNS
	"WHERE id = i.wanted) c",
	1 };

static const struct stmt CLIENT_WITHDRAW = { "client_withdraw",
	"UPDATE client SET withdrawn_at = now() WHERE id = $1 AND "
	"withdrawn_at IS NULL",
	1 };

static const struct stmt CLIENT_LIST = { "client_list",
	"SELECT " CLIENT_COLUMNS "WHERE withdrawn_at IS NULL AND "
	"($1::text IS NULL OR id > $1) ORDER BY id LIMIT $2",
	2 };

static const struct stmt CLIENT_HAS_ORIGIN = { "client_has_origin",
	"SELECT EXISTS (SELECT FROM client WHERE $1 = ANY (origins) AND "
	"withdrawn_at IS NULL AND ($2::text IS NULL OR id = $2))",
	2 };

/* From the column on. */
static void
read_columns(
    struct ctx *cx, const struct rows *r, int i, int at, struct client *c)
{
	*c = (struct client){
		.id = rows_text(cx, r, i, at),
		.name = rows_text(cx, r, i, at + 1),
		.redirect_uris = rows_text(cx, r, i, at + 2),
		.origins = rows_text(cx, r, i, at + 3),
		.scope = rows_text(cx, r, i, at + 4),
		.key = rows_bytes(cx, r, i, at + 5),
		.introspects = rows_bool(r, i, at + 6),
		.withdrawn = rows_bool(r, i, at + 7),
		.created_at = rows_int(r, i, at + 8),
		.android_apps = rows_text(cx, r, i, at + 9),
		.ios_apps = rows_text(cx, r, i, at + 10),
	};
}

static void
read_client(struct ctx *cx, const struct rows *r, int i, struct client *c)
{
	read_columns(cx, r, i, 0, c);
}

const struct err *
client_put(struct ctx *cx, const struct client *c, bool *created, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CLIENT_PUT, &r, DB_TEXT(c->id),
	    DB_TEXT(c->name), DB_TEXT(c->redirect_uris), DB_TEXT(c->origins),
	    DB_TEXT(c->scope), DB_BYTES(c->key), DB_BOOL(c->introspects),
	    DB_TEXT(c->android_apps), DB_TEXT(c->ios_apps));

	if (e != NULL)
		return e;
	*done = rows_count(r) == 1;
	*created = *done && rows_bool(r, 0, 0);
	return NULL;
}

const struct err *
client_get(struct ctx *cx, const char *id, struct client *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CLIENT_GET, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	read_client(cx, r, 0, out);
	return NULL;
}

const struct err *
client_get_all(struct ctx *cx, struct client_ask *v, size_t n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	struct column id;
	size_t i;
	int row;

	column_init(cx, &id, COLUMN_TEXT, n);
	for (i = 0; i < n; i++) {
		column_text(&id, v[i].id);
		v[i].found = false;
	}
	e = DB_RUN(cx, &CLIENT_GET_ALL, &r, DB_COLUMN(&id));
	for (row = 0; e == NULL && row < rows_count(r); row++) {
		struct client_ask *q = &v[rows_int(r, row, 0)];

		read_columns(q->cx, r, row, 1, &q->out);
		q->found = true;
	}
	return e;
}

const struct err *
client_withdraw(struct ctx *cx, const char *id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CLIENT_WITHDRAW, &r, DB_TEXT(id));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
client_list(struct ctx *cx, const char *after, int64_t limit,
    struct client **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CLIENT_LIST, &r, DB_TEXT(after), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_client(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
client_has_origin(
    struct ctx *cx, const char *client_id, const char *origin, bool *has)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &CLIENT_HAS_ORIGIN, &r, DB_TEXT(origin), DB_TEXT(client_id));

	if (e == NULL)
		*has = rows_bool(r, 0, 0);
	return e;
}

/* What all clients have, each once.  The most is for the answer's size: what
 * phones read has to stay small (WebAuthn section 5.11.1 names five). */
#define CLIENTS_HAVE(column)                                      \
	"SELECT DISTINCT v FROM client, unnest(" column ") AS v " \
	"WHERE withdrawn_at IS NULL ORDER BY v LIMIT 500"

static const struct stmt CLIENT_ALL_ORIGINS = { "client_all_origins",
	CLIENTS_HAVE("origins"), 0 };
static const struct stmt CLIENT_ALL_ANDROID = { "client_all_android",
	CLIENTS_HAVE("android_apps"), 0 };
static const struct stmt CLIENT_ALL_IOS = { "client_all_ios",
	CLIENTS_HAVE("ios_apps"), 0 };

const struct err *
client_all(
    struct ctx *cx, enum client_list_kind what, const char ***out, size_t *n)
{
	static const struct stmt *const stmts[] = { &CLIENT_ALL_ORIGINS,
		&CLIENT_ALL_ANDROID, &CLIENT_ALL_IOS };
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, stmts[what], NULL, 0, &r);
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		(*out)[i] = rows_text(cx, r, (int)i, 0);
	return NULL;
}

const struct stmt *const client_stmts[] = { &CLIENT_PUT, &CLIENT_GET,
	&CLIENT_GET_ALL, &CLIENT_WITHDRAW, &CLIENT_LIST, &CLIENT_HAS_ORIGIN,
	&CLIENT_ALL_ORIGINS, &CLIENT_ALL_ANDROID, &CLIENT_ALL_IOS, NULL };
