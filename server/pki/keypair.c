#include "base/arena.h"
#include "base/mem.h"
#include "pki/keyfile.h"
#include "pki/key.h"
#include "pki/key_internal.h"

#include <openssl/pem.h>

static struct keypair *
wrap(EVP_PKEY *key)
{
	struct keypair *kp = mem_new(1, sizeof(*kp));

	kp->key = key;
	return kp;
}

EVP_PKEY *
key_make_p256(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	must(key != NULL);
	return key;
}

struct keypair *
keypair_new(void)
{
	return wrap(key_make_p256());
}

struct keypair *
keypair_make(enum key_type type, int bits)
{
	EVP_PKEY *key = NULL;

	switch (type) {
	case KEY_P256:
		key = key_make_p256();
		break;
	case KEY_P384:
		key = EVP_EC_gen("P-384");
		break;
	case KEY_ED25519:
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case KEY_RSA:
		key = EVP_RSA_gen((unsigned)bits);
		break;
	}
	must(key != NULL);
	return wrap(key);
}

struct bytes
keypair_pkcs8(struct ctx *cx, const struct keypair *kp)
{
	/* Its free function clears the private number. */
	AUTO(PKCS8_PRIV_KEY_INFO) *p8 = EVP_PKEY2PKCS8(kp->key);
	unsigned char *p, *der;
	int n;

	must(p8 != NULL);
	n = i2d_PKCS8_PRIV_KEY_INFO(p8, NULL);
	must(n > 0);
	p = der = arena_alloc(cx->arena, (size_t)n);
	must(i2d_PKCS8_PRIV_KEY_INFO(p8, &p) == n);
	return (struct bytes){ der, (size_t)n };
}

/* Never asks a terminal for the password of an encrypted key. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

EVP_PKEY *
key_read_private(struct bytes pem)
{
	AUTO(BIO) *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key;

	must(bio != NULL);
	key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	ERR_clear_error();
	return key;
}

struct keypair *
keypair_load(const char *path, char why[256])
{
	struct keyfile text = { NULL, 0 };
	EVP_PKEY *key;

	if (!keyfile_read(path, true, &text, why))
		return NULL;
	key =
	    key_read_private((struct bytes){ (const uint8_t *)text.p, text.n });
	keyfile_free(&text);
	if (key == NULL) {
		(void)snprintf(
		    why, 256, "%.180s: no unencrypted private key", path);
		return NULL;
	}
	return wrap(key);
}

bool
key_write_private(EVP_PKEY *key, const char *path, bool replace, char why[256])
{
	AUTO(BIO) *bio = BIO_new(BIO_s_mem());
	struct bytes pem;
	char *p;
	long n;

	must(bio != NULL);
	must(PEM_write_bio_PKCS8PrivateKey(
		 bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	n = BIO_get_mem_data(bio, &p);
	must(n > 0);
	pem = (struct bytes){ (const uint8_t *)p, (size_t)n };
	return replace ? keyfile_replace(path, 0600, pem, why)
		       : keyfile_create(path, 0600, pem, why);
}

bool
keypair_save(const struct keypair *kp, const char *path, char why[256])
{
	return key_write_private(kp->key, path, true, why);
}

void
keypair_free(struct keypair *kp)
{
	if (kp == NULL)
		return;
	/* OpenSSL clears the private number when it frees it. */
	EVP_PKEY_free(kp->key);
	mem_free(kp);
}

struct bytes
keypair_spki(struct ctx *cx, const struct keypair *kp)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(kp->key, &der);
	struct bytes out;

	must(n > 0);
	out = bytes_dup(cx->arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return out;
}

const EVP_MD *
key_digest(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 384
		   ? EVP_sha384()
		   : EVP_sha256();
}

/* r || s, 32 bytes each, of an ECDSA signature in DER. */
static void
sig_from_der(const unsigned char *der, size_t n, uint8_t rs[64])
{
	AUTO(ECDSA_SIG) *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);

	must(sig != NULL);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32) == 32);
	must(BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32) == 32);
}

const struct err *
keypair_sign_es256(struct ctx *cx, const struct keypair *kp, struct bytes msg,
    struct bytes *sig_rs64)
{
	AUTO(EVP_MD_CTX) *md = EVP_MD_CTX_new();
	unsigned char der[128];
	size_t n = sizeof(der);
	uint8_t *rs = arena_alloc(cx->arena, 64);

	if (!EVP_PKEY_is_a(kp->key, "EC") || EVP_PKEY_get_bits(kp->key) != 256)
		return fail(cx, &ERR_BAD_KEY, "key: ES256 needs P-256");
	must(md != NULL);
	must(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, kp->key) == 1);
	must(EVP_DigestSign(md, der, &n, msg.p, msg.n) == 1);
	sig_from_der(der, n, rs);
	*sig_rs64 = (struct bytes){ rs, 64 };
	return NULL;
}
