#include "store/lineage.h"

#include "base/arena.h"
#include "store/feed_page.h"

#define PAGE FEED_PAGE("", "1000")

/* A node of this one's name may be what it was before a restart. */
static const struct stmt LINEAGE_READ = { "lineage_read",
	"SELECT h.epoch, h.position, h.sha256, "
	"$2::bigint = 0 OR EXISTS (SELECT FROM revocation WHERE "
	"epoch = $1::int AND position = $2::bigint AND sha256 = $3), "
	"EXISTS (SELECT FROM feed_doubt), "
	"EXISTS (SELECT FROM feed_consumer WHERE kind = 'node' AND "
	"name <> $4 AND seen_at > $5::timestamptz), "
	"NOT EXISTS (SELECT FROM revocation) AND "
	"NOT EXISTS (SELECT FROM certificate) AND h.epoch = 1, "
	"clock_timestamp()::text, "
	"(SELECT ceil(extract(epoch FROM max(window_to)))::bigint "
	"FROM revocation WHERE kind = 'window') FROM feed_head h",
	5 };

const struct err *
lineage_read(
    struct ctx *cx, const struct lineage_ask *ask, struct lineage_answer *out)
{
	const struct view_mark none = { 0 }, *m = ask->mark;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;

	if (m == NULL)
		m = &none;
	e = DB_RUN(cx, &LINEAGE_READ, &r, DB_INT(m->epoch), DB_INT(m->position),
	    DB_SHA(m->sha256), DB_TEXT(ask->name), DB_TEXT(ask->since));
	if (e != NULL)
		return e;
	if (rows_count(r) != 1)
		return fail(cx, &ERR_INTERNAL, "the feed has no head");
	out->head.epoch = rows_int(r, 0, 0);
	out->head.position = rows_int(r, 0, 1);
	rows_sha(cx, r, 0, 2, out->head.sha256);
	out->holds = rows_bool(r, 0, 3);
	out->doubted = rows_bool(r, 0, 4);
	out->vouched = rows_bool(r, 0, 5);
	out->fresh = rows_bool(r, 0, 6);
	out->now = rows_text(cx, r, 0, 7);
	out->window_to = rows_int(r, 0, 8);
	return NULL;
}

static const struct stmt LINEAGE_DOUBT = { "lineage_doubt",
	"SELECT feed_doubt($1, $2::int, $3::bigint)", 3 };

const struct err *
lineage_doubt(struct ctx *cx, const char *name, const struct view_mark *seen)
{
	return DB_RUN(cx, &LINEAGE_DOUBT, NULL, DB_TEXT(name),
	    DB_INT(seen->epoch), DB_INT(seen->position));
}

static const struct stmt LINEAGE_DOUBTED = { "lineage_doubted",
	"SELECT EXISTS (SELECT FROM feed_doubt)", 0 };

const struct err *
lineage_doubted(struct ctx *cx, bool *yes)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &LINEAGE_DOUBTED, NULL, 0, &r);

	if (e == NULL)
		*yes = rows_bool(r, 0, 0);
	return e;
}

static const struct stmt LINEAGE_ASK_OTHERS = { "lineage_call",
	"SELECT pg_notify('" LINEAGE_CALL "', '')", 0 };

const struct err *
lineage_call(struct ctx *cx)
{
	return db_run(cx, &LINEAGE_ASK_OTHERS, NULL, 0, NULL);
}

/* As COPY reads them: text escaped, \N for what is null. */
static const struct stmt LINEAGE_ENTRIES = { "lineage_entries",
	"SELECT epoch, position, sha256, concat_ws(E'\\t', epoch, position, "
	"at, kind, coalesce(device_id::text, '\\N'), "
	"coalesce('\\\\x' || encode(serial, 'hex'), '\\N'), "
	"coalesce(replace(service_name, '\\', '\\\\'), '\\N'), "
	"coalesce(until::text, '\\N'), replace(reason, '\\', '\\\\'), "
	"coalesce(replace(subject, '\\', '\\\\'), '\\N'), "
	"'\\\\x' || encode(sha256, 'hex')) "
	"FROM " PAGE "WHERE " FEED_PAGE_END "ORDER BY epoch, position",
	4 };

const struct err *
lineage_entries(struct ctx *cx, struct view_mark *after,
    const struct view_mark *upto, const char ***rows, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &LINEAGE_ENTRIES, &r,
	    DB_INT(after->epoch), DB_INT(after->position), DB_INT(upto->epoch),
	    DB_INT(upto->position));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*rows = arena_alloc(cx->arena, (*n + 1) * sizeof(**rows));
	for (i = 0; i < rows_count(r); i++) {
		(*rows)[i] = rows_text(cx, r, i, 3);
		after->epoch = rows_int(r, i, 0);
		after->position = rows_int(r, i, 1);
		rows_sha(cx, r, i, 2, after->sha256);
	}
	return NULL;
}

const struct stmt *const lineage_stmts[] = { &LINEAGE_READ, &LINEAGE_ASK_OTHERS,
	&LINEAGE_ENTRIES, NULL };
const struct stmt *const lineage_doubt_stmts[] = { &LINEAGE_DOUBT,
	&LINEAGE_DOUBTED, NULL };
