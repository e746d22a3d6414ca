/*
 * Credential activation: how an attestation key is known to live in the TPM
 * of an endorsement key (Part 1, section 24).  A secret goes out that only
 * this TPM opens, and only for this AK; who sends it back has both.  Nothing
 * is stored in between: the secret is a MAC of the handle, which says when it
 * ends, and of all that it is for (SECURITY.md E1).
 */
#ifndef ATTEST_TPM_CHALLENGE_H
#define ATTEST_TPM_CHALLENGE_H

#include "attest/tpm.h"

struct mac_key;

#define TPM_CHALLENGE_SECONDS 600
#define TPM_HANDLE_BYTES 24 /* when it ends, in 8 bytes, and 16 random ones */

struct tpm_challenge {
	struct bytes handle;           /* sent back as the part "challenge" */
	struct bytes credential_blob;  /* TPM2B_ID_OBJECT */
	struct bytes encrypted_secret; /* TPM2B_ENCRYPTED_SECRET */
};

/* The secret that a handle stands for: 32 bytes.  Bound to the key to be
 * certified, the service, the EK and the AK. */
struct bytes tpm_challenge_secret(struct ctx *cx, const struct mac_key *mac,
    struct bytes handle, const struct attest_basis *basis,
    const struct tpm_evidence *ev);

/* Makes one for evidence whose keys were judged. */
ERR_FN tpm_challenge_make(struct ctx *cx, const struct attest_basis *basis,
    const struct tpm_evidence *ev, struct tpm_challenge *out);

/* Seconds that the challenge of a handle still has. */
int64_t tpm_challenge_left(const struct ctx *cx, struct bytes handle);

/* Whether ev holds the secret of a challenge that has not ended. */
bool tpm_challenge_judge(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v);

#endif
