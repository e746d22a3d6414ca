/*
 * Keyed hashes (HMAC-SHA-256, RFC 2104) of secrets that are too short for a
 * plain hash.  The key is 32 random bytes, in hex, in a file of mode 0600
 * that is never in the database (SECURITY.md A6, E3).
 */
#ifndef PKI_MAC_H
#define PKI_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"

#define MAC_BYTES 32

struct mac_key;

/* Makes a new key file; false with the reason if it exists or cannot be
 * written. */
bool mac_key_create(const char *path, char why[256]);

/* Reads a key file; NULL with the reason, also if others may read it. */
struct mac_key *mac_key_load(const char *path, char why[256]);
void mac_key_free(struct mac_key *k);
AUTO_STRUCT_DEFINE(mac_key, mac_key_free);

/* HMAC(key, purpose || 0 || len32be(part) || part ...): no two lists of
 * parts, and no two purposes, share a MAC. */
void mac_compute(const struct mac_key *k, const char *purpose,
    const struct bytes *parts, size_t n, uint8_t out[MAC_BYTES]);

#endif
