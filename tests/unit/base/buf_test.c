#include "tests/unit/unit.h"

#include "base/buf.h"

static void
pieces_are_joined(void **state)
{
	struct bytes out;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, cx.arena, 10000);
	buf_str(&b, "a");
	buf_put(&b, BYTES_NONE);
	buf_put(&b, LIT("\0b"));
	buf_printf(&b, "%d", 12);
	assert_true(buf_bytes(&b, &out));
	assert_bytes(out, LIT("a\0b12"));
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "%03d", i);
	assert_true(buf_bytes(&b, &out));
	assert_int_equal(out.n, 3005);
	assert_memory_equal(out.p + 3002, "999", 3);
}

static void
exactly_the_maximum_fits(void **state)
{
	struct bytes out;
	struct buf b;

	(void)state;
	buf_init(&b, cx.arena, 4);
	buf_str(&b, "abcd");
	assert_true(buf_bytes(&b, &out));
	assert_bytes(out, LIT("abcd"));
	buf_init(&b, cx.arena, 4);
	buf_printf(&b, "%s", "abcd");
	assert_true(buf_bytes(&b, &out));
	assert_bytes(out, LIT("abcd"));
	buf_init(&b, cx.arena, 256);
	buf_printf(&b, "%0256d", 1);
	assert_true(buf_bytes(&b, &out));
	assert_int_equal(out.n, 256);
}

static void
one_byte_more_is_told_and_stays_told(void **state)
{
	struct bytes out;
	struct buf b;

	(void)state;
	buf_init(&b, cx.arena, 4);
	buf_str(&b, "abc");
	buf_printf(&b, "%s", "de");
	assert_false(buf_bytes(&b, &out));
	buf_str(&b, "d");
	assert_false(buf_bytes(&b, &out));
	buf_init(&b, cx.arena, 4);
	buf_put(&b, (struct bytes){ (const uint8_t *)"", SIZE_MAX });
	assert_false(buf_bytes(&b, &out));
}

static void
nothing_at_all_is_no_bytes(void **state)
{
	struct bytes out;
	struct buf b;

	(void)state;
	buf_init(&b, cx.arena, 0);
	assert_true(buf_bytes(&b, &out));
	assert_int_equal(out.n, 0);
	buf_str(&b, "");
	assert_true(buf_bytes(&b, &out));
	assert_int_equal(out.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(pieces_are_joined),
		UNIT_TEST(exactly_the_maximum_fits),
		UNIT_TEST(one_byte_more_is_told_and_stays_told),
		UNIT_TEST(nothing_at_all_is_no_bytes),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
