#include "domain/pace.h"

#include "../unit.h"

static void
test_a_new_request_is_asked_for_soon(void **state)
{
	(void)state;
	assert_int_equal(pace_retry_after(0, 0), 5);
	assert_int_equal(pace_retry_after(0, 4), 9);
	assert_int_equal(pace_retry_after(0, UINT32_MAX), 5);
}

static void
test_the_wait_grows_with_the_age_and_never_shrinks(void **state)
{
	int64_t age;

	(void)state;
	for (age = 1; age < 2000; age++) {
		assert_true(
		    pace_retry_after(age, 0) >= pace_retry_after(age - 1, 0));
		assert_true(
		    pace_retry_after(age, 0) - pace_retry_after(age - 1, 0) <=
		    1);
	}
	assert_true(pace_retry_after(300, 0) > pace_retry_after(0, 4));
}

static void
test_the_wait_stays_within_a_minute(void **state)
{
	uint32_t random;

	(void)state;
	for (random = 0; random < 1000; random++) {
		assert_in_range(pace_retry_after(600, random), 45, 59);
		assert_in_range(pace_retry_after(INT64_MAX, random), 45, 59);
	}
}

/* A clock that was set back makes no request younger than new. */
static void
test_a_request_from_the_future_is_new(void **state)
{
	(void)state;
	assert_int_equal(pace_retry_after(-100, 0), 5);
	assert_int_equal(pace_retry_after(INT64_MIN, 0), 5);
}

static void
test_the_wait_is_spread(void **state)
{
	uint32_t random;
	int least = 60, most = 0, v;

	(void)state;
	for (random = 0; random < 100; random++) {
		v = pace_retry_after(600, random);
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	assert_int_equal(most - least, 14);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_request_is_asked_for_soon),
		cmocka_unit_test(
		    test_the_wait_grows_with_the_age_and_never_shrinks),
		cmocka_unit_test(test_the_wait_stays_within_a_minute),
		cmocka_unit_test(test_a_request_from_the_future_is_new),
		cmocka_unit_test(test_the_wait_is_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
