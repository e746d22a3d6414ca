/*
 * The one hash of the service: keys, names, certificates and codes are
 * compared and stored by their SHA-256 (FIPS 180-4).
 */
#ifndef PKI_DIGEST_H
#define PKI_DIGEST_H

#include <stdint.h>

#include "base/bytes.h"

#define SHA256_BYTES 32

void digest_sha256(struct bytes data, uint8_t out[SHA256_BYTES]);

#endif
