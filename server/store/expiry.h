/*
 * How many certificates of devices end soon: counted day by day of their
 * issue, which is a partition each, and kept for all nodes.
 */
#ifndef STORE_EXPIRY_H
#define STORE_EXPIRY_H

#include "store/db.h"

/* Certificates that are good, and have no successor. */
struct expiry {
	int64_t counted_at; /* 0: never */
	int64_t hour, day, week;
};

extern const struct stmt *const expiry_stmts[];

/* Whether it is time to count, which is then the caller's for ten minutes,
 * from the certificates of *first on, the beginning of a day. */
ERR_FN expiry_claim(struct ctx *cx, bool *due, int64_t *first);

/* Adds those that were issued in the 24 hours from then on. */
ERR_FN expiry_count(struct ctx *cx, int64_t since, struct expiry *sum);

/* Keeps what was counted; the next count is due in rest seconds. */
ERR_FN expiry_keep(struct ctx *cx, const struct expiry *sum, int64_t rest);

ERR_FN expiry_get(struct ctx *cx, struct expiry *out);

#endif
