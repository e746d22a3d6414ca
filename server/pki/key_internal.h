/*
 * What the files of this folder share about keys: OpenSSL's view of them.
 */
#ifndef PKI_KEY_INTERNAL_H
#define PKI_KEY_INTERNAL_H

#include "pki/key.h"
#include "pki/ossl.h"

struct keypair {
	EVP_PKEY *key;
};

/* key_parse_spki without the check that a point lies on its curve, for keys
 * of certificates: whoever verifies with such a key decodes it first. */
ERR_FN key_parse_form(struct ctx *cx, struct bytes der, struct key_facts *out);

/* Its part without a refusal, for keys that may be of any kind; sha256 is not
 * filled in. */
bool key_form(struct bytes der, struct key_facts *out);

/* The public key of an SPKI that key_parse_spki accepted; NULL if OpenSSL
 * does not take it (a point off the curve).  The caller frees. */
EVP_PKEY *key_open(struct bytes spki);

/* The hash to sign with under this key; NULL for Ed25519, which has none. */
const EVP_MD *key_digest(const EVP_PKEY *key);

/* Reads a private key from PEM; NULL if there is none, or one encrypted. */
EVP_PKEY *key_read_private(struct bytes pem);

/* Writes a private key to a file of mode 0600, new or replaced. */
bool
key_write_private(EVP_PKEY *key, const char *path, bool replace, char why[256]);

/* A new P-256 key; never NULL. */
EVP_PKEY *key_make_p256(void);

#endif
