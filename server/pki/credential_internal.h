/*
 * The steps of pki/credential below its randomness, so that they can be held
 * against credentials that others made (tests/vectors).
 */
#ifndef PKI_CREDENTIAL_INTERNAL_H
#define PKI_CREDENTIAL_INTERNAL_H

#include "pki/credential.h"
#include "pki/digest.h"

/* The label of the seed, its NUL included (Part 1, annex B.10.4). */
#define CREDENTIAL_LABEL "IDENTITY"

/* KDFa (section 11.4.10.2) of at most DIGEST_MAX bytes from one context. */
struct credential_kdf {
	size_t hash; /* bytes of its digest */
	struct bytes seed;
	const char *label;
	struct bytes context;
};
void credential_kdfa(
    const struct credential_kdf *in, size_t bits, uint8_t out[DIGEST_MAX]);

/* TPM2B_ID_OBJECT under a seed (section 24.4). */
struct bytes credential_wrap(struct ctx *cx, const struct credential_ek *ek,
    struct bytes seed, struct bytes name, struct bytes secret);

#endif
