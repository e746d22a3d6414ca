#include "tests/unit/unit.h"

#include "codec/jwks.h"

/* A set of keys, and after a line end, if there is one, a token by a key of
 * it. */
static bool
judge(struct bytes in)
{
	struct jwks_key keys[JWKS_MAX];
	const uint8_t *end = memchr(in.p, '\n', in.n);
	size_t set_n = end == NULL ? in.n : (size_t)(end - in.p), i, n;
	const char *token;

	if (jwks_read(&cx, (struct bytes){ in.p, set_n }, keys, &n) != NULL)
		return false;
	if (end == NULL)
		return n > 0;
	token =
	    bytes_to_str(cx.arena, (struct bytes){ end + 1, in.n - set_n - 1 });
	for (i = 0; i < n; i++)
		if (token != NULL && jwks_verify(&cx, token, &keys[i]) == NULL)
			return true;
	return false;
}

static void
the_corpus_is_judged_as_its_folders_say(void **state)
{
	(void)state;
	unit_corpus("jwks", judge);
}

/* What is not for us spoils nothing: RFC 7517 section 5. */
static void
unknown_keys_are_passed_over(void **state)
{
	struct jwks_key keys[JWKS_MAX];
	size_t n;

	(void)state;
	assert_null(jwks_read(&cx,
	    LIT("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\","
		"\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
		"\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\"},"
		"{\"kty\":[1],\"kid\":{}},{\"kty\":\"AKP\",\"kid\":\"b\"}],"
		"\"more\":1}"),
	    keys, &n));
	assert_int_equal(n, 1);
	assert_string_equal(keys[0].kid, "a");
	assert_false(keys[0].rsa);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_corpus_is_judged_as_its_folders_say),
		UNIT_TEST(unknown_keys_are_passed_over),
	};

	return cmocka_run_group_tests_name("codec/jwks", tests, NULL, NULL);
}
