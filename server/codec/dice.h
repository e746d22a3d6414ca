/*
 * Chains of the Open Profile for DICE in CBOR: each layer a CWT in a
 * COSE_Sign1 without tag, signed by the key of the layer before it.  The
 * chain form of Android (a COSE_Key, then the layers) and a layer alone.
 */
#ifndef CODEC_DICE_H
#define CODEC_DICE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/limits.h"
#include "codec/cose.h"
#include "codec/cose_key.h"

/* Modes of the Open Profile (section "Mode Value Details"). */
enum dice_mode {
	DICE_NOT_CONFIGURED,
	DICE_NORMAL,
	DICE_DEBUG,
	DICE_RECOVERY,
};

/* What a layer says of the next one, in whichever form it came; empty where
 * nothing is said. */
struct dice_claims {
	struct bytes code_hash, config, authority_hash; /* config: descriptor */
	struct bytes profile;                           /* UTF-8 */
	enum dice_mode mode;
};

struct dice_layer {
	struct cose message;
	struct bytes issuer, subject; /* text */
	struct cose_key key;
	bool may_sign; /* keyUsage: further layers */
	struct dice_claims claims;
};

struct dice_chain {
	bool has_root;
	struct cose_key root;
	struct dice_layer layer[LIMIT_DICE_LAYERS]; /* root's first */
	size_t n;
};

/* What a configuration descriptor of Android says; NULL where it does not. */
struct dice_config {
	const char *component, *version;
};

extern const struct err ERR_BAD_DICE; /* bad-dice, INVALID */

/* Reads a chain, or one layer alone.  Borrows; nothing is verified. */
ERR_FN dice_read(struct ctx *cx, struct bytes in, struct dice_chain *out);

/* Reads a descriptor; one of another form says nothing. */
void dice_config_read(
    struct ctx *cx, struct bytes descriptor, struct dice_config *out);

#endif
