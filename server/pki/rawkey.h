/*
 * Public keys and signatures by their numbers alone, as formats write them
 * that know no DER (TPM 2.0): a modulus, a point, r and s.  A key becomes an
 * SPKI here, which pki/key then judges like any other.
 */
#ifndef PKI_RAWKEY_H
#define PKI_RAWKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* SPKI in DER, in the arena, of an RSA key with exponent 65537. */
ERR_FN rawkey_rsa(struct ctx *cx, struct bytes modulus, struct bytes *spki);

/* The same of a point, each coordinate 32 (P-256) or 48 bytes (P-384). */
ERR_FN
rawkey_ec(struct ctx *cx, struct bytes x, struct bytes y, struct bytes *spki);

/* The same of an Ed25519 key, 32 bytes. */
ERR_FN rawkey_ed25519(struct ctx *cx, struct bytes x, struct bytes *spki);

/* Whether sig is the RSA key's signature of msg: PKCS#1 v1.5 (RFC 8017
 * section 8.2) with the hash whose digest has that size. */
bool rawkey_verify_rsa(
    struct bytes spki, size_t hash, struct bytes msg, struct bytes sig);

/* The same for a P-256 or P-384 key and the numbers r and s, big endian. */
bool rawkey_verify_ec(
    struct bytes spki, size_t hash, struct bytes msg, const struct bytes rs[2]);

#endif
