/*
 * Private keys that are sent to their holder encrypted (RFC 7030 section
 * 4.4.2): an asymmetric key package (RFC 5958) in SignedData by the CA that
 * certifies the key, in EnvelopedData (RFC 5652 section 6) to a key that the
 * client has already.
 */
#ifndef PKI_KEYWRAP_H
#define PKI_KEYWRAP_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

struct signer;

struct keywrap_to {
	struct bytes cert;         /* the recipient's, DER; may be empty */
	struct bytes key_id;       /* by which the client names its key */
	struct bytes capabilities; /* SMIMECapabilities, DER; empty: none */
};

extern const struct err ERR_KEYWRAP; /* key-not-encrypted, FORBIDDEN */

/* Refuses a key identifier that is not the certificate's, a key that nothing
 * can be encrypted to, capabilities without AES in CBC mode, and a CA that may
 * not sign. */
ERR_FN keywrap_check(
    struct ctx *cx, const struct signer *by, const struct keywrap_to *to);

/* Encloses a PrivateKeyInfo, unless keywrap_check refuses.  A certificate
 * without subjectKeyIdentifier goes by the SHA-1 of its key (RFC 5280 section
 * 4.2.1.2, method 1). */
ERR_FN keywrap(struct ctx *cx, const struct signer *by, struct bytes pkcs8,
    const struct keywrap_to *to, struct bytes *out);

#endif
