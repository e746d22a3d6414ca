/*
 * The format "tpm": a TPM 2.0 that is its maker's, an attestation key that is
 * in it, a quote of what was started, and the key to be certified beside it.
 * docs/attestation.md says which parts there are.
 */
#ifndef ATTEST_fmt_tpm_H
#define ATTEST_fmt_tpm_H

#include "attest/attest.h"

extern const struct attest_format fmt_tpm;

#endif
