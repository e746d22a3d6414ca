#include "pki/signed.h"

#include "base/limits.h"
#include "base/mem.h"
#include "pki/key_internal.h"
#include "pki/sigalg.h"

#define WEAK_RSA_BITS 1024

/* sha1WithRSAEncryption and its better kin (RFC 4055 section 5). */
static const struct {
	uint8_t der[15];
	const EVP_MD *(*md)(void);
} RSA_ALGORITHMS[] = {
	{ { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	      0x01, 0x05, 0x05, 0x00 },
	    EVP_sha1 },
	{ { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	      0x01, 0x0b, 0x05, 0x00 },
	    EVP_sha256 },
};

static bool
rsa_verify(EVP_PKEY *key, const EVP_MD *md, struct bytes message,
    struct bytes signature)
{
	AUTO(EVP_MD_CTX) *c = EVP_MD_CTX_new();
	bool ok;

	must(c != NULL);
	ok = EVP_DigestVerifyInit(c, NULL, md, NULL, key) == 1 &&
	     EVP_DigestVerify(
		 c, signature.p, signature.n, message.p, message.n) == 1;
	ERR_clear_error();
	return ok;
}

static bool
weakly_signed_by(struct bytes spki, struct bytes algorithm,
    struct bytes message, struct bytes signature)
{
	const unsigned char *p = spki.p;
	AUTO(EVP_PKEY) *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
	size_t i;

	ERR_clear_error();
	if (key == NULL || p != spki.p + spki.n || !EVP_PKEY_is_a(key, "RSA") ||
	    EVP_PKEY_get_bits(key) < WEAK_RSA_BITS ||
	    EVP_PKEY_get_bits(key) > LIMIT_RSA_BITS)
		return false;
	for (i = 0; i < sizeof(RSA_ALGORITHMS) / sizeof(RSA_ALGORITHMS[0]); i++)
		if (bytes_eq(algorithm, BYTES_OF(RSA_ALGORITHMS[i].der)))
			return rsa_verify(
			    key, RSA_ALGORITHMS[i].md(), message, signature);
	return false;
}

bool
signed_by(struct bytes spki, struct bytes algorithm, struct bytes message,
    struct bytes signature, bool weak)
{
	const struct sigalg *alg = sigalg_find(algorithm);
	AUTO(EVP_PKEY) *key = NULL;
	struct key_facts facts;

	if (alg != NULL && key_form(spki, &facts)) {
		key = key_open(spki);
		return key != NULL &&
		       sigalg_verify(alg, facts.type, key, message, signature);
	}
	return weak && weakly_signed_by(spki, algorithm, message, signature);
}

bool
signed_plain(struct bytes spki, struct bytes message, struct bytes signature)
{
	AUTO(EVP_PKEY) *key = NULL;
	struct key_facts facts;

	if (!key_form(spki, &facts))
		return false;
	key = key_open(spki);
	return key != NULL && sigalg_verify(sigalg_find(sigalg_der(key)),
				  facts.type, key, message, signature);
}
