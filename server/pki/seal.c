#include "pki/seal.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "pki/mac.h"
#include "pki/ossl.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16

/* A key for each purpose; whose it is is authenticated beside it. */
static EVP_CIPHER_CTX *
begin(const struct mac_key *k, const struct seal_for *what,
    const uint8_t nonce[NONCE_BYTES], int encrypt)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	struct bytes purpose = bytes_str(what->purpose);
	uint8_t key[MAC_BYTES];
	int n;

	must(c != NULL);
	mac_compute(k, "seal", &purpose, 1, key);
	must(EVP_CipherInit_ex(
		 c, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1);
	explicit_bzero(key, sizeof(key));
	must(EVP_CipherUpdate(c, NULL, &n, (const uint8_t *)what->owner,
		 (int)strlen(what->owner)) == 1);
	return c;
}

struct bytes
seal(struct ctx *cx, const struct mac_key *k, const struct seal_for *what,
    struct bytes secret)
{
	uint8_t *out = arena_alloc(cx->arena, secret.n + SEAL_BYTES);
	uint8_t *text = out + NONCE_BYTES;
	AUTO(EVP_CIPHER_CTX) *c = NULL;
	int n;

	must(secret.n <= LIMIT_SEALED);
	rng_bytes(out, NONCE_BYTES);
	c = begin(k, what, out, 1);
	must(EVP_CipherUpdate(c, text, &n, secret.p, (int)secret.n) == 1 &&
	     (size_t)n == secret.n && EVP_CipherFinal_ex(c, text, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(
		 c, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + secret.n) == 1);
	return (struct bytes){ out, secret.n + SEAL_BYTES };
}

bool
seal_open(struct ctx *cx, const struct mac_key *k, const struct seal_for *what,
    struct bytes sealed, struct bytes *secret)
{
	AUTO(EVP_CIPHER_CTX) *c = NULL;
	uint8_t tag[TAG_BYTES], *out;
	size_t n = sealed.n - SEAL_BYTES;
	int len;

	if (sealed.n < SEAL_BYTES || n > LIMIT_SEALED)
		return false;
	out = arena_alloc(cx->arena, n + 1);
	memcpy(tag, sealed.p + sealed.n - TAG_BYTES, TAG_BYTES);
	c = begin(k, what, sealed.p, 0);
	must(
	    EVP_CipherUpdate(c, out, &len, sealed.p + NONCE_BYTES, (int)n) ==
		1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1);
	if (EVP_CipherFinal_ex(c, out + n, &len) != 1) {
		explicit_bzero(out, n);
		ERR_clear_error();
		return false;
	}
	*secret = (struct bytes){ out, n };
	return true;
}
