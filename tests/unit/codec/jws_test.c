#include "tests/unit/unit.h"

#include "codec/jws.h"

#define TYP "owner+jwt"

/* The key that signed tests/corpus/jws. */
#define KEY_X "1f613832e9fc558b9eefd3ffd7d7c7653acf9f415d2417ef2246493825f2f921"
#define KEY_Y "1c3eaf474be671ba2001f74fa1a9e4af06401649632f102f458bd34fcdf8b540"

static struct bytes
hex(const char *text)
{
	struct bytes out;

	assert_true(bytes_from_hex(cx.arena, bytes_str(text), &out));
	return out;
}

static const struct err *
verify(const char *compact, struct bytes *payload)
{
	return jws_verify_es256(
	    &cx, compact, hex(KEY_X), hex(KEY_Y), TYP, payload);
}

static bool
judge(struct bytes text)
{
	const char *compact = bytes_to_str(cx.arena, text);
	struct bytes payload;
	const struct err *e;

	if (compact == NULL)
		return false;
	e = verify(compact, &payload);
	if (e != NULL)
		assert_ptr_equal(e, &ERR_BAD_JWS);
	return e == NULL;
}

/* A good token of the corpus. */
static char *
good(void)
{
	return bytes_to_str(
	    cx.arena, unit_file("tests/corpus/jws/valid/plain"));
}

static void
the_corpus_is_judged_as_its_folders_say(void **state)
{
	(void)state;
	unit_corpus("jws", judge);
}

static void
the_payload_is_handed_over(void **state)
{
	struct bytes payload = BYTES_NONE;
	struct jws_head head;

	(void)state;
	assert_null(verify(good(), &payload));
	assert_bytes(payload, LIT("{\"iss\":\"me\"}"));
	assert_null(jws_peek(&cx, good(), &head));
	assert_bytes(head.payload, LIT("{\"iss\":\"me\"}"));
}

/* The example of RFC 7515 appendix A.3, which has no typ. */
static void
the_example_of_the_rfc_is_read_but_has_the_wrong_type(void **state)
{
	static const char compact[] =
	    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODA"
	    "sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8"
	    "L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
	    "P3-Kg6NU1Q";
	struct bytes payload, x, y;
	struct jws_head head;

	(void)state;
	assert_null(jws_peek(&cx, compact, &head));
	assert_memory_equal(head.payload.p, "{\"iss\":\"joe\"", 12);
	assert_true(bytes_from_b64u(
	    cx.arena, LIT("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), &x));
	assert_true(bytes_from_b64u(
	    cx.arena, LIT("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), &y));
	assert_non_null(jws_verify_es256(&cx, compact, x, y, TYP, &payload));
	assert_non_null(strstr(cx.reason, "typ"));
}

static void
a_token_of_one_type_is_not_one_of_another(void **state)
{
	struct bytes payload;

	(void)state;
	assert_non_null(jws_verify_es256(
	    &cx, good(), hex(KEY_X), hex(KEY_Y), "dpop+jwt", &payload));
	assert_non_null(jws_verify_es256(
	    &cx, good(), hex(KEY_X), hex(KEY_Y), "", &payload));
}

/* A point that is not on the curve is no key, whatever it "verifies". */
static void
a_key_off_the_curve_is_refused(void **state)
{
	static const uint8_t zero[32], ones[32] = { [0 ... 31] = 0xff };
	struct bytes payload;

	(void)state;
	assert_non_null(jws_verify_es256(
	    &cx, good(), hex(KEY_Y), hex(KEY_X), TYP, &payload));
	assert_non_null(jws_verify_es256(
	    &cx, good(), BYTES_OF(zero), BYTES_OF(zero), TYP, &payload));
	assert_non_null(jws_verify_es256(
	    &cx, good(), BYTES_OF(ones), BYTES_OF(ones), TYP, &payload));
}

/* No other text than the signed one is accepted: each bit of each character
 * changed, and each prefix. */
static void
every_changed_character_is_refused(void **state)
{
	char text[512];
	size_t i, n = strlen(good());
	struct bytes payload;
	int bit;

	(void)state;
	assert_true(n < sizeof(text));
	memcpy(text, good(), n + 1);
	for (i = 0; i < n; i++) {
		for (bit = 0; bit < 7; bit++) {
			arena_reset(cx.arena);
			text[i] = (char)(text[i] ^ 1 << bit);
			assert_non_null(verify(text, &payload));
			text[i] = (char)(text[i] ^ 1 << bit);
		}
	}
	for (i = 0; i < n; i++) {
		char c = text[i];

		text[i] = '\0';
		assert_non_null(verify(text, &payload));
		text[i] = c;
	}
	assert_null(verify(text, &payload));
}

static void
the_length_is_limited(void **state)
{
	char *text = arena_alloc(cx.arena, LIMIT_JWS + 100);
	struct bytes payload;

	(void)state;
	memset(text, 'A', LIMIT_JWS + 1);
	assert_non_null(verify(text, &payload));
	assert_string_equal(cx.reason, "JWS is too long");
	text[LIMIT_JWS] = '\0';
	assert_non_null(verify(text, &payload));
	assert_string_not_equal(cx.reason, "JWS is too long");
}

/* What jws_input and jws_join make is what a verifier takes apart. */
static void
tokens_are_put_together_as_they_are_read(void **state)
{
	static const char want[] =
	    "eyJhbGciOiJFUzI1NiIsInR5cCI6Im93bmVyK2p3dCJ9.eyJpc3MiOiJtZSJ9";
	char *signature = strrchr(good(), '.') + 1;
	struct bytes sig, payload;
	const char *input;

	(void)state;
	input = jws_input(&cx, TYP, NULL, LIT("{\"iss\":\"me\"}"));
	assert_string_equal(input, want);
	assert_true(bytes_from_b64u(cx.arena, bytes_str(signature), &sig));
	assert_null(verify(jws_join(&cx, input, sig), &payload));
	assert_bytes(payload, LIT("{\"iss\":\"me\"}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_corpus_is_judged_as_its_folders_say),
		UNIT_TEST(the_payload_is_handed_over),
		UNIT_TEST(
		    the_example_of_the_rfc_is_read_but_has_the_wrong_type),
		UNIT_TEST(a_token_of_one_type_is_not_one_of_another),
		UNIT_TEST(a_key_off_the_curve_is_refused),
		UNIT_TEST(every_changed_character_is_refused),
		UNIT_TEST(the_length_is_limited),
		UNIT_TEST(tokens_are_put_together_as_they_are_read),
	};

	return cmocka_run_group_tests_name("codec/jws", tests, NULL, NULL);
}
