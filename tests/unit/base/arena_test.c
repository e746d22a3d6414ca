#include "tests/unit/unit.h"

static void
memory_is_zeroed_and_aligned(void **state)
{
	size_t i, n;

	(void)state;
	for (n = 0; n < 300; n++) {
		uint8_t *p = arena_alloc(cx.arena, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % sizeof(void *), 0);
		for (i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, n);
	}
}

static void
memory_is_zeroed_again_after_a_reset(void **state)
{
	uint8_t *p = arena_alloc(cx.arena, 4000);
	size_t i;

	(void)state;
	memset(p, 0xa5, 4000);
	arena_reset(cx.arena);
	p = arena_alloc(cx.arena, 4000);
	for (i = 0; i < 4000; i++)
		assert_int_equal(p[i], 0);
}

static void
pieces_larger_than_a_chunk_fit(void **state)
{
	uint8_t *small = arena_alloc(cx.arena, 10);
	uint8_t *large = arena_alloc(cx.arena, 200000);

	(void)state;
	small[9] = 1;
	large[199999] = 2;
	assert_int_equal(small[9], 1);
}

static void
a_reset_gives_the_whole_room_back(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		(void)arena_alloc(cx.arena, LIMIT_ARENA / 2);
		arena_reset(cx.arena);
	}
}

static void
take_too_much_at_once(void)
{
	(void)arena_alloc(cx.arena, LIMIT_ARENA + 1);
}

static void
take_too_much_in_pieces(void)
{
	int i;

	for (i = 0; i < 3; i++)
		(void)arena_alloc(cx.arena, LIMIT_ARENA / 2);
}

static void
take_more_than_there_are_addresses(void)
{
	(void)arena_alloc(cx.arena, SIZE_MAX - 3);
}

static void
passing_the_cap_aborts(void **state)
{
	(void)state;
	assert_aborts(take_too_much_at_once);
	assert_aborts(take_too_much_in_pieces);
	assert_aborts(take_more_than_there_are_addresses);
}

static void
take_more_than_was_raised_to(void)
{
	arena_raise(cx.arena, 2 * LIMIT_ARENA);
	take_too_much_in_pieces();
	take_too_much_in_pieces();
}

static void
a_raised_cap_holds_more_and_no_more_than_that(void **state)
{
	(void)state;
	assert_int_equal(arena_max(cx.arena), LIMIT_ARENA);
	assert_aborts(take_more_than_was_raised_to);
	arena_raise(cx.arena, 2 * LIMIT_ARENA);
	take_too_much_in_pieces();
}

static int freed[3], nfreed;

static void
note_free(void *p)
{
	freed[nfreed++] = *(int *)p;
}

static void
owned_things_are_freed_once_last_first(void **state)
{
	static int things[] = { 1, 2, 3 };
	struct arena *a = arena_new(LIMIT_ARENA);

	(void)state;
	nfreed = 0;
	arena_own(a, note_free, &things[0]);
	arena_own(a, note_free, &things[1]);
	arena_reset(a);
	assert_int_equal(nfreed, 2);
	assert_int_equal(freed[0], 2);
	assert_int_equal(freed[1], 1);
	arena_own(a, note_free, &things[2]);
	arena_free(a);
	assert_int_equal(nfreed, 3);
	assert_int_equal(freed[2], 3);
	arena_free(NULL);
}

static void
text_is_copied_and_formatted(void **state)
{
	char *s;

	(void)state;
	assert_string_equal(arena_strdup(cx.arena, ""), "");
	assert_string_equal(arena_printf(cx.arena, "%d-%s", 7, "x"), "7-x");
	s = arena_printf(cx.arena, "%020000d", 1);
	assert_int_equal(strlen(s), 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(memory_is_zeroed_and_aligned),
		UNIT_TEST(memory_is_zeroed_again_after_a_reset),
		UNIT_TEST(pieces_larger_than_a_chunk_fit),
		UNIT_TEST(a_reset_gives_the_whole_room_back),
		UNIT_TEST(passing_the_cap_aborts),
		UNIT_TEST(a_raised_cap_holds_more_and_no_more_than_that),
		UNIT_TEST(owned_things_are_freed_once_last_first),
		UNIT_TEST(text_is_copied_and_formatted),
	};

	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
