/*
 * A certificate that vouches for nobody: whoever is to know it pins it by its
 * hash (RFC 8705 section 2.2), as operators' tokens do.
 */
#ifndef PKI_SELF_SIGNED_H
#define PKI_SELF_SIGNED_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"

struct keypair;

/* The certificate of the key, in DER, in the arena; cn is a plain name. */
struct bytes self_signed(struct ctx *cx, const struct keypair *kp,
    const char *cn, int64_t not_after);

#endif
