/*
 * What a device signs when it proves its birth key in evidence (SECURITY.md
 * E1): a context string, the service, our nonce and the key to be certified,
 * so that the signature is good for nothing else.
 */
#ifndef ATTEST_CONTEXT_H
#define ATTEST_CONTEXT_H

#include "base/bytes.h"
#include "base/ctx.h"

struct attest_context {
	struct bytes issuer; /* URL of the service, text */
	struct bytes nonce;
	struct bytes key; /* SPKI, DER */
};

/* "latchkey evidence 1", a NUL, the format's name, a NUL, and then each part
 * after its length in four bytes, big endian; in the arena. */
struct bytes attest_context_bytes(
    struct ctx *cx, const char *format, const struct attest_context *in);

#endif
