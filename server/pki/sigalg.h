/*
 * The signature algorithms that are accepted, in certificates and requests:
 * ECDSA and RSA (PKCS#1 v1.5) with SHA-256 or better, and Ed25519.  SHA-1
 * and older are refused; RSA-PSS is not supported.
 */
#ifndef PKI_SIGALG_H
#define PKI_SIGALG_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "pki/key.h"
#include "pki/ossl.h"

struct sigalg;

/* The algorithm of an AlgorithmIdentifier in DER; NULL if not accepted. */
const struct sigalg *sigalg_find(struct bytes der);

/* The AlgorithmIdentifier of what this key signs, DER, constant. */
struct bytes sigalg_der(const EVP_PKEY *key);

/* Whether sig is the key's signature of msg under alg, which must fit the
 * key's type. */
bool sigalg_verify(const struct sigalg *alg, enum key_type type, EVP_PKEY *key,
    struct bytes msg, struct bytes sig);

#endif
