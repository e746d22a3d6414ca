#include "tests/unit/unit.h"

#include "base/clock.h"

static void
times_and_dates_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01", 0 },
		{ "2026-11-21", UNIT_NOW },
		{ "2026-11-21T00:00:00Z", UNIT_NOW },
		{ "2024-02-29T23:59:59Z", 1709251199 },
		{ "2000-02-29", 951782400 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	char text[CLOCK_TEXT_BYTES];
	int64_t t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(clock_parse(bytes_str(rows[i].text), &t));
		assert_int_equal(t, rows[i].t);
		clock_text(t, text);
		assert_memory_equal(
		    text, rows[i].text, strlen(rows[i].text) == 10 ? 10 : 21);
	}
}

static void
anything_else_is_refused(void **state)
{
	static const char *const bad[] = { "", "2026", "2026-11-21T00:00:00",
		"2026-11-21T00:00:00z", "2026-11-21t00:00:00Z",
		"2026-11-21 00:00:00Z", "2026-11-21T00:00:00+00:00",
		"2026-11-21T00:00:00.0Z", "2026-13-01", "2026-00-01",
		"2026-11-00", "2026-11-31", "2026-02-29", "1900-02-29",
		"2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z",
		"2026-11-21T12:60:00Z", "2026-11-21T12:00:61Z",
		"2026-11-21T12:00:60Z", "2026-11-21T12:00:99Z",
		"2026-12-31T23:59:60Z", "2026-11-21T-1:00:00Z", "2026/11/21",
		"2026-1-021", " 026-11-21", "+026-11-21", "1969-12-31",
		"0000-01-01", "2026-11-21T00:00:0xZ" };
	int64_t t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		if (clock_parse(bytes_str(bad[i]), &t))
			print_error("%s\n", bad[i]);
		assert_false(clock_parse(bytes_str(bad[i]), &t));
	}
	assert_false(clock_parse(LIT("2026-11-2\0"), &t));
	assert_false(clock_parse(BYTES_NONE, &t));
}

static void
every_day_of_a_century_survives(void **state)
{
	char text[CLOCK_TEXT_BYTES];
	int64_t t, back;

	(void)state;
	for (t = 0; t < INT64_C(36525) * 86400; t += 86400 + 3661) {
		clock_text(t, text);
		assert_true(clock_parse(bytes_str(text), &back));
		assert_int_equal(back, t);
	}
}

static void
a_time_that_no_text_can_say_is_the_first_or_the_last(void **state)
{
	static const struct {
		int64_t t;
		const char *text;
	} rows[] = {
		{ INT64_MIN, "0000-01-01T00:00:00Z" },
		{ INT64_C(-62167219201), "0000-01-01T00:00:00Z" },
		{ INT64_C(-62135596800), "0001-01-01T00:00:00Z" },
		{ INT64_C(253402300800), "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
	};
	char text[CLOCK_TEXT_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		clock_text(rows[i].t, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
the_monotonic_clock_does_not_go_back(void **state)
{
	int64_t a = clock_mono_us(), b = clock_mono_us();

	(void)state;
	assert_true(b >= a);
	assert_true(clock_now() > UNIT_NOW - 365 * 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(times_and_dates_are_read),
		UNIT_TEST(anything_else_is_refused),
		UNIT_TEST(every_day_of_a_century_survives),
		UNIT_TEST(a_time_that_no_text_can_say_is_the_first_or_the_last),
		UNIT_TEST(the_monotonic_clock_does_not_go_back),
	};

	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
