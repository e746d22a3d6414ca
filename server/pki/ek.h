/*
 * The certificate of a TPM's endorsement key (TCG EK Credential Profile for
 * TPM 2.0): what it may be used for, and which TPM it names.  Who signed it
 * is pki/path's to find out.
 */
#ifndef PKI_EK_H
#define PKI_EK_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct ek_cert {
	struct bytes spki;
	uint8_t key_sha256[32]; /* of it */
	uint8_t manufacturer[4];
	const char *model, *version; /* in the arena */
};

/* Refused is what the profile does not allow: another purpose, a CA, a key
 * usage that does not open credentials, a SAN that does not name the TPM, or
 * one that is not critical where there is no subject (section 3.2). */
ERR_FN ek_cert_parse(struct ctx *cx, struct bytes der, struct ek_cert *out);

#endif
