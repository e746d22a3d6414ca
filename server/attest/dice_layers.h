/*
 * The layers of a DICE chain in one form, whether they came as CBOR or as
 * certificates.
 */
#ifndef ATTEST_DICE_LAYERS_H
#define ATTEST_DICE_LAYERS_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "codec/dice.h"
#include "pki/path_cert.h"

struct dice_one {
	struct bytes covered, signature; /* by the layer before */
	struct bytes algorithm;          /* of X.509, DER; or empty: */
	int64_t cose_alg;
	struct bytes key; /* SPKI of the layer after */
	struct dice_claims claims;
	bool linked; /* names and uses fit the layer before */
	bool sound;  /* by itself, at this time */
};

struct dice_layers {
	struct bytes root; /* SPKI that it says it begins with, or empty */
	struct dice_one one[LIMIT_DICE_LAYERS];
	size_t n;
};

/* Reads a chain of either form, or one layer. */
ERR_FN
dice_layers_read(struct ctx *cx, struct bytes in, struct dice_layers *out);

/* Reads certificates, leaf first. */
ERR_FN dice_layers_certs(struct ctx *cx, const struct bytes *chain, size_t n,
    struct dice_layers *out);

/* Whether key (SPKI) signed the layer. */
bool dice_layer_signed(const struct dice_one *l, struct bytes key);

#endif
