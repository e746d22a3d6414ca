/*
 * Daily housekeeping with the migrator's role: partitions a week ahead, what
 * is over dropped or deleted.  The command calls it; it may run at any time
 * and as often as one likes.
 */
#ifndef STORE_MAINTAIN_H
#define STORE_MAINTAIN_H

#include "store/db.h"

extern const struct stmt *const maintain_stmts[];

/* Told of each thing done: "made event_20261121", "deleted 12 approvals". */
typedef void maintain_fn(void *arg, const char *what);

/* keep_events_days: how long the audit trail is kept. */
ERR_FN maintain_run(
    struct ctx *cx, int keep_events_days, maintain_fn *report, void *arg);

#endif
