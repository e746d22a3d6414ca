#include "store/label.h"

#include "base/arena.h"
#include "base/limits.h"

#define LABEL_COLUMNS                              \
	"name, settings, updated_by, version, "    \
	"extract(epoch FROM updated_at)::bigint, " \
	"withdrawn_at IS NOT NULL"

static const struct stmt LABEL_PUT = { "label_put",
	"INSERT INTO label AS l (name, settings, updated_by) "
	"SELECT $1, $2, $3 WHERE EXISTS (SELECT FROM label WHERE name = $1) "
	"OR (SELECT count(*) FROM label) < $4 "
	"ON CONFLICT (name) DO UPDATE SET "
	"settings = excluded.settings, updated_by = excluded.updated_by, "
	"updated_at = now(), version = l.version + 1, withdrawn_at = NULL "
	"WHERE l.settings <> excluded.settings OR "
	"l.withdrawn_at IS NOT NULL RETURNING xmax = 0",
	4 };

static const struct stmt LABEL_FIND = { "label_find",
	"SELECT " LABEL_COLUMNS ", false FROM label WHERE name = $1", 1 };

static const struct stmt LABEL_LIST = { "label_list",
	"SELECT " LABEL_COLUMNS
	", name IN (SELECT unnest(profile || labels) FROM model WHERE "
	"status = 'active' AND asks_evidence) FROM label "
	"WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2",
	2 };

static const struct stmt LABEL_LOCK_ALONE = { "label_lock_alone",
	"SELECT FROM label WHERE name = $1 FOR UPDATE", 1 };

static const struct stmt LABEL_LOCK = { "label_lock",
	"SELECT FROM label WHERE name = $1 AND withdrawn_at IS NULL FOR SHARE",
	1 };

static const struct stmt LABEL_NAMED_BY = { "label_named_by",
	"SELECT id FROM model WHERE (profile = $1 OR $1 = ANY (labels)) AND "
	"status = 'active' ORDER BY id LIMIT 1",
	1 };

static const struct stmt LABEL_WITHDRAW = { "label_withdraw",
	"UPDATE label SET withdrawn_at = now(), updated_at = now(), "
	"updated_by = $2, version = version + 1 "
	"WHERE name = $1 AND withdrawn_at IS NULL",
	2 };

static void
read_label(struct ctx *cx, const struct rows *r, int i, struct label_row *l)
{
	l->name = rows_text(cx, r, i, 0);
	l->settings = rows_text(cx, r, i, 1);
	l->updated_by = rows_text(cx, r, i, 2);
	l->version = rows_int(r, i, 3);
	l->updated_at = rows_int(r, i, 4);
	l->withdrawn = rows_bool(r, i, 5);
	l->evidence = rows_bool(r, i, 6);
}

const struct err *
label_put(
    struct ctx *cx, const struct label_row *in, bool *created, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &LABEL_PUT, &r, DB_TEXT(in->name), DB_TEXT(in->settings),
		DB_TEXT(in->updated_by), DB_INT(LIMIT_LABELS));

	if (e != NULL)
		return e;
	*changed = rows_count(r) == 1;
	*created = *changed && rows_bool(r, 0, 0);
	return NULL;
}

const struct err *
label_find(struct ctx *cx, const char *name, bool *found, struct label_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &LABEL_FIND, &r, DB_TEXT(name));

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_label(cx, r, 0, out);
	return NULL;
}

const struct err *
label_list(struct ctx *cx, const char *after, int64_t limit,
    struct label_row **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &LABEL_LIST, &r, DB_TEXT(after), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_label(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
label_withdraw(struct ctx *cx, const char *name, const char *token_id,
    const char **model, bool *changed)
{
	AUTO_STRUCT(rows) *named = NULL;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;

	*model = NULL;
	*changed = false;
	/* Models that are being changed to name it wait, or are waited for. */
	e = DB_RUN(cx, &LABEL_LOCK_ALONE, NULL, DB_TEXT(name));
	if (e == NULL)
		e = DB_RUN(cx, &LABEL_NAMED_BY, &named, DB_TEXT(name));
	if (e != NULL)
		return e;
	if (rows_count(named) > 0) {
		*model = rows_text(cx, named, 0, 0);
		return NULL;
	}
	e = DB_RUN(cx, &LABEL_WITHDRAW, &r, DB_TEXT(name), DB_TEXT(token_id));
	if (e == NULL)
		*changed = rows_affected(r) == 1;
	return e;
}

const struct err *
label_lock(struct ctx *cx, const char *name, bool *found)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &LABEL_LOCK, &r, DB_TEXT(name));

	if (e == NULL)
		*found = rows_count(r) > 0;
	return e;
}

const struct stmt *const label_stmts[] = { &LABEL_PUT, &LABEL_FIND, &LABEL_LIST,
	&LABEL_LOCK_ALONE, &LABEL_LOCK, &LABEL_NAMED_BY, &LABEL_WITHDRAW,
	NULL };
