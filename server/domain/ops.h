/*
 * Whether this node can serve, for load balancers and for who is on call.
 */
#ifndef DOMAIN_OPS_H
#define DOMAIN_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"

/* Below this many days of partitions ahead, latchkey maintain did not run. */
#define OPS_LEAST_PARTITION_DAYS 3

struct ops_state {
	int64_t partition_days;
	bool partitions_low;
	bool standby_may_lag; /* a failover could lose what was acknowledged */
	int64_t alerts;       /* readers of the feed, silent or behind */
};

/* Refuses (503) if the database is away, has another schema, or has no
 * partition left to write to. */
ERR_FN ops_ready(struct ctx *cx, struct ops_state *out);

#endif
