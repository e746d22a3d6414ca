#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "pki/der_put.h"
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

/* A number of the key: as INTEGER, or of a fixed width as OCTET STRING. */
static void
put_number(struct buf *b, const EVP_PKEY *key, const char *name, size_t width)
{
	uint8_t number[LIMIT_RSA_BITS / 8 + 1] = { 0 };
	BIGNUM *n = NULL;
	size_t size;

	must(EVP_PKEY_get_bn_param(key, name, &n) == 1);
	/* One bit more than the number has, so that it is positive. */
	size = width > 0 ? width : (size_t)BN_num_bits(n) / 8 + 1;
	must(size <= sizeof(number) &&
	     BN_bn2binpad(n, number, (int)size) == (int)size);
	der_put(b, width > 0 ? DER_OCTET_STRING : DER_INTEGER,
	    (struct bytes){ number, size });
	BN_clear_free(n);
	explicit_bzero(number, sizeof(number));
}

/* RSAPrivateKey, RFC 8017 appendix A.1.2. */
static void
put_rsa(struct buf *b, const EVP_PKEY *key)
{
	static const char *const numbers[] = { OSSL_PKEY_PARAM_RSA_N,
		OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
		OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
	size_t i, at = der_begin(b, DER_SEQUENCE);

	der_put(b, DER_INTEGER, (struct bytes){ (const uint8_t *)"\0", 1 });
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put_number(b, key, numbers[i], 0);
	der_end(b, at);
}

/* ECPrivateKey, RFC 5915 section 3. */
static void
put_ec(struct buf *b, const EVP_PKEY *key, struct bytes point)
{
	size_t at = der_begin(b, DER_SEQUENCE), pub;

	der_put(b, DER_INTEGER, (struct bytes){ (const uint8_t *)"\1", 1 });
	put_number(b, key, OSSL_PKEY_PARAM_PRIV_KEY,
	    (size_t)EVP_PKEY_get_bits(key) / 8);
	pub = der_begin(b, DER_CONTEXT_CONSTRUCTED(1));
	der_put_bits(b, point);
	der_end(b, pub);
	der_end(b, at);
}

/* CurvePrivateKey, RFC 8410 section 7. */
static void
put_ed25519(struct buf *b, const EVP_PKEY *key)
{
	uint8_t raw[32];
	size_t n = sizeof(raw);

	must(EVP_PKEY_get_raw_private_key(key, raw, &n) == 1);
	der_put(b, DER_OCTET_STRING, (struct bytes){ raw, n });
	explicit_bzero(raw, sizeof(raw));
}

/* OpenSSL's own way leaves copies of the key in memory that it freed. */
struct bytes
keypair_pkcs8(struct ctx *cx, const struct keypair *kp)
{
	struct bytes spki = keypair_spki(cx, kp), seq, algorithm, point, out;
	size_t whole, inner;
	struct buf b;

	must(der_take(&spki, DER_SEQUENCE, &seq) &&
	     der_take_whole(&seq, DER_SEQUENCE, &algorithm) &&
	     der_take_bits(&seq, &point));
	buf_init(&b, cx->arena, LIMIT_CERT);
	whole = der_begin(&b, DER_SEQUENCE);
	der_put(&b, DER_INTEGER, (struct bytes){ (const uint8_t *)"\0", 1 });
	buf_put(&b, algorithm);
	inner = der_begin(&b, DER_OCTET_STRING);
	if (EVP_PKEY_is_a(kp->key, "RSA"))
		put_rsa(&b, kp->key);
	else if (EVP_PKEY_is_a(kp->key, "EC"))
		put_ec(&b, kp->key, point);
	else
		put_ed25519(&b, kp->key);
	der_end(&b, inner);
	der_end(&b, whole);
	must(buf_bytes(&b, &out));
	return out;
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
