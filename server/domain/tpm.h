/*
 * Attestation by a TPM in two steps, ahead of what it is for: the unit shows
 * its keys and gets a challenge that only its TPM opens; then it proves that
 * it opened it, with a quote and with the key to be certified.  Units are
 * known by their endorsement key, as their makers listed them: whoever makes
 * TPMs vouches for TPMs, not for what they are built into (SECURITY.md A11).
 */
#ifndef DOMAIN_TPM_H
#define DOMAIN_TPM_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/attestation.h"

struct tpm_in {
	struct bytes evidence; /* of the format tpm */
	struct bytes key;      /* to be certified, SPKI */
};

/* The parameters of TPM2_ActivateCredential, sizes and all, and the handle
 * that goes back with the secret; the quote answers to it, too. */
struct tpm_out {
	struct bytes challenge, credential_blob, encrypted_secret;
	int64_t expires_in; /* seconds */
};

/* Refused with ERR_BAD_EVIDENCE alone, whatever the reason (E5). */
ERR_FN
tpm_challenge(struct ctx *cx, const struct tpm_in *in, struct tpm_out *out);

/* The second step: the same as any evidence, for the unit that is listed with
 * this endorsement key. */
ERR_FN
tpm_proof(struct ctx *cx, const struct tpm_in *in, struct attestation_out *out);

#endif
