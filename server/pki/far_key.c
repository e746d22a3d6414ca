/* A key that signs elsewhere is an EC_KEY_METHOD, or else a provider of its
 * own: in OpenSSL 3.0 the first is deprecated, and supported. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "pki/far_key.h"

#include <openssl/ec.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "pki/ossl.h"

#define POINT_BYTES 65
#define SHA256_DIGEST 32
/* OpenSSL keeps the first index for applications. */
#define APP_DATA 0

AUTO_DEFINE(EC_KEY, EC_KEY_free);

struct far_key {
	far_key_fn *sign;
	void *arg;
	EC_KEY_METHOD *method;
};

static int
sign(int type, const unsigned char *digest, int digest_n, unsigned char *sig,
    unsigned int *sig_n, const BIGNUM *inverse, const BIGNUM *r, EC_KEY *ec)
{
	const struct far_key *key = EC_KEY_get_ex_data(ec, APP_DATA);

	(void)type;
	(void)inverse;
	(void)r;
	if (key == NULL || digest_n != SHA256_DIGEST)
		return 0;
	*sig_n = (unsigned int)key->sign(
	    key->arg, (struct bytes){ digest, SHA256_DIGEST }, sig);
	return *sig_n > 0;
}

struct far_key *
far_key_new(far_key_fn *fn, void *arg)
{
	struct far_key *key = mem_new(1, sizeof(*key));

	*key = (struct far_key){ fn, arg, EC_KEY_METHOD_new(EC_KEY_OpenSSL()) };
	must(key->method != NULL);
	EC_KEY_METHOD_set_sign(key->method, sign, NULL, NULL);
	return key;
}

void
far_key_free(struct far_key *key)
{
	if (key == NULL)
		return;
	EC_KEY_METHOD_free(key->method);
	mem_free(key);
}

/* The key of a certificate, whose private half is elsewhere. */
static EVP_PKEY *
key_of(X509 *certificate, struct far_key *key)
{
	AUTO(EC_KEY) *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY *near = X509_get0_pubkey(certificate), *out;
	uint8_t point[POINT_BYTES];
	size_t n;

	must(ec != NULL);
	if (near == NULL || EVP_PKEY_get_bits(near) != 256 ||
	    EVP_PKEY_get_octet_string_param(
		near, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) != 1 ||
	    EC_KEY_oct2key(ec, point, n, NULL) != 1)
		return NULL;
	must(EC_KEY_set_method(ec, key->method) == 1 &&
	     EC_KEY_set_ex_data(ec, APP_DATA, key) == 1);
	out = EVP_PKEY_new();
	must(out != NULL && EVP_PKEY_set1_EC_KEY(out, ec) == 1);
	return out;
}

void *
far_key_ctx_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx != NULL);
	return ctx;
}

void
far_key_ctx_free(void *ssl_ctx)
{
	SSL_CTX_free(ssl_ctx);
}

bool
far_key_use(void *ssl_ctx, const char *pem_path, struct far_key *key)
{
	SSL_CTX *ctx = ssl_ctx;
	AUTO(EVP_PKEY) *pkey = NULL;

	if (SSL_CTX_use_certificate_chain_file(ctx, pem_path) != 1)
		return false;
	pkey = key_of(SSL_CTX_get0_certificate(ctx), key);
	return pkey != NULL && SSL_CTX_use_PrivateKey(ctx, pkey) == 1 &&
	       SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1;
}

bool
far_key_verify(void *ssl_ctx, const char *ca_path, const char *host)
{
	SSL_CTX *ctx = ssl_ctx;

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_load_verify_locations(ctx, ca_path, NULL) == 1 &&
	       X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(ctx), host, 0) ==
		   1;
}
