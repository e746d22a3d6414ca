/*
 * The one hash of the service: keys, names, certificates and codes are
 * compared and stored by their SHA-256 (FIPS 180-4).
 */
#ifndef PKI_DIGEST_H
#define PKI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SHA256_BYTES 32

void digest_sha256(struct bytes data, uint8_t out[SHA256_BYTES]);

#define DIGEST_MAX 64

/* The digest of that size, in bytes, which formats of others choose: 32, 48
 * and 64 are SHA-256, SHA-384 and SHA-512; 20 is SHA-1, for what was always
 * written with it and proves nothing.  False for another size. */
bool digest_sized(size_t size, struct bytes data, uint8_t out[DIGEST_MAX]);

#endif
