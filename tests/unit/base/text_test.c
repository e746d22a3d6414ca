#include "tests/unit/unit.h"

#include "base/text.h"

typedef bool judge_fn(struct bytes);

static void
judge(judge_fn *fn, bool want, const struct bytes *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (fn(rows[i]) != want)
			print_error("row %zu: %.*s\n", i, (int)rows[i].n,
			    (const char *)rows[i].p);
		assert_int_equal(fn(rows[i]), want);
	}
}

static struct bytes
repeat(char c, size_t n)
{
	uint8_t *p = arena_alloc(cx.arena, n + 1);

	memset(p, c, n);
	return (struct bytes){ p, n };
}

static void
slugs_are_lower_case_with_inner_hyphens(void **state)
{
	static const struct bytes good[] = { ROW("a"), ROW("0"), ROW("a-b"),
		ROW("acme-2-x"), ROW("a--b") };
	static const struct bytes bad[] = { ROW(""), ROW("-"), ROW("-a"),
		ROW("a-"), ROW("A"), ROW("a_b"), ROW("a b"), ROW("a/b"),
		ROW("a\0"), ROW("\xc3\xa4"), ROW("a.b"), ROW("a\n") };

	(void)state;
	judge(text_is_slug, true, good, COUNT(good));
	judge(text_is_slug, false, bad, COUNT(bad));
	assert_true(text_is_slug(repeat('a', 63)));
	assert_false(text_is_slug(repeat('a', 64)));
	assert_false(text_is_slug(BYTES_NONE));
}

static void
uuids_are_lower_case_and_whole(void **state)
{
	static const struct bytes good[] = { ROW(
	    "01234567-89ab-4cde-8f01-23456789abcd") };
	static const struct bytes bad[] = { ROW(""),
		ROW("01234567-89ab-4cde-8f01-23456789abc"),
		ROW("01234567-89ab-4cde-8f01-23456789abcde"),
		ROW("01234567-89AB-4cde-8f01-23456789abcd"),
		ROW("01234567089ab-4cde-8f01-23456789abcd"),
		ROW("0123456g-89ab-4cde-8f01-23456789abcd"),
		ROW("{1234567-89ab-4cde-8f01-23456789abc}"),
		ROW("01234567-89ab-4cde-8f01-23456789abc\0"),
		ROW("01234567-89ab-4cde-8f01-23456789ab/#"),
		ROW("------------------------------------") };

	(void)state;
	judge(text_is_uuid, true, good, COUNT(good));
	judge(text_is_uuid, false, bad, COUNT(bad));
}

static void
serials_are_printable_strings(void **state)
{
	static const struct bytes good[] = { ROW("A"), ROW("SN-0001"),
		ROW("a b"), ROW("'()+,-./:=?"), ROW("0") };
	static const struct bytes bad[] = { ROW(""), ROW(" a"), ROW("a "),
		ROW("a*b"), ROW("a_b"), ROW("a@b"), ROW("a\0b"), ROW("a\tb"),
		ROW("a\"b"), ROW("a&b"), ROW("\xc3\xa4"), ROW("a\x7f"),
		ROW("#"), ROW("\0") };

	(void)state;
	judge(text_is_serial, true, good, COUNT(good));
	judge(text_is_serial, false, bad, COUNT(bad));
	assert_true(text_is_serial(repeat('7', 64)));
	assert_false(text_is_serial(repeat('7', 65)));
}

static void
names_hold_no_deceptive_characters(void **state)
{
	static const struct bytes good[] = { ROW("Acme & Sons <b>"),
		ROW("\xc3\x84pfel"), ROW("\xe6\x97\xa5\xe6\x9c\xac"),
		ROW("\xf0\x9f\x94\x91") };
	static const struct bytes bad[] = { ROW(""), ROW("a\nb"), ROW("a\0"),
		ROW("\x1b[31m"), ROW("a\x7f"),
		ROW("a\xc2\x85"),         /* C1 control */
		ROW("a\xc2\xad"),         /* soft hyphen */
		ROW("a\xe2\x80\xae"),     /* right-to-left override */
		ROW("a\xe2\x80\x8b"),     /* zero width space */
		ROW("a\xe2\x81\xa6"),     /* isolate */
		ROW("a\xd8\x9c"),         /* Arabic letter mark */
		ROW("a\xef\xbb\xbf"),     /* byte order mark */
		ROW("a\xe3\x85\xa4"),     /* Hangul filler */
		ROW("a\xf3\xa0\x80\xa0"), /* tag character */
		ROW("a\xe2\x80\xa8") };   /* line separator */

	(void)state;
	judge(text_is_name, true, good, COUNT(good));
	judge(text_is_name, false, bad, COUNT(bad));
	assert_true(text_is_name(repeat('x', 200)));
	assert_false(text_is_name(repeat('x', 201)));
}

/* RFC 3629 sections 3 and 10. */
static void
broken_utf8_is_refused(void **state)
{
	static const struct bytes good[] = { ROW(""), ROW("\xc2\x80"),
		ROW("\xdf\xbf"), ROW("\xe0\xa0\x80"), ROW("\xed\x9f\xbf"),
		ROW("\xee\x80\x80"), ROW("\xf0\x90\x80\x80"),
		ROW("\xf4\x8f\xbf\xbf"), ROW("\x01") };
	static const struct bytes bad[] = { ROW("\x80"), ROW("\xc0\x80"),
		ROW("\xc1\xbf"), ROW("\xc2"), ROW("\xc2\x41"),
		ROW("\xe0\x80\x80"), ROW("\xe0\x9f\xbf"), ROW("\xe2\x82"),
		ROW("\xed\xa0\x80"), ROW("\xed\xbf\xbf"),
		ROW("\xf0\x80\x80\x80"), ROW("\xf0\x8f\xbf\xbf"),
		ROW("\xf0\x9f\x94"), ROW("\xf4\x90\x80\x80"),
		ROW("\xf5\x80\x80\x80"), ROW("\xff"), ROW("\xfe"),
		ROW("a\0b") };
	size_t i;

	(void)state;
	judge(text_is_utf8, true, good, COUNT(good));
	judge(text_is_utf8, false, bad, COUNT(bad));
	/* A truncated end must not be read past: each prefix, in a piece of
	 * memory of exactly its size for the sanitizer to see. */
	for (i = 1; i < 4; i++) {
		uint8_t p[4];

		memcpy(p, "\xf0\x9f\x94\x91", i);
		assert_false(text_is_utf8((struct bytes){ p, i }));
	}
}

static void
distance_counts_changed_letters(void **state)
{
	char long_name[65] = "";

	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("abc", ""), 3);
	assert_int_equal(text_distance("port", "port"), 0);
	assert_int_equal(text_distance("prot", "port"), 2);
	assert_int_equal(text_distance("tls-cert", "tls_cert"), 1);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	memset(long_name, 'a', 64);
	assert_true(text_distance(long_name, "a") == SIZE_MAX);
	assert_int_equal(text_distance(long_name + 1, "a"), 62);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(slugs_are_lower_case_with_inner_hyphens),
		UNIT_TEST(uuids_are_lower_case_and_whole),
		UNIT_TEST(serials_are_printable_strings),
		UNIT_TEST(names_hold_no_deceptive_characters),
		UNIT_TEST(broken_utf8_is_refused),
		UNIT_TEST(distance_counts_changed_letters),
	};

	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
