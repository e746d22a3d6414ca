/*
 * A device's certificate chain against a maker's anchors, as findings: the
 * rules of pki/path that suit birth certificates, the scope of each anchor
 * (SECURITY.md A11), and revocation by the lists among the anchors.
 */
#ifndef ATTEST_CHAIN_JUDGE_H
#define ATTEST_CHAIN_JUDGE_H

#include "attest/attest.h"

/* chain is leaf first, at most LIMIT_CHAIN.  Refuses in the layers chain and
 * revocation. */
void chain_judge(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct verdict *v);

/* The same for the certificate of a TPM's endorsement key, whose own rules
 * are pki/ek's. */
void chain_judge_ek(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct verdict *v);

/* What the leaf says of where its key lives: hardware by hardwareModuleName
 * (RFC 4108 section 5) or a policy that TCG gave for it (TPM 2.0 Keys for
 * Device Identity and Attestation, section 5.2), software otherwise. */
enum grade chain_judge_grade(struct ctx *cx, struct bytes leaf);

#endif
