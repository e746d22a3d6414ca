/*
 * Public keys as SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7) and
 * the key pairs we make ourselves.  Accepted are P-256 and P-384 as named
 * curves, Ed25519, and RSA of 2048 to 4096 bits with exponent 65537
 * (SECURITY.md E4); everything else is refused before it is used.
 */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

enum key_type { KEY_P256, KEY_P384, KEY_ED25519, KEY_RSA };

struct key_facts {
	enum key_type type;
	int bits;
	uint8_t sha256[32]; /* of the SPKI, DER */
};

extern const struct err ERR_BAD_KEY;       /* bad-key, INVALID */
extern const struct err ERR_BAD_SIGNATURE; /* bad-signature, INVALID */

/* Judges one public key; trailing bytes and other encodings than DER are
 * refused. */
ERR_FN key_parse_spki(struct ctx *cx, struct bytes der, struct key_facts *out);

/* Reads one PUBLIC KEY block (RFC 7468 section 13) of a P-256 key, as owners'
 * apps have; the SPKI is in the arena. */
ERR_FN key_parse_pem(struct ctx *cx, struct bytes pem, struct bytes *spki_der);

/* The same for any key that is accepted here. */
ERR_FN key_read_pem(struct ctx *cx, struct bytes pem, struct bytes *spki_der,
    struct key_facts *facts);

/* PEM of a public key, in the arena. */
const char *key_pem(struct ctx *cx, struct bytes spki_der);

/* Whether sig (r || s, 64 bytes, RFC 7518 section 3.4) is the P-256 key's
 * signature of msg under SHA-256. */
bool key_verify_es256(
    struct ctx *cx, struct bytes spki, struct bytes msg, struct bytes sig_rs64);

/* The affine coordinates of a P-256 key, 32 bytes each, for a JWK. */
ERR_FN key_point_p256(
    struct ctx *cx, struct bytes spki, struct bytes *x, struct bytes *y);

/* A private key with its public half.  Read-only once made, so threads may
 * share it; zeroed when freed. */
struct keypair;

/* A new P-256 key pair; never NULL. */
struct keypair *keypair_new(void);

/* A new key pair of a type; bits for RSA alone.  Never NULL. */
struct keypair *keypair_make(enum key_type type, int bits);

/* The private key as PrivateKeyInfo (RFC 5208 section 5, RFC 5958), DER, in
 * the arena, which is wiped with the request. */
struct bytes keypair_pkcs8(struct ctx *cx, const struct keypair *kp);

/* Reads an unencrypted PKCS#8 PEM file; NULL with the reason, also if others
 * may read the file. */
struct keypair *keypair_load(const char *path, char why[256]);

/* Writes the file with mode 0600 by renaming a complete one over it. */
bool keypair_save(const struct keypair *kp, const char *path, char why[256]);
void keypair_free(struct keypair *kp);
AUTO_STRUCT_DEFINE(keypair, keypair_free);

/* The public half as SPKI, in the arena. */
struct bytes keypair_spki(struct ctx *cx, const struct keypair *kp);

/* ES256 signature as r || s, 64 bytes, in the arena; fails for a key that is
 * not P-256. */
ERR_FN keypair_sign_es256(struct ctx *cx, const struct keypair *kp,
    struct bytes msg, struct bytes *sig_rs64);

#endif
