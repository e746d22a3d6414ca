/*
 * The format "dice": chains of the Open Profile for DICE.  Each layer signs
 * what it measured of the next one and that one's key; the first is signed by
 * the device's own key (UDS), which is an anchor.  Evidence is a chain by
 * itself:
 *	CBOR: an array of COSE_Key and layers, or one layer (codec/dice);
 *	X.509: one certificate in DER;
 * or parts: dice (one of these) or chain (certificates, leaf first), and,
 * with issuer, nonce, key and signature as in attest/fmt_idevid, what the
 * last layer's key signed.  A chain alone is no fresh word of anybody: it
 * counts if its last key is the one to be certified, whose possession is
 * proved elsewhere.
 */
#ifndef ATTEST_FMT_DICE_H
#define ATTEST_FMT_DICE_H

#include "attest/attest.h"

extern const struct attest_format fmt_dice;

#endif
