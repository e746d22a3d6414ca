#include "tests/unit/pki/material.h"

#include "pki/credential_internal.h"
#include "pki/digest_internal.h"
#include "pki/key.h"

#define NAME LIT("\0\13name of an attestation key....")
#define SECRET LIT("0123456789abcdef0123456789abcdef")

/* The seed as the TPM finds it: OAEP with the label IDENTITY and its NUL. */
static struct bytes
seed_of(EVP_PKEY *key, struct bytes encrypted)
{
	AUTO(EVP_PKEY_CTX) *c = EVP_PKEY_CTX_new(key, NULL);
	void *label =
	    OPENSSL_memdup(CREDENTIAL_LABEL, sizeof(CREDENTIAL_LABEL));
	uint8_t *seed = arena_alloc(cx.arena, 512);
	size_t n = 512;

	assert_int_equal(1, EVP_PKEY_decrypt_init(c));
	EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING);
	EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256());
	EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256());
	EVP_PKEY_CTX_set0_rsa_oaep_label(c, label, sizeof(CREDENTIAL_LABEL));
	assert_int_equal(
	    1, EVP_PKEY_decrypt(c, seed, &n, encrypted.p + 2, encrypted.n - 2));
	return (struct bytes){ seed, n };
}

static void
an_rsa_key_opens_what_was_sealed_to_it(void **state)
{
	EVP_PKEY *key = make_key("RSA-2048");
	struct credential_ek ek = { spki_of(key), 32, 128 };
	struct bytes out[2], seed, again;

	(void)state;
	assert_null(credential_make(&cx, &ek, NAME, SECRET, out));
	assert_int_equal(out[0].n, 2 + 2 + 32 + 2 + 32);
	assert_int_equal(out[1].n, 2 + 256);
	seed = seed_of(key, out[1]);
	assert_int_equal(seed.n, 32);
	again = credential_wrap(&cx, &ek, seed, NAME, SECRET);
	assert_true(bytes_eq(out[0], again));
	/* Another name, another secret: nothing of it is the same. */
	again = credential_wrap(&cx, &ek, seed, LIT("\0\13other"), SECRET);
	assert_false(bytes_eq(out[0], again));
}

static void
a_point_gets_an_ephemeral_one_and_a_new_seed(void **state)
{
	struct credential_ek ek = { spki_of(make_key("P-384")), 48, 256 };
	struct bytes a[2], b[2];

	(void)state;
	assert_null(credential_make(&cx, &ek, NAME, SECRET, a));
	assert_null(credential_make(&cx, &ek, NAME, SECRET, b));
	assert_int_equal(a[0].n, 2 + 2 + 48 + 2 + 32);
	assert_int_equal(a[1].n, 2 + 2 * (2 + 48));
	assert_false(bytes_eq(a[0], b[0]));
	assert_false(bytes_eq(a[1], b[1]));
}

static void
a_key_that_only_signs_is_refused(void **state)
{
	struct credential_ek ek = { spki_of(make_key("ED25519")), 32, 128 };
	struct bytes out[2];

	(void)state;
	assert_true(
	    is_err(credential_make(&cx, &ek, NAME, SECRET, out), "bad-key"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_rsa_key_opens_what_was_sealed_to_it),
		UNIT_TEST(a_point_gets_an_ephemeral_one_and_a_new_seed),
		UNIT_TEST(a_key_that_only_signs_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
