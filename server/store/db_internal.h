/*
 * What db.c shares with listen.c: the connection itself.
 */
#ifndef STORE_DB_INTERNAL_H
#define STORE_DB_INTERNAL_H

#include <libpq-fe.h>

#include "store/db.h"

#define DB_PATIENCE_MS 8000
#define DB_CONNECT_SECONDS "3"

struct db {
	char *conninfo;
	const struct stmt *const *const *lists;
	PGconn *pg;          /* NULL when not connected */
	int64_t failed_at;   /* clock_mono_us of the last failed attempt */
	int64_t patience_ms; /* how long a statement may take */
	bool in_tx;
	bool unguarded;
	bool guarding; /* the guard's own statements run */
	bool collided; /* db_collided */
};

/* Connects and prepares when that has not happened or was lost. */
ERR_FN db_open(struct ctx *cx);

/* Runs text without parameters on the open connection, within the patience:
 * transaction control, settings, LISTEN. */
ERR_FN db_simple(struct ctx *cx, const char *text);

/* Forgets the connection after a failure that leaves it unusable. */
void db_drop(struct db *db);

/* Waits for input until the deadline (clock_mono_us); false when over. */
bool db_wait_input(struct db *db, int64_t deadline);

#endif
