/*
 * PSA attestation tokens (RFC 9783) and the two profiles before it that are
 * in the field: http://arm.com/psa/2.0.0, and PSA_IOT_PROFILE_1 with labels
 * of its own.  The evidence is the token as the device's firmware makes it,
 * tagged as COSE_Sign1 or COSE_Mac0.
 */
#ifndef ATTEST_FMT_PSA_H
#define ATTEST_FMT_PSA_H

#include "attest/attest.h"
#include "codec/cbor.h"

extern const struct attest_format fmt_psa;

/* Whether the claims are of a profile of PSA and as RFC 9783 section 4 has
 * them; refuses in the layer claims. */
bool
psa_judge_claims(struct ctx *cx, const struct cbor *map, struct verdict *v);

#endif
