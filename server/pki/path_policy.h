/*
 * Certificate policies along a path: RFC 5280 section 6.1 with the graph of
 * RFC 9618 in place of the tree, which a sender could let grow without end.
 */
#ifndef PKI_PATH_POLICY_H
#define PKI_PATH_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"
#include "pki/path_cert.h"

/* Inputs (c) to (g) of section 6.1.1. */
struct policy_input {
	const struct bytes *wanted; /* OIDs (content); none: any policy */
	size_t n;
	bool explicit, no_mapping, no_any;
};

extern const struct err ERR_PATH_POLICY; /* path-policy, FORBIDDEN */

struct policy_graph;

/* Before the first of n certificates; in the arena. */
struct policy_graph *
policy_begin(struct ctx *cx, const struct policy_input *in, size_t n);

/* The next certificate of the path, the one below the anchor first.  last:
 * it is the target. */
ERR_FN policy_next(struct ctx *cx, struct policy_graph *g,
    const struct path_cert *c, bool last);

/* An anchor whose constraints count (RFC 5937 section 3.2), before all. */
ERR_FN policy_anchor(
    struct ctx *cx, struct policy_graph *g, const struct path_cert *c);

#endif
