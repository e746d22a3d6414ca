/*
 * What a signer is inside this folder: only issue and ca use its key.
 */
#ifndef PKI_SIGNER_INTERNAL_H
#define PKI_SIGNER_INTERNAL_H

#include "pki/ossl.h"
#include "pki/signer.h"

struct signer {
	X509 *cert;
	EVP_PKEY *key;
	struct bytes der; /* of cert */
	int64_t not_before, not_after;
};

/* Takes over both handles; NULL (both freed) if they do not belong together
 * or the certificate is no CA's that the service accepts. */
struct signer *signer_wrap(X509 *cert, EVP_PKEY *key);

/* DER of a certificate, freed with OPENSSL_free. */
struct bytes signer_encode(X509 *x);

#endif
