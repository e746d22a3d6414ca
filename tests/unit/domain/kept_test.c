#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "domain/kept.h"

static const uint8_t KEY[KEPT_KEY] = { 1 };
/* Of the same hash. */
static const uint8_t OTHERS[][KEPT_KEY] = {
	{ 1, 0, 0, 0, 0, 0, 0, 0, 9 },
	{ 1, 0, 0, 0, 0, 0, 0, 0, 8 },
	{ 1, 0, 0, 0, 0, 0, 0, 0, 7 },
	{ 1, 0, 0, 0, 0, 0, 0, 0, 6 },
};

static bool
has(struct kept *c, const uint8_t key[32], int64_t now)
{
	AUTO_STRUCT(arena) *a = arena_new(4096);
	struct bytes got;

	return kept_get(c, key, now, a, &got) &&
	       bytes_eq(got, bytes_str("{\"active\":true}"));
}

static void
keep(struct kept *c, const uint8_t key[32])
{
	kept_put(c, key, bytes_str("{\"active\":true}"), 105, kept_mark(c));
}

static void
test_kept_answer_is_given_until_its_time(void **state)
{
	AUTO_STRUCT(kept) *c = kept_new(1024);

	(void)state;
	assert_false(has(c, KEY, 100));
	keep(c, KEY);
	assert_true(has(c, KEY, 104));
	assert_false(has(c, KEY, 105));
}

static void
test_answer_is_for_its_key_alone(void **state)
{
	AUTO_STRUCT(kept) *c = kept_new(1024);
	size_t i;

	(void)state;
	keep(c, KEY);
	for (i = 0; i < 3; i++) {
		assert_false(has(c, OTHERS[i], 100));
		keep(c, OTHERS[i]);
		assert_true(has(c, OTHERS[i], 100));
		assert_true(has(c, KEY, 100));
	}
}

static void
test_a_full_place_loses_what_ends_first(void **state)
{
	AUTO_STRUCT(kept) *c = kept_new(4);
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		kept_put(c, OTHERS[i], bytes_str("{\"active\":true}"),
		    i == 2 ? 104 : 105, kept_mark(c));
	/* Its own place, however often. */
	keep(c, OTHERS[3]);
	assert_true(has(c, OTHERS[2], 100));
	keep(c, KEY);
	assert_true(has(c, KEY, 100));
	for (i = 0; i < 4; i++)
		assert_int_equal(has(c, OTHERS[i], 100), i != 2);
	/* And before it what is void already. */
	kept_forget(c);
	keep(c, OTHERS[2]);
	keep(c, OTHERS[0]);
	assert_true(has(c, OTHERS[2], 100));
	assert_true(has(c, OTHERS[0], 100));
}

static void
test_all_is_forgotten_when_anything_ends(void **state)
{
	AUTO_STRUCT(kept) *c = kept_new(1024);

	(void)state;
	keep(c, KEY);
	kept_forget(c);
	assert_false(has(c, KEY, 100));
	keep(c, KEY);
	assert_true(has(c, KEY, 100));
}

/* The database was asked, then something ended, then the answer is put. */
static void
test_answer_from_before_an_end_is_not_kept(void **state)
{
	AUTO_STRUCT(kept) *c = kept_new(1024);
	uint64_t mark = kept_mark(c);

	(void)state;
	kept_forget(c);
	kept_put(c, KEY, bytes_str("{\"active\":true}"), 105, mark);
	assert_false(has(c, KEY, 100));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_answer_is_given_until_its_time),
		cmocka_unit_test(test_answer_is_for_its_key_alone),
		cmocka_unit_test(test_a_full_place_loses_what_ends_first),
		cmocka_unit_test(test_all_is_forgotten_when_anything_ends),
		cmocka_unit_test(test_answer_from_before_an_end_is_not_kept),
	};

	return cmocka_run_group_tests_name("domain/kept", tests, NULL, NULL);
}
