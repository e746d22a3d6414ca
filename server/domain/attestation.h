/*
 * Evidence of units, judged under what their makers and models say: nonces
 * for it, and one verdict for (unit, key).
 */
#ifndef DOMAIN_ATTESTATION_H
#define DOMAIN_ATTESTATION_H

#include "base/bytes.h"
#include "base/ctx.h"

#define ATTESTATION_NONCE_BYTES 32

struct attestation_nonce {
	struct bytes nonce; /* ATTESTATION_NONCE_BYTES */
	int64_t expires_in; /* seconds */
};

/* Nothing is stored until evidence that answers to it was good. */
void attestation_nonce(struct ctx *cx, struct attestation_nonce *out);

#endif
