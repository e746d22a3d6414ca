/*
 * A TPM's quote: that it is fresh, that the reported PCRs are the quoted
 * ones, that the log of the firmware replays to them, and what it then says.
 */
#ifndef ATTEST_TPM_QUOTE_H
#define ATTEST_TPM_QUOTE_H

#include "attest/tpm.h"

/* What a quote's qualifying data has to be: where the service has a name,
 * SHA-256 of what evidence has to cover (attest/context.h, E1); else the
 * nonce itself.  In the arena. */
struct bytes tpm_quote_extra(struct ctx *cx, const struct attest_basis *basis);

/* Judges the quote that is there, and sets the facts. */
bool tpm_quote_judge(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v);

#endif
