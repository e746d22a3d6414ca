/*
 * One PostgreSQL connection, owned by one thread and opened when first
 * needed.  The other files of this folder hold one aggregate each: their
 * statements, prepared when the connection opens so that a mismatch with the
 * schema stops the start and not a request, and typed functions around them.
 * No SQL and no libpq type leaves this folder.
 *
 * Outcomes: NULL; ERR_CONFLICT (unique or foreign key); ERR_STORE (503: no
 * connection, or a statement that was cut off: whether a COMMIT happened is
 * then unknown, and the sender's repeat must be harmless); ERR_INTERNAL.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

#define SCHEMA_VERSION 32

struct stmt {
	const char *name;
	const char *text;
	int nparams;
};

/* A parameter in PostgreSQL's text format (bytea: its bytes). */
struct db_arg {
	enum { DB_ARG_TEXT, DB_ARG_BYTES, DB_ARG_INT } kind;
	const char *text; /* NULL is SQL NULL */
	struct bytes bytes;
	int64_t num;
};
#define DB_TEXT(s) ((struct db_arg){ .kind = DB_ARG_TEXT, .text = (s) })
#define DB_INT(i) ((struct db_arg){ .kind = DB_ARG_INT, .num = (i) })
/* Empty bytes with p == NULL are SQL NULL. */
#define DB_BYTES(b) ((struct db_arg){ .kind = DB_ARG_BYTES, .bytes = (b) })
#define DB_SHA(array) \
	((struct db_arg){ .kind = DB_ARG_BYTES, .bytes = { (array), 32 } })
#define DB_BOOL(x) DB_TEXT((x) ? "t" : "f")
#define DB_NULL DB_TEXT(NULL)
/* Times travel as seconds: use to_timestamp($n) and
 * extract(epoch FROM x)::bigint in the statement. */

/* A connection to be opened at first use; freed with db_free.  Statements of
 * all given lists (each ends with a NULL entry) are prepared on opening. */
struct db *db_new(const char *conninfo, const struct stmt *const *const *lists);
void db_free(struct db *db);
AUTO_STRUCT_DEFINE(db, db_free);

/* What a program asks of each connection: set once, before threads start. */
struct db_guard {
	const struct stmt *const *stmts; /* prepared on each connection */
	/* The connection is new; a refusal closes it. */
	const struct err *(*opened)(struct ctx *cx);
	/* It is about to be used: costs nothing. */
	const struct err *(*used)(struct ctx *cx);
};
void db_set_guard(const struct db_guard *g);
/* This one is not asked: it is what finds out. */
void db_unguarded(struct db *db);

/* Opens now; fails if unreachable, or if the schema has another version and
 * does not say that it works with this program. */
ERR_FN db_check(struct ctx *cx);

struct rows;
void rows_free(struct rows *r);
AUTO_STRUCT_DEFINE(rows, rows_free);

/* Runs a prepared statement on cx->db.  *out (may be NULL) is freed by the
 * caller with rows_free: AUTO_STRUCT(rows) *r = NULL. */
#define DB_ARGS(...)                                         \
	((const struct db_arg[]){ __VA_ARGS__ }),            \
	    sizeof((const struct db_arg[]){ __VA_ARGS__ }) / \
		sizeof(struct db_arg)
ERR_FN db_run(struct ctx *cx, const struct stmt *s, const struct db_arg *args,
    size_t nargs, struct rows **out);
#define DB_RUN(cx, stmt, out, ...) \
	db_run((cx), (stmt), DB_ARGS(__VA_ARGS__), (out))

/* Whether the last statement failed on what others did at the same time: a
 * unique or foreign key, a deadlock.  It is undone whole, and may succeed for
 * each of its rows alone. */
bool db_collided(const struct ctx *cx);

int rows_count(const struct rows *r);
/* Rows inserted, updated or deleted by a statement that returns none. */
int64_t rows_affected(const struct rows *r);
bool rows_null(const struct rows *r, int row, int col);
/* Text in the arena; NULL for SQL NULL. */
const char *rows_text(struct ctx *cx, const struct rows *r, int row, int col);
/* 0 for SQL NULL. */
int64_t rows_int(const struct rows *r, int row, int col);
bool rows_bool(const struct rows *r, int row, int col);
/* bytea in the arena; BYTES_NONE for SQL NULL. */
struct bytes rows_bytes(struct ctx *cx, const struct rows *r, int row, int col);
/* A bytea of exactly 32 bytes into out; zeroed for anything else. */
void rows_sha(
    struct ctx *cx, const struct rows *r, int row, int col, uint8_t out[32]);

/* READ COMMITTED transaction: begin, commit; tx_end rolls back what was not
 * committed, so AUTO_STRUCT(tx) covers every early return. */
struct tx {
	struct ctx *cx;
	bool open;
};
ERR_FN tx_begin(struct ctx *cx, struct tx *tx);
ERR_FN tx_commit(struct tx *tx);
void tx_end(struct tx *tx);
#define TX __attribute__((cleanup(tx_end))) struct tx

/* Statements of the open transaction may take this long instead of the few
 * seconds that a request is given; tx_end restores that. */
ERR_FN tx_patience(struct tx *tx, int seconds);

/* Its statements read along the index that has their order, up to their
 * LIMIT: what was planned while a table was small must not read and sort all
 * of it when it has grown.  For statements that always run so. */
ERR_FN tx_in_order(struct tx *tx);

/* COPY ... FROM STDIN within a transaction: start with the text of the COPY
 * statement, then rows in text format (db_copy_row), then end. */
ERR_FN db_copy_begin(struct ctx *cx, const char *copy_sql);
ERR_FN db_copy_data(struct ctx *cx, struct bytes data);
ERR_FN db_copy_end(struct ctx *cx, bool keep);

#endif
