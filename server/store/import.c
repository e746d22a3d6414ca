#include "store/import.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"

static const struct stmt IMPORT_LOCK = { "import_lock",
	"SELECT pg_backend_pid(), pg_try_advisory_lock(7305, 2)", 0 };

static const struct stmt IMPORT_UNLOCK = { "import_unlock",
	"SELECT pg_advisory_unlock(7305, 2)", 0 };

static const struct stmt IMPORT_FIND = { "import_find",
	"SELECT id, manufacturer_id, admin_token_id, state, skip_bad, "
	"body_sha256, lines, added, unchanged, bad, errors::text "
	"FROM import WHERE id = $1::uuid",
	1 };

static const struct stmt IMPORT_START = { "import_start",
	"WITH stale AS (UPDATE import SET state = 'failed', "
	"finished_at = now() WHERE state IN ('staging', 'storing') AND "
	"id <> $1::uuid) "
	"INSERT INTO import (id, manufacturer_id, admin_token_id, state, "
	"skip_bad, body_sha256) VALUES ($1::uuid, $2, $3, 'staging', $4, $5) "
	"ON CONFLICT (id) DO UPDATE SET "
	"admin_token_id = excluded.admin_token_id, state = 'staging', "
	"skip_bad = excluded.skip_bad, lines = 0, added = 0, unchanged = 0, "
	"bad = 0, errors = '[]', finished_at = NULL",
	5 };

static const struct stmt IMPORT_FORGET = { "import_forget",
	"TRUNCATE import_line", 0 };

static const struct stmt IMPORT_PROGRESS = { "import_progress",
	"UPDATE import SET state = $2, lines = $3, bad = $4 "
	"WHERE id = $1::uuid AND pg_backend_pid() = $5::int",
	5 };

/* Nothing is known of the staged lines' distribution, and a nested loop over
 * a million of them would not end. */
static const struct stmt IMPORT_PLAN = { "import_plan",
	"SELECT set_config('enable_nestloop', 'off', true), "
	"set_config('jit', 'off', true), set_config('work_mem', '96MB', true)",
	0 };

/* Staging holds the lines of this import alone.  "same" pairs lines with the
 * stored units that they name by serial number, key or UEID. */
#define WITH_SAME                                                 \
	"WITH total AS MATERIALIZED (SELECT count(*) AS n "       \
	"FROM import_line), "                                     \
	"same AS MATERIALIZED ("                                  \
	"SELECT l.line, b.id FROM import_line l JOIN birth b ON " \
	"b.serial = l.serial AND b.manufacturer_id = $1 UNION "   \
	"SELECT l.line, b.id FROM import_line l JOIN birth b ON " \
	"b.key_sha256 = l.key_sha256 UNION "                      \
	"SELECT l.line, b.id FROM import_line l JOIN birth b ON " \
	"b.pinned_key_sha256 = l.key_sha256 UNION "               \
	"SELECT l.line, b.id FROM import_line l JOIN birth b ON " \
	"b.ueid = l.ueid UNION "                                  \
	"SELECT l.line, b.id FROM import_line l JOIN birth b ON " \
	"b.ek_sha256 = l.ek_sha256 UNION "                        \
	"SELECT l.line, b.id FROM import_line l JOIN birth b ON " \
	"b.dac_subject = l.dac_subject AND b.manufacturer_id = $1), "

/* A line that says nothing else than what is stored is unchanged.  A used
 * claim code is no longer stored, so a line that brings one again says
 * nothing else either. */
#define WITH_JUDGED                                                     \
	"judged AS (SELECT s.line, CASE "                               \
	"WHEN b.manufacturer_id <> $1 "                                 \
	"THEN 'another manufacturer lists this key, UEID or EK' "       \
	"WHEN b.serial IS DISTINCT FROM coalesce(l.serial, b.serial) "  \
	"THEN 'this name or key is stored for another unit' "           \
	"WHEN b.model_id <> l.model_id "                                \
	"THEN 'the unit is stored with model ' || b.model_id "          \
	"WHEN b.key_sha256 IS DISTINCT FROM "                           \
	"coalesce(l.key_sha256, b.key_sha256) "                         \
	"THEN 'the unit is stored with another key, or without' "       \
	"WHEN b.ueid IS DISTINCT FROM coalesce(l.ueid, b.ueid) "        \
	"THEN 'the unit is stored with another UEID, or without' "      \
	"WHEN b.ek_sha256 IS DISTINCT FROM "                            \
	"coalesce(l.ek_sha256, b.ek_sha256) "                           \
	"THEN 'the unit is stored with another EK, or without' "        \
	"WHEN b.dac_subject IS DISTINCT FROM "                          \
	"coalesce(l.dac_subject, b.dac_subject) "                       \
	"THEN 'the unit is stored with another DAC, or without' "       \
	"WHEN (b.certificate_sha256, b.batch, b.made_at, b.boot_test) " \
	"IS DISTINCT FROM (coalesce(l.certificate_sha256, "             \
	"b.certificate_sha256), coalesce(l.batch, b.batch), "           \
	"coalesce(l.made_at, b.made_at), "                              \
	"coalesce(l.boot_test, b.boot_test)) "                          \
	"THEN 'the unit is stored with other facts' "                   \
	"WHEN b.claim_code_mac <> l.claim_code_mac "                    \
	"THEN 'the unit is stored with another claim code' "            \
	"END AS reason FROM same s JOIN import_line l USING (line) "    \
	"JOIN birth b ON b.id = s.id), "

/* Lines that name the same unit as an earlier one of the file. */
#define TWICE(column, noun)                                               \
	"UNION ALL SELECT l.line, '" noun " is also on line ' || f.line " \
	"FROM import_line l JOIN (SELECT " column                         \
	", min(line) AS line FROM import_line WHERE " column              \
	" IS NOT NULL GROUP BY " column                                   \
	" HAVING count(*) > 1) f USING (" column ") WHERE l.line > f.line "

#define WITH_FOUND                                                         \
	"found AS (SELECT line, reason FROM judged "                       \
	"WHERE reason IS NOT NULL "                                        \
	"UNION ALL SELECT line, 'the names and keys of the line "          \
	"are those of different units' FROM same GROUP BY line "           \
	"HAVING count(*) > 1 "                                             \
	"UNION ALL SELECT line, 'the manufacturer has no model ' || "      \
	"model_id FROM import_line l WHERE NOT EXISTS (SELECT FROM model " \
	"m WHERE m.id = l.model_id AND m.manufacturer_id = $1) "

#define FOUND_TWICE                          \
	TWICE("serial", "the serial number") \
	TWICE("key_sha256", "the key")       \
	TWICE("ueid", "the UEID")            \
	TWICE("ek_sha256", "the EK")         \
	TWICE("dac_subject", "the DAC")

#define WITH_BAD                                                           \
	"), bad AS MATERIALIZED (SELECT line, min(reason) AS reason FROM " \
	"found GROUP BY line), "

static const struct stmt IMPORT_JUDGE = { "import_judge",
	WITH_SAME WITH_JUDGED WITH_FOUND FOUND_TWICE WITH_BAD
	"gone AS (DELETE FROM import_line WHERE line IN "
	"(SELECT line FROM bad UNION ALL SELECT line FROM same)) "
	"SELECT (SELECT n FROM total), (SELECT count(*) FROM bad), "
	"(SELECT count(DISTINCT line) FROM same s WHERE NOT EXISTS "
	"(SELECT FROM bad WHERE bad.line = s.line)), f.line, f.reason "
	"FROM (VALUES (1)) AS one LEFT JOIN (SELECT line, reason FROM bad "
	"ORDER BY line LIMIT $2) f ON true ORDER BY f.line",
	2 };

static const struct stmt IMPORT_STORE = { "import_store",
	"INSERT INTO birth (manufacturer_id, model_id, serial, key_sha256, "
	"ueid, batch, made_at, boot_test, certificate_sha256, claim_code_mac, "
	"ek_sha256, dac_subject) "
	"SELECT $1, model_id, serial, key_sha256, ueid, batch, made_at, "
	"boot_test, certificate_sha256, claim_code_mac, ek_sha256, "
	"dac_subject FROM import_line",
	1 };

static const struct stmt IMPORT_FINISH = { "import_finish",
	"UPDATE import SET state = $2, lines = $3, added = $4, "
	"unchanged = $5, bad = $6, finished_at = now(), errors = "
	"(SELECT coalesce(jsonb_agg(jsonb_build_object('line', "
	"split_part(x, E'\\t', 1)::bigint, 'reason', "
	"split_part(x, E'\\t', 2)) ORDER BY split_part(x, E'\\t', 1)::bigint), "
	"'[]') FROM unnest(string_to_array($7, E'\\n')) AS x) "
	"WHERE id = $1::uuid AND pg_backend_pid() = $8::int "
	"RETURNING errors::text",
	8 };

const struct err *
import_lock(struct ctx *cx, int64_t *pid, bool *busy)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &IMPORT_LOCK, NULL, 0, &r);

	if (e != NULL)
		return e;
	*pid = rows_int(r, 0, 0);
	*busy = !rows_bool(r, 0, 1);
	return NULL;
}

void
import_unlock(struct ctx *cx)
{
	/* A connection that fails here is dropped, and the lock with it. */
	if (db_run(cx, &IMPORT_UNLOCK, NULL, 0, NULL) != NULL)
		return;
}

static void
read_import(struct ctx *cx, const struct rows *r, struct import *im)
{
	im->id = rows_text(cx, r, 0, 0);
	im->manufacturer_id = rows_text(cx, r, 0, 1);
	im->token_id = rows_text(cx, r, 0, 2);
	im->state = rows_text(cx, r, 0, 3);
	im->skip_bad = rows_bool(r, 0, 4);
	rows_sha(cx, r, 0, 5, im->body_sha256);
	im->lines = rows_int(r, 0, 6);
	im->added = rows_int(r, 0, 7);
	im->unchanged = rows_int(r, 0, 8);
	im->bad = rows_int(r, 0, 9);
	im->errors = rows_text(cx, r, 0, 10);
}

const struct err *
import_find(struct ctx *cx, const char *id, bool *found, struct import *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &IMPORT_FIND, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_import(cx, r, out);
	return NULL;
}

const struct err *
import_start(struct ctx *cx, const struct import *im)
{
	const struct err *e = DB_RUN(cx, &IMPORT_START, NULL, DB_TEXT(im->id),
	    DB_TEXT(im->manufacturer_id), DB_TEXT(im->token_id),
	    DB_BOOL(im->skip_bad), DB_SHA(im->body_sha256));

	if (e != NULL)
		return e;
	return db_run(cx, &IMPORT_FORGET, NULL, 0, NULL);
}

const struct err *
import_stage_begin(struct ctx *cx)
{
	return db_copy_begin(cx,
	    "COPY import_line (import_id, line, model_id, serial, key_sha256, "
	    "ueid, batch, made_at, boot_test, certificate_sha256, "
	    "claim_code_mac, ek_sha256, dac_subject) FROM STDIN");
}

/* One field of COPY's text format: a tab before it, \N for NULL. */
static void
put_text(struct buf *b, const char *s)
{
	static const char escaped[] = "\t\n\r\\";
	static const char names[] = "tnr\\";
	const char *p, *e;

	if (s == NULL) {
		buf_str(b, "\t\\N");
		return;
	}
	buf_str(b, "\t");
	for (p = s; *p != '\0'; p++) {
		e = strchr(escaped, *p);
		if (e != NULL)
			buf_put(b, (struct bytes){ (const uint8_t *)"\\", 1 });
		buf_put(b,
		    (struct bytes){
			(const uint8_t *)(e == NULL ? p : &names[e - escaped]),
			1 });
	}
}

static void
put_bytes(struct buf *b, struct bytes data)
{
	static const char hex[] = "0123456789abcdef";
	char text[2 * 64];
	size_t i;

	if (data.n == 0) {
		buf_str(b, "\t\\N");
		return;
	}
	must(data.n <= 64);
	for (i = 0; i < data.n; i++) {
		text[2 * i] = hex[data.p[i] >> 4];
		text[2 * i + 1] = hex[data.p[i] & 15];
	}
	buf_str(b, "\t\\\\x");
	buf_put(b, (struct bytes){ (uint8_t *)text, 2 * data.n });
}

static void
put_time(struct buf *b, int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	if (t == 0) {
		buf_str(b, "\t\\N");
		return;
	}
	clock_text(t, text);
	buf_str(b, "\t");
	buf_str(b, text);
}

void
import_stage_unit(
    struct buf *text, const char *import_id, const struct import_unit *u)
{
	buf_printf(text, "%s\t%" PRId64, import_id, u->line);
	put_text(text, u->model_id);
	put_text(text, u->serial);
	put_bytes(text, u->key_sha256);
	put_bytes(text, u->ueid);
	put_text(text, u->batch);
	put_time(text, u->made_at);
	put_text(text, u->boot_test);
	put_bytes(text, u->certificate_sha256);
	put_bytes(text, u->claim_code_mac);
	put_bytes(text, u->ek_sha256);
	put_text(text, u->dac_subject);
	buf_str(text, "\n");
}

const struct err *
import_stage_send(struct ctx *cx, struct bytes text)
{
	return db_copy_data(cx, text);
}

const struct err *
import_stage_end(struct ctx *cx)
{
	return db_copy_end(cx, true);
}

const struct err *
import_progress(struct ctx *cx, const struct import *im, int64_t pid)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &IMPORT_PROGRESS, &r, DB_TEXT(im->id),
	    DB_TEXT(im->state), DB_INT(im->lines), DB_INT(im->bad),
	    DB_INT(pid));

	if (e != NULL)
		return e;
	if (rows_affected(r) != 1)
		return fail(cx, &ERR_STORE, "import: the connection was lost");
	return NULL;
}

const struct err *
import_judge(struct ctx *cx, struct import *im, int64_t staged,
    struct import_errors *errors)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &IMPORT_PLAN, NULL, 0, NULL);
	int i;

	if (e != NULL)
		return e;
	e = DB_RUN(cx, &IMPORT_JUDGE, &r, DB_TEXT(im->manufacturer_id),
	    DB_INT(LIMIT_IMPORT_ERRORS));
	if (e != NULL)
		return e;
	/* A crash of the database empties what is staged. */
	if (rows_int(r, 0, 0) != staged)
		return fail(cx, &ERR_STORE, "import: staged lines were lost");
	im->bad += rows_int(r, 0, 1);
	im->unchanged = rows_int(r, 0, 2);
	for (i = 0; i < rows_count(r) && !rows_null(r, i, 3); i++)
		errors->v[errors->n++] =
		    (struct import_error){ rows_int(r, i, 3),
			    rows_text(cx, r, i, 4) };
	return NULL;
}

const struct err *
import_store(struct ctx *cx, struct import *im)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &IMPORT_STORE, &r, DB_TEXT(im->manufacturer_id));

	if (e != NULL)
		return e;
	im->added = rows_affected(r);
	return NULL;
}

static int
by_line(const void *a, const void *b)
{
	const struct import_error *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

/* The first errors by line as lines "number<tab>reason". */
static const char *
errors_text(struct ctx *cx, struct import_errors *errors)
{
	struct bytes text;
	struct buf b;
	size_t i;

	qsort(errors->v, errors->n, sizeof(errors->v[0]), by_line);
	if (errors->n > LIMIT_IMPORT_ERRORS)
		errors->n = LIMIT_IMPORT_ERRORS;
	buf_init(&b, cx->arena, LIMIT_ARENA / 8);
	for (i = 0; i < errors->n; i++)
		buf_printf(&b, "%s%" PRId64 "\t%s", i == 0 ? "" : "\n",
		    errors->v[i].line, errors->v[i].reason);
	must(buf_bytes(&b, &text));
	return bytes_to_str(cx->arena, text);
}

const struct err *
import_finish(struct ctx *cx, struct import *im, int64_t pid,
    struct import_errors *errors)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &IMPORT_FINISH, &r, DB_TEXT(im->id), DB_TEXT(im->state),
		DB_INT(im->lines), DB_INT(im->added), DB_INT(im->unchanged),
		DB_INT(im->bad), DB_TEXT(errors_text(cx, errors)), DB_INT(pid));

	if (e != NULL)
		return e;
	if (rows_count(r) != 1)
		return fail(cx, &ERR_STORE, "import: the connection was lost");
	im->errors = rows_text(cx, r, 0, 0);
	return NULL;
}

const struct stmt *const import_stmts[] = { &IMPORT_LOCK, &IMPORT_UNLOCK,
	&IMPORT_FIND, &IMPORT_START, &IMPORT_FORGET, &IMPORT_PROGRESS,
	&IMPORT_PLAN, &IMPORT_JUDGE, &IMPORT_STORE, &IMPORT_FINISH, NULL };
