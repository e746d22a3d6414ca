/*
 * HMAC-SHA-256 itself, below the framing that pki/mac gives it, so that it
 * can be held against published vectors (tests/vectors).
 */
#ifndef PKI_MAC_INTERNAL_H
#define PKI_MAC_INTERNAL_H

#include "pki/mac.h"
#include "pki/ossl.h"

/* A key of any length. */
struct mac_key *mac_key_new(struct bytes key);

/* One computation; mac_end frees it. */
EVP_MAC_CTX *mac_begin(const struct mac_key *k);
void mac_end(EVP_MAC_CTX *m, uint8_t out[MAC_BYTES]);

#endif
