/*
 * Schema migrations: forward only, each file NNNN_name.sql of the directory
 * in a transaction, under an advisory lock.  A file that was applied must
 * not have changed since.  Runs with the migrator's role, on a connection
 * made without statement lists.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* Told of each file: applied now, or earlier. */
typedef void migrate_fn(void *arg, const char *name, bool now);

struct migrate {
	const char *dir;
	migrate_fn *report; /* may be NULL */
	void *arg;
};

/* Applies what is missing; ERR_MIGRATE with the reason in cx->reason. */
ERR_FN migrate_run(struct ctx *cx, const struct migrate *m);

extern const struct err ERR_MIGRATE;

#endif
