#include "tests/unit/unit.h"

#include "base/buf.h"
#include "store/import.h"

static const char *
row_of(const struct import_unit *u)
{
	struct bytes text;
	struct buf b;

	buf_init(&b, cx.arena, LIMIT_ARENA / 4);
	import_stage_unit(&b, "I", u);
	assert_true(buf_bytes(&b, &text));
	return bytes_to_str(cx.arena, text);
}

static void
what_is_absent_is_null(void **state)
{
	const struct import_unit u = { .line = 7, .model_id = "m" };

	(void)state;
	assert_string_equal(row_of(&u),
	    "I\t7\tm\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n");
}

/* PostgreSQL's manual, COPY, "Text Format". */
static void
what_would_end_a_field_or_row_is_escaped(void **state)
{
	const struct import_unit u = {
		.line = 1, .model_id = "m", .batch = "a\tb\nc\rd\\e\\."
	};

	(void)state;
	assert_string_equal(row_of(&u),
	    "I\t1\tm\t\\N\t\\N\t\\N\ta\\tb\\nc\\rd\\\\e\\\\.\t\\N\t\\N\t"
	    "\\N\t\\N\t\\N\t\\N\n");
}

static void
bytes_and_times_are_as_postgres_reads_them(void **state)
{
	static const uint8_t key[] = { 0x00, 0xff, 0x5c };
	const struct import_unit u = { .line = 1,
		.model_id = "m",
		.key_sha256 = BYTES_OF(key),
		.made_at = UNIT_NOW };

	(void)state;
	assert_string_equal(row_of(&u),
	    "I\t1\tm\t\\N\t\\\\x00ff5c\t\\N\t\\N\t2026-11-21T00:00:00Z\t"
	    "\\N\t\\N\t\\N\t\\N\t\\N\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_absent_is_null),
		UNIT_TEST(what_would_end_a_field_or_row_is_escaped),
		UNIT_TEST(bytes_and_times_are_as_postgres_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
