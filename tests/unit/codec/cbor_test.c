#include "tests/unit/unit.h"

#include "codec/cbor.h"

static bool
reads(struct bytes in)
{
	struct cbor c;

	return cbor_read(&cx, in, &c) == NULL;
}

static void
items_are_read_in_any_width(void **state)
{
	struct cbor c;

	(void)state;
	assert_null(cbor_read(&cx,
	    LIT("\xa6\1\x20\x61k\x42hi\x19\1\0\x82\xf5\xf6\x1a\0\0\0\5\xf9\x3e"
		"\0"
		"\x20\xc1\x18\x2a\x38\xff\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
	    &c));
	assert_int_equal(c.kind, CBOR_MAP);
	assert_int_equal(c.n, 6);
	assert_int_equal(cbor_at(&c, 1)->number, -1);
	assert_true(bytes_eq(cbor_named(&c, "k")->bytes, LIT("hi")));
	assert_int_equal(cbor_at(&c, 256)->item[0].number, 1);
	assert_int_equal(cbor_at(&c, 256)->item[1].kind, CBOR_NULL);
	assert_true(cbor_at(&c, 5)->real > 1.4 && cbor_at(&c, 5)->real < 1.6);
	assert_int_equal(cbor_at(&c, -1)->number, 1);
	assert_int_equal(cbor_at(&c, -1)->item->number, 42);
	assert_int_equal(cbor_at(&c, -256)->kind, CBOR_BIG);
	assert_null(cbor_at(&c, 7));
	assert_null(cbor_named(&c, "x"));
	assert_null(cbor_named(cbor_at(&c, 1), "x"));
	assert_true(bytes_eq(cbor_at(&c, 256)->raw, LIT("\x82\xf5\xf6")));
}

static void
what_is_not_strict_is_refused(void **state)
{
	static const struct bytes bad[] = {
		ROW(""),
		ROW("\1\2"),          /* bytes after it */
		ROW("\x5f\x41z\xff"), /* indefinite */
		ROW("\x7f\x61z\xff"),
		ROW("\x9f\1\xff"),
		ROW("\xbf\1\2\xff"),
		ROW("\xff"),
		ROW("\xa2\1\2\1\3"),     /* twice */
		ROW("\xa2\1\2\x18\1\3"), /* in another width */
		ROW("\xa2\x61z\2\x78\1z\3"),
		ROW("\xa2\x81\1\2\x81\x18\1\3"),
		ROW("\xa2\xf9\x3c\0\1\xfa\x3f\x80\0\0\2"),
		ROW("\x62\xc3\x28"), /* not UTF-8 */
		ROW("\x43zz"),       /* cut */
		ROW("\x5b\xff\xff\xff\xff\xff\xff\xff\xffz"),
		ROW("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\1"),
		ROW("\xbb\x80\0\0\0\0\0\0\1\1\1"),
		ROW("\x9a\0\1\0\0\1"),
		ROW("\x82\1"),
		ROW("\xa1\1"),
		ROW("\x1c"), /* reserved */
		ROW("\xf8\x18"),
		ROW("\xf8"),
		ROW("\xc2\1"), /* a bignum of no bytes */
		ROW("\xc0\1"),
		ROW("\xc1\x41z"),
		ROW("\xdb\xff\xff\xff\xff\xff\xff\xff\xff\1"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(reads(bad[i]));
	assert_true(reads(LIT("\xf0")));
	assert_true(reads(LIT("\xf8\xff")));
	assert_true(reads(LIT("\xf7")));
	/* Nothing that RFC 8949 section 5.6.1 calls equal. */
	assert_true(reads(LIT("\xa3\1\1\xf9\x3c\0\1\x61\x31\1")));
}

static void
depth_and_number_have_a_limit(void **state)
{
	uint8_t deep[LIMIT_CBOR_DEPTH + 1], *many;
	size_t n = LIMIT_CBOR_ITEMS - 1;

	(void)state;
	memset(deep, 0x81, sizeof(deep));
	deep[LIMIT_CBOR_DEPTH] = 1;
	assert_true(reads(BYTES_OF(deep)));
	many = arena_alloc(cx.arena, n + 4);
	many[0] = 0x99;
	many[1] = (uint8_t)(n >> 8);
	many[2] = (uint8_t)n;
	assert_true(reads((struct bytes){ many, n + 3 }));
	many[2]++;
	many[1] = (uint8_t)((n + 1) >> 8);
	assert_false(reads((struct bytes){ many, n + 4 }));
}

/* Heads within heads that each promise all the items there may be: what they
 * promise is counted before there is memory for it. */
static void
promises_within_promises_do_not_fill_the_arena(void **state)
{
	const size_t n = 4 * LIMIT_CBOR_ITEMS;
	uint8_t *in = arena_alloc(cx.arena, n);
	size_t i;

	(void)state;
	for (i = 0; i + 2 < n; i += 3) {
		in[i] = 0x99;
		in[i + 1] = (uint8_t)((LIMIT_CBOR_ITEMS - 64) >> 8);
		in[i + 2] = (uint8_t)((LIMIT_CBOR_ITEMS - 64) & 0xff);
	}
	assert_false(reads((struct bytes){ in, n }));
}

static void
one_level_more_than_the_limit_is_refused(void **state)
{
	uint8_t deep[LIMIT_CBOR_DEPTH + 2];

	(void)state;
	memset(deep, 0xc6, sizeof(deep)); /* tags count as well */
	deep[LIMIT_CBOR_DEPTH + 1] = 1;
	assert_false(reads(BYTES_OF(deep)));
}

static void
text_becomes_a_string(void **state)
{
	struct cbor c;

	(void)state;
	assert_null(cbor_read(&cx, LIT("\x62hi"), &c));
	assert_string_equal(cbor_str(&cx, &c), "hi");
	assert_null(cbor_read(&cx, LIT("\x42hi"), &c));
	assert_null(cbor_str(&cx, &c));
}

static void
indefinite_lengths_are_read_for_showing_alone(void **state)
{
	static const struct bytes bad[] = {
		ROW("\x5f\x41z"),                /* no end */
		ROW("\x5f\x61z\xff"),            /* of another kind */
		ROW("\x5f\x5f\xff\xff"),         /* chunks in chunks */
		ROW("\x7f\x61\xc3\x61\xa9\xff"), /* a character apart */
		ROW("\xbf\1\xff"),               /* no value */
		ROW("\xbf\1\2\1\3\xff"),         /* twice */
		ROW("\x81\xff"),
		ROW("\x9f\1"),
	};
	uint8_t deep[LIMIT_CBOR_DEPTH + 1];
	struct cbor c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_non_null(cbor_read_any(&cx, bad[i], &c));
	memset(deep, 0x9f, sizeof(deep));
	assert_non_null(cbor_read_any(&cx, BYTES_OF(deep), &c));
	assert_null(cbor_read_any(
	    &cx, LIT("\x9f\x5f\x41x\x41y\xff\xbf\1\2\xff\xff"), &c));
	assert_int_equal(c.n, 2);
	assert_true(bytes_eq(c.item[0].bytes, LIT("xy")));
	assert_int_equal(cbor_at(&c.item[1], 1)->number, 2);
}

static void
every_tag_is_read(void **state)
{
	struct cbor c;
	uint8_t in[] = { 0, 0 };

	(void)state;
	for (uint8_t tag = 6; tag < 24; tag++) {
		in[0] = (uint8_t)(0xc0 + tag);
		assert_null(cbor_read(&cx, BYTES_OF(in), &c));
		assert_int_equal(c.kind, CBOR_TAG);
		assert_int_equal(c.number, tag);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(items_are_read_in_any_width),
		UNIT_TEST(what_is_not_strict_is_refused),
		UNIT_TEST(depth_and_number_have_a_limit),
		UNIT_TEST(promises_within_promises_do_not_fill_the_arena),
		UNIT_TEST(one_level_more_than_the_limit_is_refused),
		UNIT_TEST(text_becomes_a_string),
		UNIT_TEST(indefinite_lengths_are_read_for_showing_alone),
		UNIT_TEST(every_tag_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
