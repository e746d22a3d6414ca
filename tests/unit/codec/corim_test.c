#include "tests/unit/unit.h"

#include <string.h>

#include "base/buf.h"
#include "codec/corim.h"

/* tests/vectors/psa-token/endorsements has published ones. */
#define D32        \
	"\x58\x20" \
	"0123456789abcdef0123456789abcdef"
#define CLASS "\xa1\0\xa1\0\xd9\2\x58\x41i"
#define OLD_KEY                \
	"\xd9\2\x59\xa2\1\x62" \
	"BL\5\x42ks"
#define DIGESTS "\xa1\2\x81\x82\1" D32
#define B64 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

/* A CoMID with one triple of that kind. */
static const struct err *
read_triple(uint8_t which, struct bytes triple, struct corim *out)
{
	uint8_t head[] = { 0xd9, 0x01, 0xfa, 0xa1, 4, 0xa1, which, 0x81 };
	struct bytes in;
	struct buf b;

	buf_init(&b, cx.arena, KIB);
	buf_put(&b, BYTES_OF(head));
	buf_put(&b, triple);
	assert_true(buf_bytes(&b, &in));
	*out = (struct corim){ .n_values = 0 };
	return corim_read(&cx, in, out);
}

static const struct err *
read_json(const char *text, struct corim *out)
{
	*out = (struct corim){ .n_values = 0 };
	return corim_read(&cx, bytes_str(text), out);
}

static void
values_and_keys_are_read(void **state)
{
	struct corim c;

	(void)state;
	assert_null(read_triple(
	    0, LIT("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1" DIGESTS), &c));
	assert_int_equal(c.n_values, 1);
	assert_string_equal(c.value[0].type, "BL");
	assert_true(bytes_eq(c.value[0].class_id, LIT("i")));
	assert_true(bytes_eq(c.value[0].signer, LIT("ks")));
	assert_int_equal(c.value[0].digest.n, 32);
	assert_null(read_triple(0,
	    LIT("\x82" CLASS "\x81\xa2\0\x76psa.software-component\1"
		"\xa4\0\xa2\0\x63"
		"1.2\1\0\2\x81\x82\1" D32 "\x0b\x62"
		"BL\x0d\x81"
		"\xd9\2\x30\x42ks"),
	    &c));
	assert_string_equal(c.value[0].version, "1.2");
	assert_string_equal(c.value[0].type, "BL");
	assert_null(read_triple(3,
	    LIT("\x82\xa2\0\xa1\0\xd9\2\x58\x41i\1\xd9\2\x26\x41u\x81"
		"\xd9\2\x2a\x63PEM"),
	    &c));
	assert_int_equal(c.n_keys, 1);
	assert_true(bytes_eq(c.key[0].instance, LIT("u")));
	assert_string_equal(c.key[0].pem, "PEM");
}

static void
conditions_that_are_not_known_refuse(void **state)
{
	static const struct bytes bad[] = {
		/* Of no class, of one unit. */
		ROW("\x82\xa0\x81\xa2\0" OLD_KEY "\1" DIGESTS),
		ROW("\x82\xa1\0\xa0\x81\xa2\0" OLD_KEY "\1" DIGESTS),
		ROW("\x82\xa2\0\xa1\0\xd9\2\x58\x41i\1\xd9\2\x26\x41u\x81\xa2"
		    "\0" OLD_KEY "\1" DIGESTS),
		/* An environment, a component, a value with more. */
		ROW("\x82\xa2\0\xa1\0\xd9\2\x58\x41i\2\1\x81\xa2\0" OLD_KEY
		    "\1" DIGESTS),
		ROW("\x82" CLASS "\x81\xa2\0\xd9\2\x59\xa1\2\1\1" DIGESTS),
		ROW("\x82" CLASS "\x81\xa2\0\x61z\1" DIGESTS),
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa2\3\1\2\x81\x82"
		    "\1" D32),
		ROW("\x82" CLASS "\x81\xa3\0" OLD_KEY "\1" DIGESTS "\2\1"),
		/* No digests, or of no size. */
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa0"),
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa1\2\x80"),
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa1\2\x81\x82\1"
		    "\x41z"),
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa1\2\x81\1"),
		/* Two signers; one that is no bytes. */
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa2\2\x81\x82\1" D32
		    "\x0d\x82\xd9\2\x30\x41k\xd9\2\x30\x41k"),
		ROW("\x82" CLASS "\x81\xa2\0" OLD_KEY "\1\xa2\2\x81\x82\1" D32
		    "\x0d\x81\1"),
		ROW("\x81" CLASS),
	};
	struct corim c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_non_null(read_triple(0, bad[i], &c));
	assert_non_null(read_triple(1, LIT("\1"), &c));
	assert_non_null(
	    read_triple(3, LIT("\x82" CLASS "\x81\xd9\2\x2b\x63PEM"), &c));
	assert_non_null(
	    read_triple(3, LIT("\x82" CLASS "\x81\xd9\2\x2a\x43PEM"), &c));
	assert_non_null(corim_read(&cx, LIT("\xd9\1\xf5\xa1\1\1"), &c));
	assert_non_null(corim_read(&cx, LIT("\xd9\1\xf5\xa1\1\x81\1"), &c));
	assert_non_null(corim_read(&cx, LIT("\xa0"), &c));
	assert_non_null(corim_read(&cx, LIT(""), &c));
}

#define J_ENV                                                \
	"{\"environment\": {\"class\": {\"id\": {\"type\": " \
	"\"bytes\", \"value\": \"aWk=\"}}}, "
#define J_VALUES \
	"{\"triples\": {\"reference-values\": [" J_ENV "\"measurements\": [{"
#define J_END "}]}]}}"

static void
templates_in_json_say_the_same(void **state)
{
	static const char *const bad[] = {
		"{\"triples\": {\"other\": []}}",
		J_VALUES "\"key\": {\"type\": \"string\", \"value\": \"z\"}, "
			 "\"value\": {\"digests\": [\"sha-256:" B64
			 "\"]}" J_END,
		J_VALUES "\"value\": {\"digests\": [\"sha-256:" B64
			 "\"]}" J_END,
		J_VALUES "\"key\": {\"type\": \"psa.refval-id\", \"value\": "
			 "{\"signer-id\": \"a3M=\"}}, \"value\": "
			 "{\"digests\": [\"md5:" B64 "\"]}" J_END,
		J_VALUES "\"key\": {\"type\": \"psa.refval-id\", \"value\": "
			 "{\"signer-id\": \"a3M=\"}}, \"value\": "
			 "{\"svn\": 1, \"digests\": [\"sha-256:" B64
			 "\"]}" J_END,
		"{\"triples\": {\"attester-verification-keys\": [" J_ENV
		"\"verification-keys\": [{\"type\": \"cose\", \"value\": "
		"\"z\"}]}]}}",
	};
	struct corim c;
	size_t i;

	(void)state;
	assert_null(read_json(J_VALUES
	    "\"key\": {\"type\": \"psa.refval-id\", \"value\": "
	    "{\"label\": \"BL\", \"signer-id\": \"a3M=\"}}, "
	    "\"value\": {\"digests\": [\"sha-256;" B64 "\"]}" J_END,
	    &c));
	assert_string_equal(c.value[0].type, "BL");
	assert_true(bytes_eq(c.value[0].class_id, LIT("ii")));
	assert_true(bytes_eq(c.value[0].signer, LIT("ks")));
	assert_null(read_json(J_VALUES
	    "\"key\": {\"type\": \"string\", \"value\": "
	    "\"psa.software-component\"}, \"value\": {\"name\": "
	    "\"BL\", \"version\": {\"value\": \"1\"}, "
	    "\"cryptokeys\": [{\"type\": \"bytes\", \"value\": "
	    "\"a3M=\"}], \"digests\": [\"sha-256:" B64 "\"]}" J_END,
	    &c));
	assert_string_equal(c.value[0].version, "1");
	assert_true(bytes_eq(c.value[0].signer, LIT("ks")));
	assert_null(
	    read_json("{\"triples\": {\"attester-verification-keys\": [" J_ENV
		      "\"verification-keys\": [{\"type\": \"pkix-base64-key\", "
		      "\"value\": \"PEM\"}]}]}}",
		&c));
	assert_int_equal(c.n_keys, 1);
	assert_null(read_json("{\"corim-id\": \"x\"}", &c));
	for (i = 0; i < COUNT(bad); i++)
		assert_non_null(read_json(bad[i], &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(values_and_keys_are_read),
		UNIT_TEST(conditions_that_are_not_known_refuse),
		UNIT_TEST(templates_in_json_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
