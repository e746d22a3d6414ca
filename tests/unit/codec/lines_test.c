#include "tests/unit/unit.h"

#include "codec/lines.h"

#define LONGEST 4

/* "number:text;" for each line of text, given in chunks of the size. */
static const char *
cut(struct bytes text, size_t size)
{
	AUTO_STRUCT(lines) *l = lines_new(LONGEST);
	const char *out = "";
	struct line line;
	bool last;

	do {
		struct bytes chunk = text;

		if (chunk.n > size)
			chunk.n = size;
		text.p += chunk.n;
		text.n -= chunk.n;
		last = text.n == 0;
		while (lines_next(l, &chunk, last, &line))
			out = arena_printf(cx.arena, "%s%d:%s;", out,
			    (int)line.number,
			    line.too_long ? "!"
					  : bytes_to_str(cx.arena, line.text));
		assert_int_equal(chunk.n, 0);
	} while (!last);
	return out;
}

static void
lines_are_the_same_in_any_chunks(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "a", "1:a;" },
		{ "a\n", "1:a;" },
		{ "a\r\n", "1:a;" },
		{ "a\nb", "1:a;2:b;" },
		{ "\n", "1:;" },
		{ "\n\n", "1:;2:;" },
		{ "\r\n", "1:;" },
		{ "a\r\r\n", "1:a\r;" },
		{ "a\rb\n", "1:a\rb;" },
		{ "a\r", "1:a;" },
		{ "abcd\nabcd", "1:abcd;2:abcd;" },
		{ "abcd\r\nabcd\r", "1:abcd;2:abcd;" },
		{ "abcde\nx\n", "1:!;2:x;" },
		{ "abcde\r\nx\n", "1:!;2:x;" },
		{ "abcdefghijkl\n\nx", "1:!;2:;3:x;" },
		{ "x\nabcdefghijkl", "1:x;2:!;" },
		{ "abcd\r\r\n", "1:!;" },
		{ "abcdef", "1:!;" },
	};
	size_t i, size;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		for (size = 1; size < 16; size++)
			assert_string_equal(
			    cut(bytes_str(rows[i].text), size), rows[i].want);
}

static void
an_end_that_comes_late_ends_the_last_line(void **state)
{
	AUTO_STRUCT(lines) *l = lines_new(LONGEST);
	struct bytes chunk = LIT("ab"), none = BYTES_NONE;
	struct line line;

	(void)state;
	assert_false(lines_next(l, &chunk, false, &line));
	assert_false(lines_next(l, &none, false, &line));
	assert_true(lines_next(l, &none, true, &line));
	assert_bytes(line.text, LIT("ab"));
	assert_false(lines_next(l, &none, true, &line));
}

static void
nul_bytes_are_kept_for_the_parser_to_refuse(void **state)
{
	AUTO_STRUCT(lines) *l = lines_new(LONGEST);
	struct bytes chunk = LIT("a\0b\n");
	struct line line;

	(void)state;
	assert_true(lines_next(l, &chunk, true, &line));
	assert_bytes(line.text, LIT("a\0b"));
	assert_false(lines_next(l, &chunk, true, &line));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(lines_are_the_same_in_any_chunks),
		UNIT_TEST(an_end_that_comes_late_ends_the_last_line),
		UNIT_TEST(nul_bytes_are_kept_for_the_parser_to_refuse),
	};

	return cmocka_run_group_tests_name("codec/lines", tests, NULL, NULL);
}
