#include "pki/cose_sig.h"

#include "base/limits.h"
#include "base/mem.h"
#include "pki/digest_internal.h"
#include "pki/key_internal.h"

#define HASH_MAX 64
#define EC_MAX 66 /* bytes of a coordinate of P-521 */

enum family { ECDSA, EDDSA, PSS, HMAC_SHA2 };

/* RFC 9053 sections 2.1, 2.2 and 3.1, RFC 8230 section 2, RFC 9864. */
static const struct alg {
	int64_t number;
	enum family family;
	size_t hash;       /* bytes of its digest */
	const char *group; /* of keys; NULL: any of the family */
	size_t tag;        /* bytes of a MAC */
} ALGS[] = {
	{ -7, ECDSA, 32, NULL, 0 },
	{ -35, ECDSA, 48, NULL, 0 },
	{ -36, ECDSA, 64, NULL, 0 },
	{ -9, ECDSA, 32, SN_X9_62_prime256v1, 0 },
	{ -51, ECDSA, 48, SN_secp384r1, 0 },
	{ -52, ECDSA, 64, SN_secp521r1, 0 },
	{ -8, EDDSA, 0, NULL, 0 },
	{ -19, EDDSA, 0, SN_ED25519, 0 },
	{ -53, EDDSA, 0, SN_ED448, 0 },
	{ -37, PSS, 32, NULL, 0 },
	{ -38, PSS, 48, NULL, 0 },
	{ -39, PSS, 64, NULL, 0 },
	{ 4, HMAC_SHA2, 32, NULL, 8 },
	{ 5, HMAC_SHA2, 32, NULL, 32 },
	{ 6, HMAC_SHA2, 48, NULL, 48 },
	{ 7, HMAC_SHA2, 64, NULL, 64 },
};

static const struct alg *
find(int64_t number)
{
	size_t i;

	for (i = 0; i < sizeof(ALGS) / sizeof(ALGS[0]); i++)
		if (ALGS[i].number == number)
			return &ALGS[i];
	return NULL;
}

bool
cose_sig_fits(int64_t alg, struct bytes spki)
{
	struct key_facts key;

	if (!key_form(spki, &key))
		return false;
	switch (key.type) {
	case KEY_P256:
		return alg == -7 || alg == -9;
	case KEY_P384:
		return alg == -35 || alg == -51;
	case KEY_ED25519:
		return alg == -8 || alg == -19;
	case KEY_RSA:
		return alg == -37;
	}
	return false;
}

bool
cose_mac_fits(int64_t alg)
{
	const struct alg *a = find(alg);

	return a != NULL && a->family == HMAC_SHA2 && a->tag == a->hash;
}

/* The group of an EC key, or the name of an Edwards curve. */
static bool
is_of_group(const EVP_PKEY *key, const char *group)
{
	char name[32];
	size_t n;

	if (group == NULL)
		return true;
	return EVP_PKEY_is_a(key, group) ||
	       (EVP_PKEY_is_a(key, "EC") &&
		   EVP_PKEY_get_group_name(key, name, sizeof(name), &n) == 1 &&
		   strcmp(name, group) == 0);
}

static bool
is_of_family(const EVP_PKEY *key, enum family family)
{
	switch (family) {
	case ECDSA:
		return EVP_PKEY_is_a(key, "EC");
	case EDDSA:
		return EVP_PKEY_is_a(key, "ED25519") ||
		       EVP_PKEY_is_a(key, "ED448");
	case PSS:
		return EVP_PKEY_is_a(key, "RSA");
	case HMAC_SHA2:
		break;
	}
	return false;
}

/* DER of r || s, in a buffer of the caller's; 0 if the size is wrong. */
static size_t
ecdsa_der(const EVP_PKEY *key, struct bytes rs, uint8_t der[2 * EC_MAX + 16])
{
	AUTO(ECDSA_SIG) *sig = ECDSA_SIG_new();
	size_t half = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	unsigned char *p = der;
	BIGNUM *r, *s;
	int n;

	must(sig != NULL);
	if (half > EC_MAX || rs.n != 2 * half)
		return 0;
	r = BN_bin2bn(rs.p, (int)half, NULL);
	s = BN_bin2bn(rs.p + half, (int)half, NULL);
	must(r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
	n = i2d_ECDSA_SIG(sig, &p);
	must(n > 0 && n <= 2 * EC_MAX + 16);
	return (size_t)n;
}

/* RFC 8230 section 2: MGF1 with the same hash, a salt of the hash's size. */
static bool
set_pss(EVP_PKEY_CTX *pc, const EVP_MD *md)
{
	return EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(pc, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, RSA_PSS_SALTLEN_DIGEST) ==
		   1;
}

static bool
verify(const struct alg *a, EVP_PKEY *key, struct bytes msg, struct bytes sig)
{
	AUTO(EVP_MD_CTX) *c = EVP_MD_CTX_new();
	const EVP_MD *md = a->hash == 0 ? NULL : digest_md(a->hash);
	uint8_t der[2 * EC_MAX + 16];
	EVP_PKEY_CTX *pc;

	must(c != NULL);
	if (a->family == ECDSA) {
		sig = (struct bytes){ der, ecdsa_der(key, sig, der) };
		if (sig.n == 0)
			return false;
	}
	return EVP_DigestVerifyInit(c, &pc, md, NULL, key) == 1 &&
	       (a->family != PSS || set_pss(pc, md)) &&
	       EVP_DigestVerify(c, sig.p, sig.n, msg.p, msg.n) == 1;
}

bool
cose_sig_verify(
    int64_t alg, struct bytes spki, struct bytes msg, struct bytes sig)
{
	const struct alg *a = find(alg);
	AUTO(EVP_PKEY) *key = NULL;
	bool ok;

	if (a == NULL || a->family == HMAC_SHA2)
		return false;
	key = key_open(spki);
	ok = key != NULL && is_of_family(key, a->family) &&
	     is_of_group(key, a->group) && verify(a, key, msg, sig);
	ERR_clear_error();
	return ok;
}

bool
cose_mac_verify(
    int64_t alg, struct bytes key, struct bytes msg, struct bytes tag)
{
	const struct alg *a = find(alg);
	uint8_t mac[HASH_MAX];
	unsigned n = 0;

	if (a == NULL || a->family != HMAC_SHA2 || key.n == 0 ||
	    key.n > LIMIT_CERT)
		return false;
	must(HMAC(digest_md(a->hash), key.p, (int)key.n, msg.p, msg.n, mac,
		 &n) != NULL &&
	     n == a->hash);
	return bytes_eq((struct bytes){ mac, a->tag }, tag);
}
