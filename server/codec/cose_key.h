/*
 * COSE_Key (RFC 9052 section 7): public keys on a curve (RFC 9053 section 7).
 * A key with its private part is refused: whoever sends one has lost it.
 */
#ifndef CODEC_COSE_KEY_H
#define CODEC_COSE_KEY_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

enum cose_curve {
	COSE_P256 = 1,
	COSE_P384 = 2,
	COSE_ED25519 = 6,
};

/* Slices borrow from what was read. */
struct cose_key {
	enum cose_curve curve;
	struct bytes x, y; /* y is empty for Ed25519 */
	int64_t alg;       /* the only one it is for, or 0 */
};

extern const struct err ERR_BAD_COSE_KEY; /* bad-cose-key, INVALID */

/* Reads one key, whole: for verifying, where it says what it is for. */
ERR_FN cose_key_read(struct ctx *cx, struct bytes in, struct cose_key *out);

#endif
