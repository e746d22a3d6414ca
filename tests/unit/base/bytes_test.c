#include "tests/unit/unit.h"

static void
hex_of_either_case_is_read_and_lower_case_written(void **state)
{
	static const uint8_t want[] = { 0x00, 0xab, 0xcd, 0xff };
	struct bytes out;

	(void)state;
	assert_true(bytes_from_hex(cx.arena, LIT("00aBCdFf"), &out));
	assert_bytes(out, BYTES_OF(want));
	assert_string_equal(bytes_hex(cx.arena, out), "00abcdff");
	assert_true(bytes_from_hex(cx.arena, BYTES_NONE, &out));
	assert_int_equal(out.n, 0);
}

static void
malformed_hex_is_refused(void **state)
{
	static const struct bytes bad[] = { ROW("0"), ROW("0g"), ROW("0x00"),
		ROW(" 00"), ROW("00\n0"), ROW("0\0"), ROW("\xff\xff"),
		ROW("-1"), ROW("/0"), ROW(":0"), ROW("@0"), ROW("`0") };
	struct bytes out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(bytes_from_hex(cx.arena, bad[i], &out));
}

/* RFC 4648 section 10. */
static void
base64_follows_the_vectors_of_its_rfc(void **state)
{
	static const struct {
		const char *plain, *b64, *b64u;
	} rows[] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xff\xef\xbe", "/+++", "_---" },
	};
	struct bytes out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct bytes plain = bytes_str(rows[i].plain);

		assert_string_equal(bytes_b64(cx.arena, plain), rows[i].b64);
		assert_string_equal(bytes_b64u(cx.arena, plain), rows[i].b64u);
		assert_true(
		    bytes_from_b64(cx.arena, bytes_str(rows[i].b64), &out));
		assert_bytes(out, plain);
		assert_true(
		    bytes_from_b64u(cx.arena, bytes_str(rows[i].b64u), &out));
		assert_bytes(out, plain);
	}
}

static void
every_length_survives_each_encoding(void **state)
{
	uint8_t data[300];
	struct bytes out;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)(n * 167 + 13);
	for (n = 0; n <= sizeof(data); n++) {
		struct bytes in = { data, n };

		arena_reset(cx.arena);
		assert_true(bytes_from_hex(
		    cx.arena, bytes_str(bytes_hex(cx.arena, in)), &out));
		assert_bytes(out, in);
		assert_true(bytes_from_b64(
		    cx.arena, bytes_str(bytes_b64(cx.arena, in)), &out));
		assert_bytes(out, in);
		assert_true(bytes_from_b64u(
		    cx.arena, bytes_str(bytes_b64u(cx.arena, in)), &out));
		assert_bytes(out, in);
	}
}

/* RFC 8951 section 3.1: EST bodies carry line breaks. */
static void
base64_skips_white_space(void **state)
{
	struct bytes out;

	(void)state;
	assert_true(bytes_from_b64(cx.arena, LIT("Zm9v\r\n Ym\tE\n=\n"), &out));
	assert_bytes(out, LIT("fooba"));
}

static void
malformed_base64_is_refused(void **state)
{
	static const struct bytes bad[] = { ROW("Z"), ROW("Zg"), ROW("Zg="),
		ROW("Zg==="), ROW("Zg==Zg=="), ROW("Zg=g"), ROW("="),
		ROW("===="), ROW("Zm9v="), ROW("Zh=="), ROW("Zm9="),
		ROW("Zm-_"), ROW("Zm9v\0"), ROW("Zm9\x80"), ROW("Zm9v\v"),
		ROW("Zm.v"), ROW("Zg==a") };
	struct bytes out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(bytes_from_b64(cx.arena, bad[i], &out));
}

static void
malformed_base64url_is_refused(void **state)
{
	static const struct bytes bad[] = { ROW("Z"), ROW("Zg=="), ROW("Zg="),
		ROW("Zh"), ROW("Zm9"), ROW("Zm+/"), ROW("Zm 9v"), ROW("Zm9v\n"),
		ROW("Zm9v\0"), ROW("Zm9vY"), ROW("Zm9\xff") };
	struct bytes out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(bytes_from_b64u(cx.arena, bad[i], &out));
}

/* One value, one text: no two of all 3-character texts decode alike. */
static void
base64url_has_one_text_a_value(void **state)
{
	static bool seen[65536];
	char text[4] = "";
	struct bytes out;
	int a, b, c, n = 0;

	(void)state;
	for (a = 0; a < 128; a++)
		for (b = 0; b < 128; b++)
			for (c = 0; c < 128; c += 4) {
				text[0] = (char)a;
				text[1] = (char)b;
				text[2] = (char)c;
				arena_reset(cx.arena);
				if (!bytes_from_b64u(cx.arena,
					(struct bytes){ (uint8_t *)text, 3 },
					&out))
					continue;
				assert_int_equal(out.n, 2);
				assert_false(seen[out.p[0] << 8 | out.p[1]]);
				seen[out.p[0] << 8 | out.p[1]] = true;
				n++;
			}
	assert_true(n > 0);
}

static void
equality_compares_length_and_content(void **state)
{
	(void)state;
	assert_true(bytes_eq(BYTES_NONE, LIT("")));
	assert_true(bytes_eq(LIT("a\0b"), LIT("a\0b")));
	assert_false(bytes_eq(LIT("a\0b"), LIT("a\0c")));
	assert_false(bytes_eq(LIT("a"), LIT("a\0")));
	assert_false(bytes_eq(LIT("a"), BYTES_NONE));
}

static void
a_string_copy_refuses_nul(void **state)
{
	(void)state;
	assert_string_equal(bytes_to_str(cx.arena, LIT("ab")), "ab");
	assert_string_equal(bytes_to_str(cx.arena, BYTES_NONE), "");
	assert_null(bytes_to_str(cx.arena, LIT("a\0")));
	assert_null(bytes_to_str(cx.arena, LIT("\0a")));
}

static void
a_copy_does_not_share_memory(void **state)
{
	uint8_t data[] = { 1, 2, 3 };
	struct bytes copy;

	(void)state;
	copy = bytes_dup(cx.arena, BYTES_OF(data));
	data[0] = 9;
	assert_int_equal(copy.p[0], 1);
	assert_int_equal(bytes_dup(cx.arena, BYTES_NONE).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(hex_of_either_case_is_read_and_lower_case_written),
		UNIT_TEST(malformed_hex_is_refused),
		UNIT_TEST(base64_follows_the_vectors_of_its_rfc),
		UNIT_TEST(every_length_survives_each_encoding),
		UNIT_TEST(base64_skips_white_space),
		UNIT_TEST(malformed_base64_is_refused),
		UNIT_TEST(malformed_base64url_is_refused),
		UNIT_TEST(base64url_has_one_text_a_value),
		UNIT_TEST(equality_compares_length_and_content),
		UNIT_TEST(a_string_copy_refuses_nul),
		UNIT_TEST(a_copy_does_not_share_memory),
	};

	return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
