/*
 * Certificates for tests, also those that no careful CA would make: from a
 * description with extensions in OpenSSL's configuration syntax.
 */
#ifndef TESTS_UNIT_PKI_MATERIAL_H
#define TESTS_UNIT_PKI_MATERIAL_H

#include "tests/unit/unit.h"

#include "base/mem.h"
#include "pki/cert.h"
#include "pki/ossl.h"

#define NOW UNIT_NOW
#define DAY INT64_C(86400)

struct extension {
	const char *name, *value; /* as in openssl.cnf; "critical,..." */
};

struct spec {
	const char *cn, *cn2, *serial_number;
	int cn_bytes;                  /* 0: strlen */
	int64_t not_before, not_after; /* 0: a day around NOW */
	const char *md;                /* NULL: SHA256; "" for Ed25519 */
	int version;                   /* 0: 3 */
	struct extension ext[8];
};

/* A key pair with its certificate, both freed with the arena. */
struct holder {
	EVP_PKEY *key;
	X509 *x;
	struct bytes der;
};

__attribute__((unused)) static void
own_key(void *p)
{
	EVP_PKEY_free(p);
}

__attribute__((unused)) static void
own_x509(void *p)
{
	X509_free(p);
}

/* P-256, P-384, P-521, secp256k1, ED25519, RSA-1024, RSA-2048 ... */
__attribute__((unused)) static EVP_PKEY *
make_key(const char *kind)
{
	EVP_PKEY *key;

	if (strncmp(kind, "RSA-", 4) == 0)
		key = EVP_RSA_gen((unsigned)strtoul(kind + 4, NULL, 10));
	else if (strcmp(kind, "ED25519") == 0 || strcmp(kind, "X25519") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	else
		key = EVP_EC_gen(kind);
	assert_non_null(key);
	arena_own(cx.arena, own_key, key);
	return key;
}

__attribute__((unused)) static struct bytes
spki_of(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	struct bytes out;

	assert_true(n > 0);
	out = bytes_dup(cx.arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return out;
}

__attribute__((unused)) static void
name_entry(X509 *x, int nid, const char *s, int n)
{
	if (s != NULL)
		assert_int_equal(
		    1, X509_NAME_add_entry_by_NID(X509_get_subject_name(x), nid,
			   V_ASN1_UTF8STRING, (const unsigned char *)s,
			   n == 0 ? -1 : n, -1, 0));
}

__attribute__((unused)) static void
add_extensions(X509 *x, X509 *issuer, const struct spec *s)
{
	X509V3_CTX v3;

	X509V3_set_ctx(&v3, issuer, x, NULL, NULL, 0);
	for (size_t i = 0; i < 8 && s->ext[i].name != NULL; i++) {
		X509_EXTENSION *e = X509V3_EXT_nconf(
		    NULL, &v3, s->ext[i].name, s->ext[i].value);

		assert_non_null(e);
		assert_int_equal(1, X509_add_ext(x, e, -1));
		X509_EXTENSION_free(e);
	}
}

__attribute__((unused)) static struct bytes
der_of(X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct bytes out;

	assert_true(n > 0);
	out = bytes_dup(cx.arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return out;
}

/* A certificate of key by the issuer; NULL: self-signed. */
__attribute__((unused)) static struct holder
make_with(const struct spec *s, EVP_PKEY *key, const struct holder *issuer)
{
	static long serial = 1000;
	struct holder h = { key, X509_new(), BYTES_NONE };
	X509 *above = issuer == NULL ? h.x : issuer->x;
	EVP_PKEY *by = issuer == NULL ? key : issuer->key;
	const char *md = s->md == NULL ? "SHA256" : s->md;

	assert_non_null(h.x);
	arena_own(cx.arena, own_x509, h.x);
	assert_int_equal(
	    1, X509_set_version(h.x, s->version == 0 ? 2 : s->version - 1));
	ASN1_INTEGER_set(X509_get_serialNumber(h.x), serial++);
	name_entry(h.x, NID_commonName, s->cn, s->cn_bytes);
	name_entry(h.x, NID_commonName, s->cn2, 0);
	name_entry(h.x, NID_serialNumber, s->serial_number, 0);
	X509_set_issuer_name(h.x, X509_get_subject_name(above));
	ASN1_TIME_set(X509_getm_notBefore(h.x),
	    (time_t)(s->not_before == 0 ? NOW - DAY : s->not_before));
	ASN1_TIME_set(X509_getm_notAfter(h.x),
	    (time_t)(s->not_after == 0 ? NOW + DAY : s->not_after));
	assert_int_equal(1, X509_set_pubkey(h.x, key));
	add_extensions(h.x, above, s);
	assert_true(X509_sign(h.x, by,
			*md == '\0' ? NULL : EVP_get_digestbyname(md)) > 0);
	h.der = der_of(h.x);
	return h;
}

__attribute__((unused)) static struct holder
make(const struct spec *s, const struct holder *issuer)
{
	return make_with(s, make_key("P-256"), issuer);
}

#define CA_EXTENSIONS                               \
	{ "basicConstraints", "critical,CA:TRUE" }, \
	{                                           \
		"keyUsage", "critical,keyCertSign"  \
	}

__attribute__((unused)) static struct holder
make_ca(const char *cn, const struct holder *issuer)
{
	struct spec s = { .cn = cn, .ext = { CA_EXTENSIONS } };

	return make(&s, issuer);
}

__attribute__((unused)) static bool
is_err(const struct err *e, const char *code)
{
	if (e == NULL || strcmp(e->code, code) != 0) {
		print_error("expected %s, got %s\n", code,
		    e == NULL ? "success" : e->code);
		return false;
	}
	return true;
}

/* A fresh directory, to be removed by unit_rmdir. */
__attribute__((unused)) static const char *
unit_mkdir(void)
{
	char *path = arena_strdup(cx.arena, "/tmp/latchkey-unit.XXXXXX");

	assert_non_null(mkdtemp(path));
	return path;
}

/* Removes a directory with its files. */
__attribute__((unused)) static void
unit_rmdir(const char *path)
{
	struct dirent *d;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(path), 0);
}

#endif
