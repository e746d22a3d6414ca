#include "tests/unit/pki/material.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <sys/stat.h>

#include "pki/key.h"
#include "pki/key_internal.h"

static void
accepted_and_refused_keys(void **state)
{
	static const struct {
		const char *kind;
		bool ok;
		enum key_type type;
		int bits;
	} cases[] = {
		{ "P-256", true, KEY_P256, 256 },
		{ "P-384", true, KEY_P384, 384 },
		{ "ED25519", true, KEY_ED25519, 255 },
		{ "RSA-2048", true, KEY_RSA, 2048 },
		{ "RSA-2056", true, KEY_RSA, 2056 },
		{ "RSA-3072", true, KEY_RSA, 3072 },
		{ "RSA-2047", false, 0, 0 },
		{ "RSA-1024", false, 0, 0 },
		{ "P-521", false, 0, 0 },
		{ "P-224", false, 0, 0 },
		{ "secp256k1", false, 0, 0 },
		{ "brainpoolP256r1", false, 0, 0 },
		{ "X25519", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key_facts facts;
		const struct err *e = key_parse_spki(
		    &cx, spki_of(make_key(cases[i].kind)), &facts);

		if ((e == NULL) != cases[i].ok)
			wrong("%s", cases[i].kind);
		if (e != NULL)
			continue;
		assert_int_equal(facts.type, cases[i].type);
		assert_int_equal(facts.bits, cases[i].bits);
	}
}

/* The size limit is judged by length alone: no 5000 bit key is made here. */
static void
rsa_above_the_limit_is_refused(void **state)
{
	struct bytes spki = spki_of(make_key("RSA-4104"));
	struct key_facts facts;

	(void)state;
	assert_true(is_err(key_parse_spki(&cx, spki, &facts), "bad-key"));
}

static void
rsa_with_exponent_three_is_refused(void **state)
{
	AUTO(EVP_PKEY_CTX) *pc = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	AUTO(EVP_PKEY) *key = NULL;
	AUTO(BIGNUM) *three = BN_new();
	struct key_facts facts;

	(void)state;
	BN_set_word(three, 3);
	assert_int_equal(1, EVP_PKEY_keygen_init(pc));
	EVP_PKEY_CTX_set_rsa_keygen_bits(pc, 2048);
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(pc, three);
	assert_int_equal(1, EVP_PKEY_generate(pc, &key));
	assert_true(
	    is_err(key_parse_spki(&cx, spki_of(key), &facts), "bad-key"));
}

static EVP_PKEY *
p256_with(const char *param, const char *value)
{
	EVP_PKEY *key = make_key("P-256");

	assert_int_equal(1, EVP_PKEY_set_utf8_string_param(key, param, value));
	return key;
}

static void
explicit_curve_parameters_are_refused(void **state)
{
	struct bytes spki = spki_of(p256_with(
	    OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT));
	struct key_facts facts;

	(void)state;
	assert_true(spki.n > 91);
	assert_true(is_err(key_parse_spki(&cx, spki, &facts), "bad-key"));
}

static void
compressed_points_are_refused(void **state)
{
	struct bytes spki =
	    spki_of(p256_with(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED));
	struct key_facts facts;

	(void)state;
	assert_int_equal(spki.n, 59);
	assert_true(is_err(key_parse_spki(&cx, spki, &facts), "bad-key"));
}

static void
points_off_the_curve_are_refused(void **state)
{
	struct bytes spki = spki_of(make_key("P-256"));
	uint8_t *p = arena_alloc(cx.arena, spki.n);
	struct key_facts facts;

	(void)state;
	memcpy(p, spki.p, spki.n);
	p[spki.n - 1] ^= 1;
	assert_true(
	    is_err(key_parse_spki(&cx, (struct bytes){ p, spki.n }, &facts),
		"bad-key"));
}

static void
trailing_and_missing_bytes_are_refused(void **state)
{
	static const char *const kinds[] = { "P-256", "ED25519", "RSA-2048" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct bytes spki = spki_of(make_key(kinds[i]));
		uint8_t *p = arena_alloc(cx.arena, spki.n + 1);
		struct key_facts facts;

		memcpy(p, spki.p, spki.n);
		assert_non_null(key_parse_spki(
		    &cx, (struct bytes){ p, spki.n + 1 }, &facts));
		assert_non_null(key_parse_spki(
		    &cx, (struct bytes){ p, spki.n - 1 }, &facts));
	}
}

static void
es256_signs_and_verifies(void **state)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();
	struct bytes spki = keypair_spki(&cx, kp), sig, x, y;
	uint8_t bad[64];

	(void)state;
	assert_null(keypair_sign_es256(&cx, kp, LIT("message"), &sig));
	assert_int_equal(sig.n, 64);
	assert_true(key_verify_es256(&cx, spki, LIT("message"), sig));
	assert_false(key_verify_es256(&cx, spki, LIT("messagf"), sig));
	memcpy(bad, sig.p, 64);
	bad[63] ^= 1;
	assert_false(
	    key_verify_es256(&cx, spki, LIT("message"), BYTES_OF(bad)));
	memset(bad, 0, 64);
	assert_false(
	    key_verify_es256(&cx, spki, LIT("message"), BYTES_OF(bad)));
	assert_false(key_verify_es256(
	    &cx, spki, LIT("message"), (struct bytes){ sig.p, 63 }));
	assert_null(key_point_p256(&cx, spki, &x, &y));
	assert_bytes(x, (struct bytes){ spki.p + 27, 32 });
	assert_bytes(y, (struct bytes){ spki.p + 59, 32 });
}

static void
es256_takes_no_other_key(void **state)
{
	struct bytes spki = spki_of(make_key("P-384")), x, y;

	(void)state;
	assert_false(key_verify_es256(&cx, spki, LIT("m"),
	    (struct bytes){ arena_alloc(cx.arena, 64), 64 }));
	assert_non_null(key_point_p256(&cx, spki, &x, &y));
}

static struct bytes
pem_of(EVP_PKEY *key)
{
	return bytes_str(arena_printf(cx.arena,
	    "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
	    bytes_b64(cx.arena, spki_of(key))));
}

static void
pem_of_an_app_key(void **state)
{
	EVP_PKEY *key = make_key("P-256");
	struct bytes pem = pem_of(key), spki;
	const char *twice;

	(void)state;
	assert_null(key_parse_pem(&cx, pem, &spki));
	assert_bytes(spki, spki_of(key));
	twice = arena_printf(
	    cx.arena, "%s%s", (const char *)pem.p, (const char *)pem.p);
	assert_non_null(key_parse_pem(&cx, bytes_str(twice), &spki));
	assert_non_null(key_parse_pem(&cx, LIT(""), &spki));
	assert_non_null(key_parse_pem(&cx, LIT("a\0b"), &spki));
	assert_non_null(
	    key_parse_pem(&cx, (struct bytes){ pem.p, pem.n / 2 }, &spki));
	assert_non_null(key_parse_pem(&cx, pem_of(make_key("P-384")), &spki));
	assert_non_null(key_parse_pem(&cx,
	    LIT("-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n"),
	    &spki));
}

static void
key_files_are_private_and_survive(void **state)
{
	const char *dir = unit_mkdir();
	const char *path = arena_printf(cx.arena, "%s/k", dir);
	AUTO_STRUCT(keypair) *kp = keypair_new();
	AUTO_STRUCT(keypair) *back = NULL;
	char why[256];
	struct stat st;

	(void)state;
	assert_true(keypair_save(kp, path, why));
	assert_true(keypair_save(kp, path, why));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	back = keypair_load(path, why);
	assert_non_null(back);
	assert_bytes(keypair_spki(&cx, kp), keypair_spki(&cx, back));
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(keypair_load(path, why));
	assert_non_null(strstr(why, "chmod"));
	assert_null(keypair_load("/nonexistent", why));
	unit_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(accepted_and_refused_keys),
		UNIT_TEST(rsa_above_the_limit_is_refused),
		UNIT_TEST(rsa_with_exponent_three_is_refused),
		UNIT_TEST(explicit_curve_parameters_are_refused),
		UNIT_TEST(compressed_points_are_refused),
		UNIT_TEST(points_off_the_curve_are_refused),
		UNIT_TEST(trailing_and_missing_bytes_are_refused),
		UNIT_TEST(es256_signs_and_verifies),
		UNIT_TEST(es256_takes_no_other_key),
		UNIT_TEST(pem_of_an_app_key),
		UNIT_TEST(key_files_are_private_and_survive),
	};

	return cmocka_run_group_tests_name("pki/key", tests, NULL, NULL);
}
