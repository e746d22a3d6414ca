/*
 * Whether this node can serve, for load balancers and for who is on call: each
 * thing that it needs by name, and what to do about one that is missing.
 */
#ifndef DOMAIN_OPS_H
#define DOMAIN_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"
#include "pki/signers.h"

/* Below this many days of partitions ahead, latchkey maintain did not run. */
#define OPS_LEAST_PARTITION_DAYS 3

/* A CA of ours, or the root, and the complete list that it publishes. */
struct ops_authority {
	const char *name;
	int64_t not_before, not_after;
	int64_t crl_made, crl_next; /* 0: none is ready */
};

#define OPS_AUTHORITIES (SIGNERS_MAX + 1)

/* The root first; how many. */
size_t
ops_authorities(struct ctx *cx, struct ops_authority out[OPS_AUTHORITIES]);

struct ops_check {
	const char *name;
	const struct err *e; /* why this node cannot serve without it */
	const char *missing; /* NULL: it is there */
	const char *action;
};

/* database, schema, lineage, partitions, keys; then what serving does not
 * depend on: maintenance, feed, consumers, standby, crl, expiry. */
#define OPS_CHECKS 11

struct ops_state {
	struct ops_check check[OPS_CHECKS];
	size_t n;
	int64_t partition_days;
	const struct err *e; /* of the first that it cannot serve without */
};

/* Looks at everything.  What the database would tell is left out of the list
 * while that is away.  tls_not_after: of our own server certificate. */
void ops_look(struct ctx *cx, int64_t tls_not_after, struct ops_state *out);

#endif
