/*
 * Whether a key signed what an X.509 structure carries: certificates and
 * revocation lists alike.
 */
#ifndef PKI_SIGNED_H
#define PKI_SIGNED_H

#include <stdbool.h>

#include "base/bytes.h"

/* algorithm is an AlgorithmIdentifier, spki a SubjectPublicKeyInfo, both DER;
 * those that pki/sigalg and pki/key accept.  weak adds SHA-1 with RSA, and RSA
 * from 1024 bits: for judging chains of long ago, never for admitting. */
bool signed_by(struct bytes spki, struct bytes algorithm, struct bytes message,
    struct bytes signature, bool weak);

/* Whether spki's key signed message with the one algorithm that it signs with
 * here: ECDSA in DER (RFC 3279 section 2.2.3) with the hash of its curve's
 * size, Ed25519, or RSA (PKCS#1 v1.5) with SHA-256. */
bool
signed_plain(struct bytes spki, struct bytes message, struct bytes signature);

#endif
