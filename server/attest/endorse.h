/*
 * A maker's reference values and keys (codec/corim) as policy and anchors.
 */
#ifndef ATTEST_ENDORSE_H
#define ATTEST_ENDORSE_H

#include "attest/attest.h"
#include "codec/corim.h"

/* Adds reference values to the measurements that the policy allows, and asks
 * for the implementation that they are of.  Refuses values of several, or of
 * another one than the policy names. */
ERR_FN endorse_policy(
    struct ctx *cx, const struct corim *c, struct attest_policy *policy);

/* The keys as anchors, each for its instance, or for all where none is
 * named; room for LIMIT_ANCHORS. */
ERR_FN endorse_anchors(struct ctx *cx, const struct corim *c,
    struct attest_anchor *anchor, size_t *n);

#endif
