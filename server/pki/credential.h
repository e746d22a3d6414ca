/*
 * TPM2_MakeCredential without a TPM (TCG "TPM 2.0 Library", Part 1, section
 * 24; protections in annexes B.10 and C.6): a secret that only the TPM with
 * the endorsement key can open, and only for an object of the given name.
 */
#ifndef PKI_CREDENTIAL_H
#define PKI_CREDENTIAL_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* Of the endorsement key's public area. */
struct credential_ek {
	struct bytes spki;
	size_t name_hash; /* bytes of nameAlg's digest: 32, 48 or 64 */
	size_t sym_bits;  /* of AES: 128 or 256 */
};

/* The two parameters of TPM2_ActivateCredential, in the arena:
 * TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, sizes and all.  The secret is
 * at most as long as the digest. */
ERR_FN credential_make(struct ctx *cx, const struct credential_ek *ek,
    struct bytes name, struct bytes secret, struct bytes out[2]);

#endif
