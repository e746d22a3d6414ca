/*
 * Entity attestation tokens (RFC 9711) of other profiles than PSA's: a CWT
 * in COSE_Sign1 or COSE_Mac0, with or without the tag of CWTs.  Which claims
 * there must be is the model's policy; those that are there are as RFC 9711
 * section 4 has them.
 */
#ifndef ATTEST_FMT_EAT_H
#define ATTEST_FMT_EAT_H

#include "attest/attest.h"
#include "codec/cbor.h"

extern const struct attest_format fmt_eat;

/* Whether the claims have the types and lengths of RFC 9711 section 4 and
 * RFC 8392 section 3; refuses in the layer claims. */
bool
eat_judge_claims(struct ctx *cx, const struct cbor *map, struct verdict *v);

#endif
