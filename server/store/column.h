/*
 * The parameters of one statement over many rows: a column is an array, in
 * PostgreSQL's binary format (array_send), that the statement takes apart
 * with unnest($1::bytea[], ...).
 */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include "base/buf.h"
#include "store/db.h"

/* The types' numbers in pg_type, which never change. */
enum column_type {
	COLUMN_BYTES = 17,  /* bytea */
	COLUMN_INT = 20,    /* bigint */
	COLUMN_TEXT = 25,   /* text */
	COLUMN_UUID = 2950, /* uuid, given as text */
};

struct column {
	struct buf buf;
	enum column_type type;
	size_t left; /* rows that are still to be added */
};

/* A column of exactly n rows, in the arena. */
void
column_init(struct ctx *cx, struct column *c, enum column_type type, size_t n);

/* The next row's value, of the column's type; NULL and empty bytes with
 * p == NULL are SQL NULL. */
void column_bytes(struct column *c, struct bytes value);
void column_int(struct column *c, int64_t value);
void column_text(struct column *c, const char *value);

/* The parameter: DB_COLUMN(&c). */
struct bytes column_end(const struct column *c);
#define DB_COLUMN(c) DB_BYTES(column_end(c))

#endif
