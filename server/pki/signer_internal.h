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

	/* What each certificate repeats; borrowed from cert and sigalg. */
	struct bytes name;      /* subject, DER */
	struct bytes key_id;    /* subjectKeyIdentifier, or empty */
	struct bytes algorithm; /* AlgorithmIdentifier of its signatures */
	EVP_MD_CTX *begun;      /* a signature, copied for each */
};

/* Takes over both handles; NULL (both freed) if they do not belong together
 * or the certificate is no CA's that the service accepts. */
struct signer *signer_wrap(X509 *cert, EVP_PKEY *key);

/* A signature with that key, begun; freed with EVP_MD_CTX_free. */
EVP_MD_CTX *signer_begin(EVP_PKEY *key);

/* Enough for any key that is accepted: RSA of 4096 bits. */
#define SIGNATURE_MAX 512

/* Signs with a copy of what was begun; how many bytes. */
size_t signer_finish(
    const EVP_MD_CTX *begun, struct bytes msg, uint8_t sig[SIGNATURE_MAX]);

/* Signs; how many bytes. */
size_t signer_sign(
    const struct signer *s, struct bytes msg, uint8_t sig[SIGNATURE_MAX]);

/* DER of a certificate, freed with OPENSSL_free. */
struct bytes signer_encode(X509 *x);

#endif
