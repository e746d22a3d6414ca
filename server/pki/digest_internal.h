/*
 * OpenSSL's view of the hashes of pki/digest, for the files of this folder.
 */
#ifndef PKI_DIGEST_INTERNAL_H
#define PKI_DIGEST_INTERNAL_H

#include "pki/digest.h"
#include "pki/ossl.h"

/* The hash whose digest has that size; NULL: none is accepted. */
const EVP_MD *digest_md(size_t size);

#endif
