#include "tests/bench/unit.h"

#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "base/rng.h"

struct bytes
bytes_kept(struct bytes b)
{
	uint8_t *p = mem_new(1, b.n + 1);

	memcpy(p, b.p, b.n);
	return (struct bytes){ p, b.n };
}

void
bytes_drop(struct bytes b)
{
	mem_free((void *)(uintptr_t)b.p);
}

static FILE *
open_file(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	must(f != NULL);
	return f;
}

void
factory_open(struct factory *f, const char *dir)
{
	FILE *cert = open_file(dir, "maker.crt");
	FILE *key = open_file(dir, "maker.key");

	f->cert = PEM_read_X509(cert, NULL, NULL, NULL);
	f->key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
	must(f->cert != NULL && f->key != NULL);
	(void)fclose(cert);
	(void)fclose(key);
	f->usage = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_key_usage, "critical,digitalSignature");
	f->not_ca = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_basic_constraints, "critical,CA:FALSE");
	must(f->usage != NULL && f->not_ca != NULL);
}

void
factory_release(struct factory *f)
{
	X509_free(f->cert);
	EVP_PKEY_free(f->key);
	X509_EXTENSION_free(f->usage);
	X509_EXTENSION_free(f->not_ca);
}

static void
hash(const void *p, int n, uint8_t out[32])
{
	must(n > 0);
	must(EVP_Digest(p, (size_t)n, out, NULL, EVP_sha256(), NULL) == 1);
}

static void
hash_key(EVP_PKEY *key, uint8_t out[32])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	hash(der, n, out);
	OPENSSL_free(der);
}

/* A fresh 127-bit serial number. */
static void
number(X509 *x)
{
	unsigned char raw[16];
	BIGNUM *bn;

	rng_bytes(raw, sizeof(raw));
	raw[0] &= 0x7f;
	raw[0] |= 0x40;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	must(BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL);
	BN_free(bn);
}

static X509 *
birth_certificate(const struct factory *f, EVP_PKEY *key, const char *serial)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();

	must(x != NULL && name != NULL);
	must(X509_set_version(x, X509_VERSION_3) == 1);
	number(x);
	must(X509_NAME_add_entry_by_txt(name, "serialNumber", MBSTRING_ASC,
		 (const unsigned char *)serial, -1, -1, 0) == 1);
	must(X509_set_subject_name(x, name) == 1);
	must(X509_set_issuer_name(x, X509_get_subject_name(f->cert)) == 1);
	must(X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL);
	/* A birth certificate does not expire (IEEE 802.1AR section 8.7). */
	must(ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") ==
	     1);
	must(X509_set_pubkey(x, key) == 1);
	must(X509_add_ext(x, f->not_ca, -1) == 1);
	must(X509_add_ext(x, f->usage, -1) == 1);
	must(X509_sign(x, f->key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return x;
}

void
unit_rekey(struct unit *u)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	int n;

	EVP_PKEY_free(u->key);
	bytes_drop(u->csr);
	u->key = EVP_EC_gen("P-256");
	must(req != NULL && u->key != NULL);
	must(X509_REQ_set_pubkey(req, u->key) == 1);
	must(X509_REQ_sign(req, u->key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	must(n > 0);
	u->csr = bytes_kept((struct bytes){ der, (size_t)n });
	hash_key(u->key, u->key_sha256);
	OPENSSL_free(der);
	X509_REQ_free(req);
}

void
unit_make(struct unit *u, const struct factory *f, const char *serial)
{
	unsigned char *der = NULL;
	int n;

	(void)snprintf(u->serial, sizeof(u->serial), "%s", serial);
	u->birth_key = EVP_EC_gen("P-256");
	must(u->birth_key != NULL);
	u->birth = birth_certificate(f, u->birth_key, serial);
	n = i2d_X509(u->birth, &der);
	hash(der, n, u->birth_sha256);
	OPENSSL_free(der);
	hash_key(u->birth_key, u->birth_key_sha256);
	unit_rekey(u);
}

void
unit_make_bare(struct unit *u, const char *serial)
{
	(void)snprintf(u->serial, sizeof(u->serial), "%s", serial);
	unit_rekey(u);
}

bool
unit_received(struct unit *u)
{
	unsigned char *der = mem_new(1, u->answer.n + 1);
	const unsigned char *p = der;
	STACK_OF(X509) *certs = NULL;
	PKCS7 *cms = NULL;
	int pad = 0, n;

	/* EVP_DecodeBlock counts the padding as bytes. */
	n = (int)u->answer.n;
	while (n > 0 && u->answer.p[n - 1] == '\n')
		n--;
	while (pad < 2 && n > pad && u->answer.p[n - 1 - pad] == '=')
		pad++;
	n = EVP_DecodeBlock(der, u->answer.p, n);
	if (n > pad)
		cms = d2i_PKCS7(NULL, &p, n - pad);
	if (cms != NULL && PKCS7_type_is_signed(cms))
		certs = cms->d.sign->cert;
	if (sk_X509_num(certs) == 1) {
		u->cert = sk_X509_value(certs, 0);
		must(X509_up_ref(u->cert) == 1);
	}
	PKCS7_free(cms);
	mem_free(der);
	return u->cert != NULL && X509_check_private_key(u->cert, u->key) == 1;
}

void
unit_release(struct unit *u)
{
	EVP_PKEY_free(u->birth_key);
	X509_free(u->birth);
	EVP_PKEY_free(u->key);
	X509_free(u->cert);
	bytes_drop(u->csr);
	bytes_drop(u->answer);
}
