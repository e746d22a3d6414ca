#include "pki/build.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "pki/der.h"
#include "pki/key_internal.h"

void
build_serial(uint8_t serial[SERIAL_BYTES])
{
	int64_t half = clock_now() / 2;
	size_t i;

	rng_bytes(serial, SERIAL_BYTES);
	for (i = 0; i < 4; i++)
		serial[i] = (uint8_t)(half >> (24 - 8 * i));
	serial[0] &= 0x7f;
}

size_t
build_address(const char *name, uint8_t out[16])
{
	if (inet_pton(AF_INET, name, out) == 1)
		return 4;
	return inet_pton(AF_INET6, name, out) == 1 ? 16 : 0;
}

bool
build_name_ok(const char *name)
{
	size_t i, label = 0, n = strlen(name);
	uint8_t ip[16];

	if (build_address(name, ip) != 0)
		return true;
	if (n > 253)
		return false;
	for (i = 0; i <= n; i++) {
		char c = name[i];

		if (c == '.' || c == '\0') {
			if (label < 1 || label > 63 || name[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || (c == '-' && label > 0)))
			return false;
		label++;
	}
	return true;
}

static void
add_entry(X509_NAME *name, int nid, const char *text)
{
	/* serialNumber is a PrintableString (RFC 5280 appendix A.1), and the
	 * table of OpenSSL's MBSTRING types keeps it so. */
	if (text != NULL)
		must(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
			 (const unsigned char *)text, -1, -1, 0) == 1);
}

static void
set_time(ASN1_TIME *at, int64_t t)
{
	/* Picks UTCTime before 2050 and GeneralizedTime from then on. */
	must(ASN1_TIME_set(at, (time_t)t) != NULL);
}

static void
set_serial(X509 *x, const uint8_t serial[SERIAL_BYTES])
{
	AUTO(BIGNUM) *n = BN_bin2bn(serial, SERIAL_BYTES, NULL);

	must(n != NULL);
	must(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL);
}

static void
add_ext(X509 *x, int nid, void *value, bool critical)
{
	must(X509_add1_ext_i2d(
		 x, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1);
}

static void
add_basic_constraints(X509 *x, int pathlen)
{
	AUTO(BASIC_CONSTRAINTS) *bc = BASIC_CONSTRAINTS_new();

	must(bc != NULL);
	bc->ca = 0xff;
	if (pathlen >= 0) {
		bc->pathlen = ASN1_INTEGER_new();
		must(bc->pathlen != NULL &&
		     ASN1_INTEGER_set(bc->pathlen, pathlen) == 1);
	}
	add_ext(x, NID_basic_constraints, bc, true);
}

/* digitalSignature for a leaf; keyCertSign and cRLSign for a CA, and both for
 * one that issues to leaves: it signs the keys that it makes, too
 * (pki/keywrap). */
static void
add_key_usage(X509 *x, const struct build *b)
{
	ASN1_BIT_STRING *ku = ASN1_BIT_STRING_new();

	must(ku != NULL);
	if (b->ca)
		must(ASN1_BIT_STRING_set_bit(ku, 5, 1) == 1 &&
		     ASN1_BIT_STRING_set_bit(ku, 6, 1) == 1);
	if (!b->ca || b->pathlen == 0)
		must(ASN1_BIT_STRING_set_bit(ku, 0, 1) == 1);
	add_ext(x, NID_key_usage, ku, true);
	ASN1_BIT_STRING_free(ku);
}

/* RFC 7093 section 2, method 1: the first 160 bits of the key's SHA-256. */
static void
add_subject_key_id(X509 *x)
{
	AUTO(ASN1_OCTET_STRING) *id = ASN1_OCTET_STRING_new();
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n;

	must(id != NULL && X509_pubkey_digest(x, EVP_sha256(), md, &n) == 1);
	must(ASN1_OCTET_STRING_set(id, md, 20) == 1);
	add_ext(x, NID_subject_key_identifier, id, false);
}

static void
add_authority_key_id(X509 *x, X509 *issuer)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
	AUTO(AUTHORITY_KEYID) *akid = AUTHORITY_KEYID_new();

	must(akid != NULL);
	if (id == NULL)
		return;
	akid->keyid = ASN1_OCTET_STRING_dup(id);
	must(akid->keyid != NULL);
	add_ext(x, NID_authority_key_identifier, akid, false);
}

/* Copies the SPKI as algorithm and bit string: decoding the key only to
 * encode it again would cost more than the signature does. */
static void
set_key(X509_PUBKEY *at, struct bytes spki)
{
	struct bytes seq, alg_der, bits;
	AUTO(X509_ALGOR) *alg = NULL;
	const ASN1_OBJECT *oid;
	const unsigned char *p;
	const void *value;
	unsigned char *key;
	int type;

	must(der_take(&spki, DER_SEQUENCE, &seq) &&
	     der_take_whole(&seq, DER_SEQUENCE, &alg_der) &&
	     der_take_bits(&seq, &bits));
	p = alg_der.p;
	alg = d2i_X509_ALGOR(NULL, &p, (long)alg_der.n);
	must(alg != NULL);
	X509_ALGOR_get0(&oid, &type, &value, alg);
	key = OPENSSL_memdup(bits.p, bits.n);
	must(key != NULL);
	must(X509_PUBKEY_set0_param(at, OBJ_dup(oid), type,
		 type == V_ASN1_OBJECT ? OBJ_dup(value) : NULL, key,
		 (int)bits.n) == 1);
}

static void
set_body(X509 *x, const struct build *b, X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(x);

	must(X509_set_version(x, X509_VERSION_3) == 1);
	set_serial(x, b->serial);
	add_entry(name, NID_organizationName, b->org);
	add_entry(name, NID_commonName, b->cn);
	add_entry(name, NID_serialNumber, b->serial_number);
	must(X509_set_issuer_name(
		 x, X509_get_subject_name(issuer == NULL ? x : issuer)) == 1);
	set_time(X509_getm_notBefore(x), b->not_before);
	set_time(X509_getm_notAfter(x), b->not_after);
	set_key(X509_get_X509_PUBKEY(x), b->spki);
}

X509 *
build_certificate(const struct build *b, X509 *issuer, EVP_PKEY *key)
{
	X509 *x = X509_new();

	must(x != NULL);
	set_body(x, b, issuer);
	if (b->ca)
		add_basic_constraints(x, b->pathlen);
	add_key_usage(x, b);
	add_subject_key_id(x);
	add_authority_key_id(x, issuer == NULL ? x : issuer);
	must(X509_sign(x, key, key_digest(key)) > 0);
	return x;
}

static void
remove_ext(X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);

	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(x, at));
}

X509 *
build_like(const struct build_like *b, X509 *issuer, EVP_PKEY *key)
{
	X509 *x = X509_dup(b->model);
	uint8_t serial[SERIAL_BYTES];

	must(x != NULL);
	build_serial(serial);
	set_serial(x, serial);
	set_time(X509_getm_notBefore(x), b->not_before);
	set_time(X509_getm_notAfter(x), b->not_after);
	remove_ext(x, NID_authority_key_identifier);
	if (b->spki.n > 0) {
		set_key(X509_get_X509_PUBKEY(x), b->spki);
		remove_ext(x, NID_subject_key_identifier);
		add_subject_key_id(x);
	}
	add_authority_key_id(x, issuer == NULL ? x : issuer);
	must(X509_sign(x, key, key_digest(key)) > 0);
	return x;
}
