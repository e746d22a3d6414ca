#include "pki/sigalg.h"

#include "base/mem.h"
#include "pki/key_internal.h"

enum family { FAMILY_EC, FAMILY_RSA, FAMILY_ED25519 };

struct sigalg {
	uint8_t der[16]; /* AlgorithmIdentifier, parameters included */
	size_t n;
	enum family family;
	const EVP_MD *(*md)(void);
};

/* ecdsa-with-SHA* (RFC 5758 section 3.2), sha*WithRSAEncryption (RFC 4055
 * section 5), Ed25519 (RFC 8410 section 3). */
static const struct sigalg ALGORITHMS[] = {
	{ { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03,
	      0x02 },
	    12, FAMILY_EC, EVP_sha256 },
	{ { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03,
	      0x03 },
	    12, FAMILY_EC, EVP_sha384 },
	{ { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03,
	      0x04 },
	    12, FAMILY_EC, EVP_sha512 },
	{ { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	      0x01, 0x0b, 0x05, 0x00 },
	    15, FAMILY_RSA, EVP_sha256 },
	{ { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	      0x01, 0x0c, 0x05, 0x00 },
	    15, FAMILY_RSA, EVP_sha384 },
	{ { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	      0x01, 0x0d, 0x05, 0x00 },
	    15, FAMILY_RSA, EVP_sha512 },
	{ { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 }, 7, FAMILY_ED25519,
	    NULL },
};

const struct sigalg *
sigalg_find(struct bytes der)
{
	size_t i;

	for (i = 0; i < sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]); i++) {
		const struct sigalg *alg = &ALGORITHMS[i];

		if (bytes_eq(der, (struct bytes){ alg->der, alg->n }))
			return alg;
	}
	return NULL;
}

static enum family
family_of(enum key_type type)
{
	if (type == KEY_RSA)
		return FAMILY_RSA;
	return type == KEY_ED25519 ? FAMILY_ED25519 : FAMILY_EC;
}

static enum family
family_of_key(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return FAMILY_RSA;
	return EVP_PKEY_is_a(key, "EC") ? FAMILY_EC : FAMILY_ED25519;
}

struct bytes
sigalg_der(const EVP_PKEY *key)
{
	const EVP_MD *md = key_digest(key);
	const struct sigalg *alg = ALGORITHMS;

	while (alg->family != family_of_key(key) ||
	       (alg->md == NULL ? NULL : alg->md()) != md)
		must(++alg <
		     ALGORITHMS + sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]));
	return (struct bytes){ alg->der, alg->n };
}

bool
sigalg_verify(const struct sigalg *alg, enum key_type type, EVP_PKEY *key,
    struct bytes msg, struct bytes sig)
{
	AUTO(EVP_MD_CTX) *md = EVP_MD_CTX_new();
	const EVP_MD *hash = alg->md == NULL ? NULL : alg->md();
	bool ok;

	must(md != NULL);
	if (alg->family != family_of(type))
		return false;
	ok = EVP_DigestVerifyInit(md, NULL, hash, NULL, key) == 1 &&
	     EVP_DigestVerify(md, sig.p, sig.n, msg.p, msg.n) == 1;
	if (!ok)
		ERR_clear_error();
	return ok;
}
