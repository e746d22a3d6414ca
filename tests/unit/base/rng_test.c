#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/rng.h"
#include "pki/build.h"

static int
hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void
a_uuid_is_of_version_7_and_begins_with_its_millisecond(void **state)
{
	char id[UUID_TEXT_BYTES];
	int64_t before = clock_now_ms(), after, ms = 0;
	size_t i;

	(void)state;
	rng_uuid(id);
	after = clock_now_ms();
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[14], '7');
	assert_non_null(strchr("89ab", id[19]));
	for (i = 0; i < 13; i++)
		if (id[i] != '-')
			ms = ms * 16 + hex_digit(id[i]);
	assert_in_range(ms, before, after);
}

static void
ids_and_serials_of_one_moment_differ(void **state)
{
	char one[UUID_TEXT_BYTES], two[UUID_TEXT_BYTES];
	uint8_t a[SERIAL_BYTES], b[SERIAL_BYTES];

	(void)state;
	rng_uuid(one);
	rng_uuid(two);
	assert_string_not_equal(one, two);
	build_serial(a);
	build_serial(b);
	assert_memory_not_equal(a + 4, b + 4, SERIAL_BYTES - 4);
}

static void
a_serial_is_positive_and_begins_with_its_time(void **state)
{
	uint8_t serial[SERIAL_BYTES];
	int64_t before = clock_now() / 2, half = 0;
	size_t i;

	(void)state;
	build_serial(serial);
	for (i = 0; i < 4; i++)
		half = half << 8 | serial[i];
	assert_in_range(half, before, clock_now() / 2);
	assert_in_range(serial[0], 1, 0x7f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(
		    a_uuid_is_of_version_7_and_begins_with_its_millisecond),
		UNIT_TEST(ids_and_serials_of_one_moment_differ),
		UNIT_TEST(a_serial_is_positive_and_begins_with_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
