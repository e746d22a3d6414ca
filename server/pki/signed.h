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

#endif
