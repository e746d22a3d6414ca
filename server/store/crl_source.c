#include "store/crl_source.h"

#include "base/arena.h"

#define SOURCE_COLUMNS                             \
	"id, manufacturer_id, url, issuer, "       \
	"extract(epoch FROM every)::bigint, "      \
	"extract(epoch FROM fetched_at)::bigint, " \
	"extract(epoch FROM failed_at)::bigint, failure"

static const struct stmt SOURCE_PUT = { "crl_source_put",
	"INSERT INTO crl_source AS s (id, manufacturer_id, url, every, issuer) "
	"VALUES ($1::uuid, $2, $3, make_interval(secs => $4::bigint), $5) "
	"ON CONFLICT (manufacturer_id, url) DO UPDATE SET "
	"every = excluded.every, issuer = excluded.issuer, next_at = now() "
	"RETURNING " SOURCE_COLUMNS ", xmax = 0",
	5 };

static const struct stmt SOURCE_LIST = { "crl_source_list",
	"SELECT " SOURCE_COLUMNS " FROM crl_source WHERE manufacturer_id = $1 "
	"ORDER BY url",
	1 };

static const struct stmt SOURCE_DELETE = { "crl_source_delete",
	"DELETE FROM crl_source WHERE manufacturer_id = $1 AND id = $2::uuid",
	2 };

static const struct stmt SOURCE_TAKE = { "crl_source_take",
	"UPDATE crl_source SET next_at = now() + every WHERE id = "
	"(SELECT id FROM crl_source WHERE next_at <= now() ORDER BY next_at "
	"LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING " SOURCE_COLUMNS,
	0 };

static const struct stmt SOURCE_DONE = { "crl_source_done",
	"UPDATE crl_source SET failure = $2, "
	"fetched_at = CASE WHEN $2::text IS NULL THEN now() "
	"ELSE fetched_at END, "
	"failed_at = CASE WHEN $2::text IS NULL THEN failed_at "
	"ELSE now() END, "
	"next_at = CASE WHEN $2::text IS NULL THEN next_at "
	"ELSE least(next_at, now() + make_interval(secs => $3::bigint)) END "
	"WHERE id = $1::uuid",
	3 };

static void
read_source(struct ctx *cx, const struct rows *r, int i, struct crl_source *s)
{
	*s = (struct crl_source){
		.id = rows_text(cx, r, i, 0),
		.manufacturer_id = rows_text(cx, r, i, 1),
		.url = rows_text(cx, r, i, 2),
		.issuer = rows_text(cx, r, i, 3),
		.every = rows_int(r, i, 4),
		.fetched_at = rows_int(r, i, 5),
		.failed_at = rows_int(r, i, 6),
		.failure = rows_text(cx, r, i, 7),
	};
}

const struct err *
crl_source_put(struct ctx *cx, const struct crl_source *in,
    struct crl_source *out, bool *created)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SOURCE_PUT, &r, DB_TEXT(in->id),
	    DB_TEXT(in->manufacturer_id), DB_TEXT(in->url), DB_INT(in->every),
	    DB_TEXT(in->issuer));

	if (e != NULL)
		return e;
	read_source(cx, r, 0, out);
	*created = rows_bool(r, 0, 8);
	return NULL;
}

const struct err *
crl_source_list(struct ctx *cx, const char *manufacturer_id,
    struct crl_source **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &SOURCE_LIST, &r, DB_TEXT(manufacturer_id));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_source(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
crl_source_delete(struct ctx *cx, const char *manufacturer_id, const char *id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &SOURCE_DELETE, &r, DB_TEXT(manufacturer_id), DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_affected(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "%s has no source %s",
		    manufacturer_id, id);
	return NULL;
}

const struct err *
crl_source_take(struct ctx *cx, struct crl_source *out, bool *found)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &SOURCE_TAKE, NULL, 0, &r);

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_source(cx, r, 0, out);
	return NULL;
}

const struct err *
crl_source_done(
    struct ctx *cx, const char *id, const char *failure, int64_t retry)
{
	return DB_RUN(cx, &SOURCE_DONE, NULL, DB_TEXT(id), DB_TEXT(failure),
	    DB_INT(retry));
}

const struct stmt *const crl_source_stmts[] = { &SOURCE_PUT, &SOURCE_LIST,
	&SOURCE_DELETE, &SOURCE_TAKE, &SOURCE_DONE, NULL };
