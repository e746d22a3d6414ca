#include "tests/unit/pki/material.h"

#include <jansson.h>

#include "pki/csr.h"
#include "pki/key_internal.h"

#define VECTORS "tests/vectors/csr"

static struct bytes
read_vector(const char *file)
{
	const char *path = arena_printf(cx.arena, "%s/%s", VECTORS, file);
	uint8_t *p = arena_alloc(cx.arena, LIMIT_CSR + 1);
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(p, 1, LIMIT_CSR + 1, f);
	fclose(f);
	return (struct bytes){ p, n };
}

/* Every case of the folder has its verdict; the "policy" ones are ours to
 * choose: names are ignored, so odd ones do not matter. */
static void
every_vector_gets_its_verdict(void **state)
{
	(void)state;
	json_t *root = json_load_file(VECTORS "/cases.json", 0, NULL), *c;
	size_t i, run = 0;

	assert_non_null(root);
	json_array_foreach(json_object_get(root, "cases"), i, c)
	{
		const char *file =
		    json_string_value(json_object_get(c, "file"));
		const char *expect =
		    json_string_value(json_object_get(c, "expect"));
		struct csr csr;
		bool ok;

		arena_reset(cx.arena);
		ok = csr_parse(&cx, read_vector(file), &csr) == NULL;
		if (strcmp(expect, "policy") == 0)
			continue;
		if (ok != (strcmp(expect, "accept") == 0))
			wrong("%s: expected %s, got %s", file, expect,
			    ok ? "accept" : cx.reason);
		run++;
	}
	json_decref(root);
	assert_int_equal(run, 54);
}

static bool
accepts(const char *file)
{
	struct csr csr;

	return csr_parse(&cx, read_vector(file), &csr) == NULL;
}

static void
names_are_ignored(void **state)
{
	(void)state;
	assert_true(accepts("made-empty-subject.der"));
	assert_true(accepts("made-cn-long.der"));
}

static void
what_is_asked_is_read(void **state)
{
	(void)state;
	struct csr csr;

	assert_null(
	    csr_parse(&cx, read_vector("made-challenge-password.der"), &csr));
	assert_true(csr.has_challenge);
	assert_true(csr.challenge.n > 0);
	assert_null(
	    csr_parse(&cx, read_vector("made-empty-subject.der"), &csr));
	assert_false(csr.has_challenge);
}

static void
reasons_for_refusal_differ(void **state)
{
	(void)state;
	static const struct {
		const char *file, *code;
	} cases[] = {
		{ "made-ask-ca.der", "csr-policy" },
		{ "made-ask-server-eku.der", "csr-policy" },
		{ "made-san-wildcard.der", "csr-policy" },
		{ "made-sha1.der", "csr-policy" },
		{ "mbedtls-hex-43.der", "csr-policy" },
		{ "made-rsa-1024.der", "key-not-allowed" },
		{ "made-secp256k1.der", "key-not-allowed" },
		{ "made-point-zero.der", "bad-key" },
		{ "made-sig-flip.der", "bad-csr" },
		{ "pyca-bad-version.der", "bad-csr" },
		{ "made-many-sans.der", "bad-csr" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csr csr;

		assert_true(
		    is_err(csr_parse(&cx, read_vector(cases[i].file), &csr),
			cases[i].code));
	}
}

static struct bytes
made(void)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();

	return csr_make(&cx, kp, "device");
}

static void
made_request_parses_with_the_same_key(void **state)
{
	(void)state;
	AUTO_STRUCT(keypair) *kp = keypair_new();
	struct csr csr;

	assert_null(csr_parse(&cx, csr_make(&cx, kp, NULL), &csr));
	assert_true(bytes_eq(csr.spki, keypair_spki(&cx, kp)));
	assert_int_equal(csr.key.type, KEY_P256);
	assert_int_equal(csr.key.bits, 256);
}

static void
trailing_byte_is_refused(void **state)
{
	(void)state;
	struct bytes der = made();
	uint8_t *longer = arena_alloc(cx.arena, der.n + 1);
	struct csr csr;

	memcpy(longer, der.p, der.n);
	assert_true(
	    is_err(csr_parse(&cx, (struct bytes){ longer, der.n + 1 }, &csr),
		"bad-csr"));
}

static void
every_truncation_is_refused(void **state)
{
	(void)state;
	struct bytes der = made();

	for (size_t n = 0; n < der.n; n++) {
		uint8_t *copy = mem_new(1, n + 1);
		struct csr csr;

		memcpy(copy, der.p, n);
		assert_non_null(
		    csr_parse(&cx, (struct bytes){ copy, n }, &csr));
		mem_free(copy);
	}
}

/* Whatever one flipped bit does, it never yields another accepted request:
 * all of it is signed or canonical. */
static void
every_flipped_byte_is_refused(void **state)
{
	(void)state;
	struct bytes der = bytes_dup(cx.arena, made());
	uint8_t *p = arena_alloc(cx.arena, der.n);
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx scratch = { .arena = a };

	(void)state;
	memcpy(p, der.p, der.n);
	for (size_t i = 0; i < der.n; i++) {
		struct csr csr;

		arena_reset(scratch.arena);
		p[i] ^= 0x01;
		assert_non_null(
		    csr_parse(&scratch, (struct bytes){ p, der.n }, &csr));
		p[i] ^= 0x01;
	}
}

static void
oversize_request_is_refused(void **state)
{
	(void)state;
	struct bytes big = { arena_alloc(cx.arena, LIMIT_CSR + 1),
		LIMIT_CSR + 1 };
	struct csr csr;

	assert_true(is_err(csr_parse(&cx, big, &csr), "bad-csr"));
}

/* A request by any key and hash, with one extension in openssl.cnf words. */
static struct bytes
request(EVP_PKEY *key, const char *md, const char *name, const char *value)
{
	AUTO(X509_REQ) *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	struct bytes out;
	int n;

	if (name != NULL) {
		sk_X509_EXTENSION_push(
		    exts, X509V3_EXT_nconf(NULL, NULL, name, value));
		assert_int_equal(1, X509_REQ_add_extensions(req, exts));
	}
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_REQ_set_pubkey(req, key);
	assert_true(X509_REQ_sign(req, key,
			md == NULL ? NULL : EVP_get_digestbyname(md)) > 0);
	n = i2d_X509_REQ(req, &der);
	out = bytes_dup(cx.arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return out;
}

static void
accepted_keys_and_hashes(void **state)
{
	(void)state;
	static const struct {
		const char *key, *md;
		bool ok;
	} cases[] = {
		{ "P-256", "SHA256", true },
		{ "P-256", "SHA512", true },
		{ "P-384", "SHA384", true },
		{ "RSA-2048", "SHA256", true },
		{ "RSA-3072", "SHA384", true },
		{ "ED25519", NULL, true },
		{ "P-256", "SHA1", false },
		{ "P-256", "SHA224", false },
		{ "P-521", "SHA512", false },
		{ "RSA-2048", "SHA1", false },
		{ "secp256k1", "SHA256", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csr csr;
		const struct err *e = csr_parse(&cx,
		    request(make_key(cases[i].key), cases[i].md, NULL, NULL),
		    &csr);

		if ((e == NULL) != cases[i].ok)
			wrong("%s with %s: %s", cases[i].key,
			    cases[i].md == NULL ? "-" : cases[i].md,
			    e == NULL ? "accepted" : cx.reason);
	}
}

static void
wishes_that_no_device_may_have(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value;
		bool ok;
	} cases[] = {
		{ "basicConstraints", "CA:FALSE", true },
		{ "basicConstraints", "CA:TRUE", false },
		{ "keyUsage", "digitalSignature,keyAgreement", true },
		{ "keyUsage", "digitalSignature,keyCertSign", false },
		{ "extendedKeyUsage", "clientAuth", true },
		{ "extendedKeyUsage", "clientAuth,serverAuth", false },
		{ "extendedKeyUsage", "anyExtendedKeyUsage", false },
		{ "subjectAltName", "DNS:a.example,URI:urn:x:y", true },
		{ "subjectAltName", "DNS:a.example,DNS:*.example", false },
		{ "1.2.3.4", "ASN1:NULL", true },
		{ "1.2.3.4", "critical,ASN1:NULL", false },
	};
	EVP_PKEY *key = make_key("P-256");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csr csr;
		const struct err *e = csr_parse(&cx,
		    request(key, "SHA256", cases[i].name, cases[i].value),
		    &csr);

		if ((e == NULL) != cases[i].ok)
			wrong("%s = %s: %s", cases[i].name, cases[i].value,
			    e == NULL ? "accepted" : cx.reason);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(every_vector_gets_its_verdict),
		UNIT_TEST(names_are_ignored),
		UNIT_TEST(what_is_asked_is_read),
		UNIT_TEST(reasons_for_refusal_differ),
		UNIT_TEST(made_request_parses_with_the_same_key),
		UNIT_TEST(trailing_byte_is_refused),
		UNIT_TEST(every_truncation_is_refused),
		UNIT_TEST(every_flipped_byte_is_refused),
		UNIT_TEST(oversize_request_is_refused),
		UNIT_TEST(accepted_keys_and_hashes),
		UNIT_TEST(wishes_that_no_device_may_have),
	};

	return cmocka_run_group_tests_name("pki/csr", tests, NULL, NULL);
}
