/*
 * Signatures and MACs by COSE's numbers of algorithms (RFC 9053, RFC 8230,
 * RFC 9864).  A key never serves an algorithm of another family: a public key
 * is no MAC key (attacks of that kind are old).
 */
#ifndef PKI_COSE_SIG_H
#define PKI_COSE_SIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Whether alg is what evidence by this key must be signed with: ES256 or
 * ESP256 for P-256, ES384 or ESP384 for P-384, EdDSA or Ed25519 for Ed25519,
 * PS256 for RSA.  RFC 9053 allows further pairs; one key has one algorithm
 * here. */
bool cose_sig_fits(int64_t alg, struct bytes spki);

/* Whether sig is the key's signature of msg, by any pair that the RFCs allow:
 * ECDSA as r || s, of twice the size of the curve and no other. */
bool cose_sig_verify(
    int64_t alg, struct bytes spki, struct bytes msg, struct bytes sig);

/* Whether tag is the MAC of msg: HMAC with SHA-2, whole or of 64 bits. */
bool cose_mac_verify(
    int64_t alg, struct bytes key, struct bytes msg, struct bytes tag);

/* Whether alg is one for MACs that evidence may have: HMAC, not cut short. */
bool cose_mac_fits(int64_t alg);

#endif
