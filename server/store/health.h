/*
 * What the readiness probe asks of the database.
 */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "store/db.h"

extern const struct stmt *const health_stmts[];

/* For how many days ahead the partitions exist. */
ERR_FN health_partition_days(struct ctx *cx, int64_t *days);

/* Whether a standby may lack what was acknowledged (SECURITY.md R1). */
ERR_FN health_standby_may_lag(struct ctx *cx, bool *yes);

#endif
