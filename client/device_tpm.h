/*
 * A unit whose identity is its TPM: no birth certificate, but an endorsement
 * key that its maker lists, an attestation key beside it, and the operational
 * key, none of which ever leaves the TPM.  What the TPM does is asked of
 * tpm2-tools, which find it by their own settings (TPM2TOOLS_TCTI).  Files in
 * the device's directory, beside those of client/device.h:
 *
 *	ek.der  ek-ca.der  ek.pub	the endorsement key, as its maker left
 *it ak.* tls.*			attestation key and operational key next.key
 *the latter, as a TPM's user loads it
 */
#ifndef CLIENT_DEVICE_TPM_H
#define CLIENT_DEVICE_TPM_H

#include "client/device.h"

/* Makes the keys in an empty directory; ek_ca is a PEM file of the CA that
 * issued the endorsement certificate, or NULL.  *ek is the SHA-256 of the
 * endorsement key, as the allowlist has it. */
ERR_FN device_tpm_make(struct ctx *cx, const char *dir, const char *client_id,
    const char *ek_ca, const char **ek);

/* The two steps of docs/attestation.md: afterwards state.attestation is the
 * handle, and next.csr the request for the key that it is bound to. */
ERR_FN
device_tpm_attest(struct ctx *cx, struct device *dev, const char **grade);

#endif
