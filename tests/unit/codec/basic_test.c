#include "tests/unit/unit.h"

#include "codec/basic.h"

static struct basic got;

static bool
parse(struct bytes text)
{
	return basic_parse(cx.arena, text, &got);
}

static void
the_first_colon_ends_the_user_name(void **state)
{
	(void)state;
	/* RFC 7617 section 2. */
	assert_true(parse(LIT("QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
	assert_string_equal(got.user, "Aladdin");
	assert_string_equal(got.password, "open sesame");
	assert_true(parse(LIT("YTpiOmM=")));
	assert_string_equal(got.user, "a");
	assert_string_equal(got.password, "b:c");
}

/* Section 2.1 has this one. */
static void
user_and_password_are_utf_8(void **state)
{
	(void)state;
	assert_true(parse(LIT("dGVzdDoxMjPCow==")));
	assert_string_equal(got.user, "test");
	assert_string_equal(got.password, "123\xc2\xa3");
}

static void
either_may_be_empty(void **state)
{
	(void)state;
	assert_true(parse(LIT("OnB3"))); /* ":pw" */
	assert_string_equal(got.user, "");
	assert_string_equal(got.password, "pw");
	assert_true(parse(LIT("dTo="))); /* "u:" */
	assert_string_equal(got.password, "");
	assert_true(parse(LIT("Og=="))); /* ":" */
}

static void
malformed_credentials_are_refused(void **state)
{
	static const struct bytes bad[] = { ROW(""), ROW("="), ROW("dTpw="),
		ROW("dTo"), /* no padding */
		ROW("dTp"), /* half a group */
		ROW(" dTpw"), ROW("dTpw "), ROW("dT\npw"), ROW("dTpw\0"),
		ROW("dTp-"), ROW("dXB3"), /* "upw": no colon */
		ROW("dToA"),              /* "u:" and NUL */
		ROW("dTp/"),              /* "u:" and DEL */
		ROW("dTr/"),              /* no UTF-8 */
		ROW("dToK"),              /* "u:" and LF */
		ROW("user:password") };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (parse(bad[i]))
			wrong("row %zu is taken", i);
}

static void
long_credentials_are_refused(void **state)
{
	char text[LIMIT_BASIC / 3 * 4 + 9];
	size_t n;

	(void)state;
	for (n = 0; n + 4 < sizeof(text); n += 4)
		memcpy(text + n, n == 0 ? "dTpw" : "YWFh", 4);
	n = LIMIT_BASIC / 3 * 4;
	assert_true(parse((struct bytes){ (uint8_t *)text, n }));
	assert_false(parse((struct bytes){ (uint8_t *)text, n + 4 }));
	assert_false(parse((struct bytes){ (uint8_t *)text, n + 8 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_first_colon_ends_the_user_name),
		UNIT_TEST(user_and_password_are_utf_8),
		UNIT_TEST(either_may_be_empty),
		UNIT_TEST(malformed_credentials_are_refused),
		UNIT_TEST(long_credentials_are_refused),
	};

	return cmocka_run_group_tests_name("codec/basic", tests, NULL, NULL);
}
