#include "store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/db_internal.h"

#define MAX_PARAMS 32
/* A failed connection attempt is not repeated at once by every request. */
#define RETRY_US 200000

/* Requests find a few rows by an index.  Statements are planned once, and a
 * plan that was made when a table was almost empty must not read all of it
 * when it is not any more.  Where there is no index it must after all: the
 * price that such a plan is then given must not have it compiled, nor made
 * anew at each execution in the hope of a better one. */
#define FEW_ROWS(set, big)                                              \
	set " enable_seqscan = " big "; " set " enable_hashjoin = " big \
	    "; " set " enable_mergejoin = " big

AUTO_DEFINE(PGresult, PQclear);

struct rows {
	PGresult *res;
};

static const struct db_guard *guard;

void
db_set_guard(const struct db_guard *g)
{
	guard = g;
}

void
db_unguarded(struct db *db)
{
	db->unguarded = true;
}

struct db *
db_new(const char *conninfo, const struct stmt *const *const *lists)
{
	struct db *db = mem_new(1, sizeof(*db));

	db->conninfo = mem_strdup(conninfo);
	db->lists = lists;
	db->patience_ms = DB_PATIENCE_MS;
	db->failed_at = -RETRY_US;
	return db;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_drop(db);
	explicit_bzero(db->conninfo, strlen(db->conninfo));
	mem_free(db->conninfo);
	mem_free(db);
}

void
db_drop(struct db *db)
{
	if (db->pg != NULL)
		PQfinish(db->pg);
	db->pg = NULL;
	db->in_tx = false;
	db->patience_ms = DB_PATIENCE_MS;
}

bool
db_wait_input(struct db *db, int64_t deadline)
{
	struct pollfd pfd = { .fd = PQsocket(db->pg), .events = POLLIN };

	while (PQisBusy(db->pg)) {
		int64_t left = (deadline - clock_mono_us()) / 1000;
		int n;

		if (left <= 0)
			return false;
		n = poll(&pfd, 1, (int)left);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && !PQconsumeInput(db->pg))
			return false;
	}
	return true;
}

/* libpq's messages end in newlines and span lines. */
static const char *
one_line(struct ctx *cx, const char *msg)
{
	char *s = arena_strdup(cx->arena, msg), *p;
	size_t n;

	for (p = s; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	n = strlen(s);
	while (n > 0 && s[n - 1] == ' ')
		s[--n] = '\0';
	return s;
}

static ERR_FN
lost(struct ctx *cx, const char *what)
{
	const char *msg = cx->db->pg == NULL
			      ? "not connected"
			      : one_line(cx, PQerrorMessage(cx->db->pg));
	const struct err *e = fail(cx, &ERR_STORE, "%s: %s", what,
	    *msg == '\0' ? "no answer in time" : msg);

	db_drop(cx->db);
	return e;
}

/* What a server-side error means to the caller. */
static ERR_FN
sql_error(struct ctx *cx, const char *what, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *msg = one_line(cx, PQresultErrorMessage(res));

	if (state == NULL || PQstatus(cx->db->pg) == CONNECTION_BAD)
		return lost(cx, what);
	cx->db->collided = strncmp(state, "23", 2) == 0 ||
			   strcmp(state, "40P01") == 0 ||
			   strcmp(state, "40001") == 0;
	if (strcmp(state, "23505") == 0 || strcmp(state, "23503") == 0)
		return fail(cx, &ERR_CONFLICT, "%s: %s", what, msg);
	/* Shut down, out of resources, deadlock, cancelled, read-only. */
	if (strncmp(state, "57P", 3) == 0 || strncmp(state, "53", 2) == 0 ||
	    strncmp(state, "08", 2) == 0 || strncmp(state, "40", 2) == 0 ||
	    strcmp(state, "57014") == 0 || strcmp(state, "55P03") == 0 ||
	    strcmp(state, "25006") == 0)
		return fail(cx, &ERR_STORE, "%s: %s %s", what, state, msg);
	return fail(cx, &ERR_INTERNAL, "%s: %s %s", what, state, msg);
}

/* The last result of the statement that was sent, within the patience. */
static ERR_FN
finish(struct ctx *cx, const char *what, PGresult **out)
{
	struct db *db = cx->db;
	int64_t deadline = clock_mono_us() + db->patience_ms * 1000;
	AUTO(PGresult) *last = NULL;
	PGresult *res;

	for (;;) {
		ExecStatusType st;

		if (!db_wait_input(db, deadline))
			return lost(cx, what);
		res = PQgetResult(db->pg);
		if (res == NULL)
			break;
		PQclear(last);
		last = res;
		st = PQresultStatus(res);
		if (st == PGRES_COPY_IN)
			break;
	}
	if (last == NULL)
		return lost(cx, what);
	switch (PQresultStatus(last)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_COPY_IN:
		if (out != NULL)
			*out = TAKE(last);
		return NULL;
	default:
		return sql_error(cx, what, last);
	}
}

const struct err *
db_simple(struct ctx *cx, const char *text)
{
	if (!PQsendQuery(cx->db->pg, text))
		return lost(cx, text);
	return finish(cx, text, NULL);
}

static ERR_FN
prepare_list(struct ctx *cx, const struct stmt *const *s)
{
	const struct err *e = NULL;

	for (; e == NULL && *s != NULL; s++) {
		if (!PQsendPrepare(cx->db->pg, (*s)->name, (*s)->text,
			(*s)->nparams, NULL))
			return lost(cx, (*s)->name);
		e = finish(cx, (*s)->name, NULL);
	}
	return e;
}

static ERR_FN
prepare_all(struct ctx *cx)
{
	const struct stmt *const *const *list;
	const struct err *e = NULL;

	for (list = cx->db->lists; list != NULL && *list != NULL; list++) {
		e = prepare_list(cx, *list);
		if (e != NULL)
			return e;
	}
	return guard == NULL || cx->db->lists == NULL
		   ? NULL
		   : prepare_list(cx, guard->stmts);
}

/* The guard's own statements pass. */
static ERR_FN
ask_guard(struct ctx *cx)
{
	const struct err *e;

	if (guard == NULL || cx->db->unguarded)
		return NULL;
	cx->db->guarding = true;
	e = guard->opened(cx);
	cx->db->guarding = false;
	return e;
}

static ERR_FN
ask_version(struct ctx *cx, const char *sql, int64_t *version)
{
	AUTO(PGresult) *res = NULL;
	const struct err *e;

	if (!PQsendQuery(cx->db->pg, sql))
		return lost(cx, "schema version");
	e = finish(cx, "schema version", &res);
	if (e == NULL)
		*version = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
	return e;
}

/* The schema is this program's, or a later one that still works with it, as
 * while nodes are replaced one after another. */
static ERR_FN
check_version(struct ctx *cx)
{
	int64_t version, needed;
	const struct err *e = ask_version(
	    cx, "SELECT max(version) FROM schema_migration", &version);

	if (e != NULL || version == SCHEMA_VERSION)
		return e;
	if (version < SCHEMA_VERSION)
		return fail(cx, &ERR_INTERNAL,
		    "the schema has version %" PRId64
		    ", this program needs %d: run \"latchkey migrate\"",
		    version, SCHEMA_VERSION);
	e = ask_version(cx,
	    arena_printf(cx->arena,
		"SELECT max(coalesce(works_from, version)) "
		"FROM schema_migration WHERE version > %d",
		SCHEMA_VERSION),
	    &needed);
	return e != NULL || needed <= SCHEMA_VERSION
		   ? e
		   : fail(cx, &ERR_INTERNAL,
			 "the schema has version %" PRId64
			 ", which needs a program of version %" PRId64
			 ", and this one is of %d",
			 version, needed, SCHEMA_VERSION);
}

static void
ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

static ERR_FN
connect_now(struct ctx *cx)
{
	/* The last setting of a name wins in libpq, so the operator's own
	 * connect_timeout in conninfo is honoured. */
	const char *keys[] = { "connect_timeout", "application_name", "dbname",
		NULL };
	const char *values[] = { DB_CONNECT_SECONDS, "latchkey",
		cx->db->conninfo, NULL };
	const struct err *e;

	cx->db->pg = PQconnectdbParams(keys, values, 1);
	if (PQstatus(cx->db->pg) != CONNECTION_OK)
		return lost(cx, "connect");
	PQsetNoticeReceiver(cx->db->pg, ignore_notice, NULL);
	e = db_simple(cx, "SET statement_timeout = 7000; SET timezone = 'UTC'; "
			  "SET jit = off; "
			  "SET plan_cache_mode = force_generic_plan; " FEW_ROWS(
			      "SET", "off"));
	if (e == NULL && cx->db->lists != NULL)
		e = check_version(cx);
	if (e == NULL)
		e = prepare_all(cx);
	if (e == NULL)
		e = ask_guard(cx);
	if (e != NULL)
		db_drop(cx->db);
	return e;
}

/* A server that went away while we were idle has said so and closed our
 * socket: read to the end of what it sent, or the next statement pays. */
static bool
is_stale(struct db *db)
{
	struct pollfd pfd = { .fd = PQsocket(db->pg), .events = POLLIN };

	while (poll(&pfd, 1, 0) > 0)
		if (!PQconsumeInput(db->pg) ||
		    PQstatus(db->pg) == CONNECTION_BAD)
			return true;
	return false;
}

const struct err *
db_open(struct ctx *cx)
{
	struct db *db = cx->db;
	const struct err *e;

	if (db->guarding)
		return NULL;
	if (guard != NULL && !db->unguarded) {
		e = guard->used(cx);
		if (e != NULL)
			return e;
	}
	if (db->pg != NULL && (db->in_tx || !is_stale(db)))
		return NULL;
	db_drop(db);
	if (clock_mono_us() - db->failed_at < RETRY_US)
		return fail(cx, &ERR_STORE, "connect: failed a moment ago");
	e = connect_now(cx);
	db->failed_at = e == NULL ? -RETRY_US : clock_mono_us();
	return e;
}

const struct err *
db_check(struct ctx *cx)
{
	return db_open(cx);
}

void
rows_free(struct rows *r)
{
	if (r == NULL)
		return;
	PQclear(r->res);
	mem_free(r);
}

const struct err *
db_run(struct ctx *cx, const struct stmt *s, const struct db_arg *args,
    size_t nargs, struct rows **out)
{
	const char *values[MAX_PARAMS];
	int lengths[MAX_PARAMS], formats[MAX_PARAMS];
	AUTO(PGresult) *res = NULL;
	const struct err *e;
	size_t i;

	must(nargs <= MAX_PARAMS && (int)nargs == s->nparams);
	cx->db->collided = false;
	e = db_open(cx);
	if (e != NULL)
		return e;
	for (i = 0; i < nargs; i++) {
		formats[i] = args[i].kind == DB_ARG_BYTES;
		lengths[i] = 0;
		values[i] = args[i].text;
		if (args[i].kind == DB_ARG_INT) {
			values[i] =
			    arena_printf(cx->arena, "%" PRId64, args[i].num);
		} else if (args[i].kind == DB_ARG_BYTES) {
			values[i] = (const char *)args[i].bytes.p;
			lengths[i] = (int)args[i].bytes.n;
		}
	}
	if (!PQsendQueryPrepared(
		cx->db->pg, s->name, (int)nargs, values, lengths, formats, 0))
		return lost(cx, s->name);
	e = finish(cx, s->name, &res);
	if (e != NULL || out == NULL)
		return e;
	*out = mem_new(1, sizeof(**out));
	(*out)->res = TAKE(res);
	return NULL;
}

bool
db_collided(const struct ctx *cx)
{
	return cx->db->collided;
}

int
rows_count(const struct rows *r)
{
	return PQntuples(r->res);
}

int64_t
rows_affected(const struct rows *r)
{
	return strtoll(PQcmdTuples(r->res), NULL, 10);
}

bool
rows_null(const struct rows *r, int row, int col)
{
	return PQgetisnull(r->res, row, col) != 0;
}

const char *
rows_text(struct ctx *cx, const struct rows *r, int row, int col)
{
	if (rows_null(r, row, col))
		return NULL;
	return arena_strdup(cx->arena, PQgetvalue(r->res, row, col));
}

int64_t
rows_int(const struct rows *r, int row, int col)
{
	return strtoll(PQgetvalue(r->res, row, col), NULL, 10);
}

bool
rows_bool(const struct rows *r, int row, int col)
{
	return *PQgetvalue(r->res, row, col) == 't';
}

struct bytes
rows_bytes(struct ctx *cx, const struct rows *r, int row, int col)
{
	const char *text = PQgetvalue(r->res, row, col);
	struct bytes b;

	if (rows_null(r, row, col))
		return BYTES_NONE;
	/* bytea in text format is \x and hex. */
	must(strncmp(text, "\\x", 2) == 0);
	must(bytes_from_hex(cx->arena, bytes_str(text + 2), &b));
	return b;
}

void
rows_sha(
    struct ctx *cx, const struct rows *r, int row, int col, uint8_t out[32])
{
	struct bytes b = rows_bytes(cx, r, row, col);

	memset(out, 0, 32);
	if (b.n == 32)
		memcpy(out, b.p, 32);
}

const struct err *
tx_begin(struct ctx *cx, struct tx *tx)
{
	const struct err *e;

	*tx = (struct tx){ .cx = cx, .open = false };
	e = db_open(cx);
	if (e != NULL)
		return e;
	must(!cx->db->in_tx);
	e = db_simple(cx, "BEGIN");
	if (e != NULL)
		return e;
	tx->open = true;
	cx->db->in_tx = true;
	return NULL;
}

const struct err *
tx_patience(struct tx *tx, int seconds)
{
	const char *set = arena_printf(tx->cx->arena,
	    "SET LOCAL statement_timeout = %d; " FEW_ROWS("SET LOCAL", "on"),
	    seconds * 1000);

	tx->cx->db->patience_ms = seconds * 1000 + 1000;
	return db_simple(tx->cx, set);
}

const struct err *
tx_in_order(struct tx *tx)
{
	return db_simple(tx->cx, "SET LOCAL enable_sort = off; "
				 "SET LOCAL enable_bitmapscan = off");
}

const struct err *
tx_commit(struct tx *tx)
{
	struct ctx *cx = tx->cx;
	AUTO(PGresult) *res = NULL;
	const struct err *e;

	/* The connection may have been lost under the transaction. */
	if (cx->db->pg == NULL)
		return fail(cx, &ERR_STORE, "commit: connection lost");
	if (!PQsendQuery(cx->db->pg, "COMMIT"))
		return lost(cx, "commit");
	e = finish(cx, "commit", &res);
	if (e != NULL)
		return e;
	tx->open = false;
	cx->db->in_tx = false;
	cx->db->patience_ms = DB_PATIENCE_MS;
	/* COMMIT of a failed transaction answers ROLLBACK, without error. */
	if (strcmp(PQcmdStatus(res), "COMMIT") != 0)
		return fail(cx, &ERR_INTERNAL, "commit: rolled back");
	return NULL;
}

void
tx_end(struct tx *tx)
{
	struct db *db;

	if (!tx->open)
		return;
	db = tx->cx->db;
	tx->open = false;
	if (db->pg != NULL && db_simple(tx->cx, "ROLLBACK") != NULL)
		db_drop(db);
	db->in_tx = false;
	db->patience_ms = DB_PATIENCE_MS;
}

const struct err *
db_copy_begin(struct ctx *cx, const char *copy_sql)
{
	const struct err *e = db_open(cx);

	if (e != NULL)
		return e;
	if (!PQsendQuery(cx->db->pg, copy_sql))
		return lost(cx, "copy");
	return finish(cx, "copy", NULL);
}

const struct err *
db_copy_data(struct ctx *cx, struct bytes data)
{
	if (PQputCopyData(cx->db->pg, (const char *)data.p, (int)data.n) != 1)
		return lost(cx, "copy");
	return NULL;
}

const struct err *
db_copy_end(struct ctx *cx, bool keep)
{
	if (PQputCopyEnd(cx->db->pg, keep ? NULL : "given up") != 1)
		return lost(cx, "copy");
	return finish(cx, "copy", NULL);
}
