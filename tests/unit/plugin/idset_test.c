#include "plugin/idset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Ids that differ in their last bytes alone, as badly as ids can. */
static const uint8_t *
id_of(unsigned n)
{
	static uint8_t id[IDSET_ID_BYTES];

	memset(id, 0, sizeof(id));
	id[14] = (uint8_t)(n >> 8);
	id[15] = (uint8_t)n;
	return id;
}

static void
many_added_and_half_removed_leaves_the_other_half(void **state)
{
	struct idset *s = idset_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 5000; i++)
		idset_add(s, id_of(i), IDSET_FOREVER);
	for (i = 0; i < 5000; i += 2)
		idset_remove(s, id_of(i));
	assert_int_equal(idset_count(s), 2500);
	for (i = 0; i < 5000; i++)
		assert_int_equal(idset_has(s, id_of(i)), i % 2);
	idset_free(s);
}

static void
removing_what_is_not_there_changes_nothing(void **state)
{
	struct idset *s = idset_new();

	(void)state;
	idset_remove(s, id_of(1));
	idset_add(s, id_of(2), 10);
	idset_remove(s, id_of(1));
	assert_int_equal(idset_count(s), 1);
	idset_free(s);
}

static void
added_twice_the_later_time_counts(void **state)
{
	struct idset *s = idset_new();

	(void)state;
	idset_add(s, id_of(1), 20);
	idset_add(s, id_of(1), 10);
	assert_int_equal(idset_count(s), 1);
	idset_expire(s, 15, SIZE_MAX);
	assert_true(idset_has(s, id_of(1)));
	idset_expire(s, 20, SIZE_MAX);
	assert_false(idset_has(s, id_of(1)));
	idset_free(s);
}

static void
slices_of_expiry_go_round_the_whole_table(void **state)
{
	struct idset *s = idset_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 3000; i++)
		idset_add(s, id_of(i), i % 3 == 0 ? IDSET_FOREVER : 100);
	/* A member that moves up across a table's end may be passed over
	 * once; the next round finds it. */
	for (i = 0; i < 2 * 8192 / 64 + 1; i++)
		idset_expire(s, 100, 64);
	for (i = 0; i < 3000; i++)
		assert_int_equal(idset_has(s, id_of(i)), i % 3 == 0);
	idset_free(s);
}

static void
merged_sets_hold_both(void **state)
{
	struct idset *a = idset_new(), *b = idset_new();

	(void)state;
	idset_add(a, id_of(1), 10);
	idset_add(b, id_of(1), 30);
	idset_add(b, id_of(2), IDSET_FOREVER);
	idset_merge(a, b);
	assert_int_equal(idset_count(a), 2);
	idset_expire(a, 20, SIZE_MAX);
	assert_true(idset_has(a, id_of(1)));
	idset_free(a);
	idset_free(b);
}

/* The promise of docs/broker.md: a million refused in under 48 MB. */
static void
a_million_fit_within_their_bytes(void **state)
{
	struct idset *s = idset_new();
	uint8_t id[IDSET_ID_BYTES];
	uint64_t x = 1;
	size_t i;

	(void)state;
	for (i = 0; i < 1000000; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		memcpy(id, &x, 8);
		memcpy(id + 8, &i, 8);
		idset_add(s, id, 100);
	}
	assert_int_equal(idset_count(s), 1000000);
	assert_in_range(idset_bytes(s), 20000000, 45000000);
	idset_expire(s, 100, SIZE_MAX);
	idset_expire(s, 100, SIZE_MAX);
	assert_int_equal(idset_count(s), 0);
	idset_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    many_added_and_half_removed_leaves_the_other_half),
		cmocka_unit_test(removing_what_is_not_there_changes_nothing),
		cmocka_unit_test(added_twice_the_later_time_counts),
		cmocka_unit_test(slices_of_expiry_go_round_the_whole_table),
		cmocka_unit_test(merged_sets_hold_both),
		cmocka_unit_test(a_million_fit_within_their_bytes),
	};

	return cmocka_run_group_tests_name("idset", tests, NULL, NULL);
}
