/*
 * What a layer's certificate says in the X.509 form of the Open Profile for
 * DICE: the extension OpenDiceInput.
 */
#ifndef PKI_DICE_CERT_H
#define PKI_DICE_CERT_H

#include <stdbool.h>

#include "pki/path_cert.h"

/* OpenDiceInput; empty where nothing is said. */
struct dice_input {
	struct bytes code_hash, config, authority_hash;
	struct bytes profile; /* UTF-8 */
	int mode;             /* 0 to 3; -1: not said */
};

/* Reads the extension of a certificate; false if there is none, or it is
 * malformed. */
bool dice_cert_input(const struct path_cert *c, struct dice_input *out);

/* Whether issuer may have issued c, but for the signature: names, and that it
 * is a CA. */
bool
dice_cert_follows(const struct path_cert *c, const struct path_cert *issuer);

/* Whether a certificate stands by itself at cx->now: version 3, within its
 * dates, nothing critical that nobody here knows. */
bool dice_cert_ok(struct ctx *cx, const struct path_cert *c);

#endif
