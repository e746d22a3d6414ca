#include "tests/unit/unit.h"

#include "codec/jwk.h"
#include "pki/digest.h"

/* The key of RFC 9449 section 6.1. */
#define X "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\""
#define Y "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\""
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\""

static const char *
thumbprint(struct bytes input)
{
	uint8_t hash[SHA256_BYTES];

	digest_sha256(input, hash);
	return bytes_b64u(cx.arena, BYTES_OF(hash));
}

static void
thumbprint_is_of_the_required_members_in_order(void **state)
{
	struct jwk_public key;
	struct bytes input;

	(void)state;
	assert_null(jwk_read(
	    &cx, LIT("{\"kid\":\"a\"," Y "," EC ",\"z\":1," X "}"), &key));
	assert_string_equal(thumbprint(jwk_thumbprint_input(&cx, &key)),
	    "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
	assert_null(jwk_thumbprint_of(
	    &cx, LIT("{" Y "," X "," EC ",\"use\":\"sig\"}"), &input));
	assert_string_equal(
	    thumbprint(input), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

/* RFC 8037 appendix A.3. */
static void
thumbprint_of_ed25519_is_that_of_the_rfc(void **state)
{
	struct bytes input;

	(void)state;
	assert_null(jwk_thumbprint_of(&cx,
	    LIT("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":"
		"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"),
	    &input));
	assert_string_equal(
	    thumbprint(input), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void
only_public_p256_keys_are_read(void **state)
{
	static const char *const bad[] = {
		"{}",
		"[]",
		"{" EC "," X "}",
		"{" EC "," X "," Y ",\"d\":\"AA\"}",
		"{" EC "," X "," Y ",\"k\":\"AA\"}",
		"{" EC "," X "," Y "," X "}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}",
		"{\"kty\":\"RSA\",\"crv\":\"P-256\"," X "," Y "}",
		"{" EC ",\"x\":\"AA\"," Y "}",
		"{" EC ",\"x\":7," Y "}",
	};
	struct jwk_public key;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_ptr_equal(
		    jwk_read(&cx, bytes_str(bad[i]), &key), &ERR_BAD_JWK);
}

static void
thumbprint_needs_a_kind_and_its_members(void **state)
{
	static const char *const bad[] = { "{}", "{\"kty\":\"EC\"," X "}",
		"{\"kty\":\"RSA\",\"n\":\"AQ\"}", "{\"kty\":\"dog\"," X "}" };
	struct bytes input;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_ptr_equal(
		    jwk_thumbprint_of(&cx, bytes_str(bad[i]), &input),
		    &ERR_BAD_JWK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(thumbprint_is_of_the_required_members_in_order),
		UNIT_TEST(thumbprint_of_ed25519_is_that_of_the_rfc),
		UNIT_TEST(only_public_p256_keys_are_read),
		UNIT_TEST(thumbprint_needs_a_kind_and_its_members),
	};

	return cmocka_run_group_tests_name("codec/jwk", tests, NULL, NULL);
}
