/*
 * A unit whose identity is its TPM: no birth certificate, but an endorsement
 * key that its maker lists, an attestation key beside it, and the operational
 * key, none of which ever leaves the TPM.  What the TPM does is asked of
 * tpm2-tools (client/tpm_tools.h).  Files in the device's directory, beside
 * those of client/device.h:
 *
 *	ek.der  ek-ca.der  ek.pub	the endorsement key, from its maker
 *	ak.pub  ak.priv			the attestation key
 *	op.pub  op.priv			the operational key in use
 *	tls.pub  tls.priv  tls.der	the key being certified
 *	next.key  op.key		the same two as a TPM's user loads them
 */
#ifndef CLIENT_DEVICE_TPM_H
#define CLIENT_DEVICE_TPM_H

#include "client/device.h"
#include "pki/far_key.h"

/* Makes the keys in an empty directory; ek_ca is a PEM file of the CA that
 * issued the endorsement certificate, or NULL.  *ek is the SHA-256 of the
 * endorsement key, as the allowlist has it. */
ERR_FN device_tpm_make(struct ctx *cx, const char *dir,
    const struct device_birth *in, const char *ek_ca, const char **ek);

/* The two steps of docs/attestation.md: afterwards state.attestation is the
 * handle, and next.csr the request for the key that it is bound to: a new
 * one, or with same_key that in use.  It is for a renewal while there is a
 * certificate. */
ERR_FN device_tpm_attest(
    struct ctx *cx, struct device *dev, bool same_key, const char **grade);

/* For these steps: the key to be certified, made if there is none, loaded
 * with the attestation key; its request; its way to be the one in use. */
ERR_FN
device_tpm_next(struct ctx *cx, const struct device *dev, bool same_key);
ERR_FN
device_tpm_request(struct ctx *cx, const struct device *dev, struct bytes key);
ERR_FN device_tpm_promote(struct ctx *cx, const struct device *dev);

/* The tool that makes the endorsement key of its template anew. */
const char *device_tpm_ek_words(struct ctx *cx, const char *kind);

/* A far_key_fn of the operational key in use; arg is the device. */
size_t
device_tpm_sign(void *arg, struct bytes digest, uint8_t out[FAR_KEY_SIGNATURE]);

#endif
