/*
 * The format "idevid": a birth certificate's chain (IEEE 802.1AR) and a
 * signature by its key over E1's context (attest/context).  Over mutual TLS
 * the handshake stands in for the signature: then attest/fmt_x509 judges.
 *
 * Parts: chain (array, leaf first), issuer (URL of the service), nonce, key
 * (SPKI of the key to be certified), signature (pki/signed, signed_plain).
 */
#ifndef ATTEST_FMT_IDEVID_H
#define ATTEST_FMT_IDEVID_H

#include "attest/attest.h"

extern const struct attest_format fmt_idevid;

#endif
