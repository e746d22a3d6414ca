/*
 * What a TPM 2.0 shows of itself, as one piece of evidence: the certificate
 * of its endorsement key (EK), that key, an attestation key (AK), and what
 * the AK signed.  Read whole by tpm_evidence_read; judged in steps, each of
 * which refuses in the verdict and says whether it did not.
 */
#ifndef ATTEST_TPM_H
#define ATTEST_TPM_H

#include <stdbool.h>

#include "attest/attest.h"
#include "codec/tpm.h"
#include "pki/digest.h"
#include "pki/ek.h"

/* A key as its TPM describes it. */
struct tpm_key {
	struct tpm_public pub;
	struct bytes spki;
	struct bytes name; /* nameAlg and the digest of its public area */
};

/* Something an AK signed. */
struct tpm_signed {
	struct bytes raw; /* TPMS_ATTEST; empty: not there */
	struct tpm_attest attest;
	struct tpm_signature sig;
};

struct tpm_evidence {
	struct bytes chain[LIMIT_CHAIN]; /* of the EK, its own first */
	size_t n_chain;
	struct ek_cert ek_cert;
	struct tpm_key ek, ak;
	struct bytes challenge, secret; /* both or none */
	struct tpm_signed quote;
	struct bytes pcr[LIMIT_PCRS]; /* as reported; empty: not */
	uint32_t pcrs;                /* which are reported */
	struct bytes log;             /* or empty */
	struct tpm_signed certify;
	struct tpm_key key; /* the certified one */
	struct tpm_signed creation;
	struct bytes creation_data;
};

/* Borrows from in. */
ERR_FN
tpm_evidence_read(struct ctx *cx, struct bytes in, struct tpm_evidence *out);

/* TPM2B_PUBLIC with its SPKI and its name, which is never taken from a
 * device (Part 1, section 16). */
ERR_FN tpm_key_read(struct ctx *cx, struct bytes in, struct tpm_key *out);

/* The EK is its maker's, by the certificate; the AK is of the only kind that
 * cannot sign what its TPM did not make. */
bool tpm_judge_keys(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v);

/* The second half of it. */
bool
tpm_judge_ak(struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v);

/* The AK signed, when it was made, how it was made (TPM2_CertifyCreation):
 * it is what its public area says. */
bool tpm_judge_creation(
    struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v);

/* Whether the AK signed it, with SHA-256 or better. */
bool tpm_signed_by(const struct tpm_key *ak, const struct tpm_signed *s);

#endif
