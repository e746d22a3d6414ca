/*
 * A P-256 key whose private half is elsewhere, in a TPM: TLS asks for one
 * signature at a time.  libcurl and libmosquitto take keys as files, or an
 * SSL_CTX of OpenSSL that has one already, which is made here.  (OpenSSL's
 * provider for TPMs would read the key's file as well; but it takes hashes
 * into the TPM, too, as soon as its signatures are preferred, and a TPM
 * without a resource manager has no room for them.)
 */
#ifndef PKI_FAR_KEY_H
#define PKI_FAR_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"

#define FAR_KEY_SIGNATURE 72 /* bytes of one, DER, at most */

/* Signs a digest of SHA-256 (ECDSA, DER), and says its length; 0 if it could
 * not.  Called on whatever thread the connection is on. */
typedef size_t
far_key_fn(void *arg, struct bytes digest, uint8_t out[FAR_KEY_SIGNATURE]);

struct far_key;
struct far_key *far_key_new(far_key_fn *sign, void *arg);
void far_key_free(struct far_key *key);
AUTO_STRUCT_DEFINE(far_key, far_key_free);

/* An SSL_CTX for a client, and its end, for who may not name OpenSSL. */
void *far_key_ctx_new(void);
void far_key_ctx_free(void *ssl_ctx);

/* Has an SSL_CTX of nobody's own verify the server: by the CAs of a PEM file,
 * and by its name. */
bool far_key_verify(void *ssl_ctx, const char *ca_path, const char *host);

/* Gives an SSL_CTX the certificates of a PEM file and the key of the first
 * one, which is borrowed until the SSL_CTX ends.  TLS 1.3 alone from then on:
 * before it, a server may choose a hash that the key does not sign.  False if
 * there is no certificate of a P-256 key. */
bool far_key_use(void *ssl_ctx, const char *pem_path, struct far_key *key);

#endif
