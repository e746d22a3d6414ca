#include "tests/unit/unit.h"

#include "codec/csv.h"

/* The fields joined by '|', or the reason after '!'. */
static const char *
split(struct bytes line)
{
	const char *why = NULL, *s = "";
	struct csv_row row;
	size_t i;

	if (!csv_split(cx.arena, line, &row, &why))
		return arena_printf(cx.arena, "!%s", why);
	for (i = 0; i < row.n; i++)
		s = arena_printf(cx.arena, "%s%s%s", s, i == 0 ? "" : "|",
		    bytes_to_str(cx.arena, row.field[i]));
	return s;
}

/* RFC 4180 section 2. */
static void
rows_are_split(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "", "" },
		{ "a", "a" },
		{ "a,b,c,d", "a|b|c|d" },
		{ ",", "|" },
		{ "a,", "a|" },
		{ ",,,", "|||" },
		{ " a , b ", " a | b " },
		{ "\"a\",b", "a|b" },
		{ "\"\",\"\"", "|" },
		{ "\"a,b\",c", "a,b|c" },
		{ "\"a\"\"b\"", "a\"b" },
		{ "\"\"\"\"", "\"" },
		{ "\"\"\"\"\"\"", "\"\"" },
		{ "\"\"\"a\",\"b\"\"\"", "\"a|b\"" },
		{ "\"", "!a quote is not closed on its line" },
		{ "\"a", "!a quote is not closed on its line" },
		{ "\"a\"\"", "!a quote is not closed on its line" },
		{ "a,\"b", "!a quote is not closed on its line" },
		{ "\"a\"b", "!text follows a closing quote" },
		{ "\"a\" ,b", "!text follows a closing quote" },
		{ "a\"b", "!a quote stands inside a field" },
		{ "a\"\"", "!a quote stands inside a field" },
		{ " \"a\"", "!a quote stands inside a field" },
	};
	uint8_t commas[CSV_FIELDS];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_string_equal(
		    split(bytes_str(rows[i].line)), rows[i].want);
	assert_string_equal(split(BYTES_NONE), "");
	memset(commas, ',', sizeof(commas));
	assert_int_equal(
	    strlen(split((struct bytes){ commas, CSV_FIELDS - 1 })),
	    CSV_FIELDS - 1);
	assert_string_equal(split((struct bytes){ commas, CSV_FIELDS }),
	    "!there are too many fields");
}

/* All lines of up to seven characters from the alphabet that matters, each
 * in memory of exactly its size. */
static void
no_line_reads_past_its_end(void **state)
{
	static const char alphabet[] = "a,\"";
	unsigned long i, n, v, total = 1;

	(void)state;
	for (n = 0; n <= 7; n++, total *= 3) {
		for (i = 0; i < total; i++) {
			uint8_t *line = test_malloc(n + 1);
			size_t j;

			for (j = 0, v = i; j < n; j++, v /= 3)
				line[j + 1] = (uint8_t)alphabet[v % 3];
			arena_reset(cx.arena);
			(void)split((struct bytes){ line + 1, n });
			test_free(line);
		}
	}
}

/* RFC 4180 section 2; and no cell that a spreadsheet would run. */
static void
cells_are_quoted_and_harmless(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ NULL, "\"\"" },
		{ "", "\"\"" },
		{ "a,b", "\"a,b\"" },
		{ "a\"b\"", "\"a\"\"b\"\"\"" },
		{ "=1+1", "\"'=1+1\"" },
		{ "+1", "\"'+1\"" },
		{ "-1", "\"'-1\"" },
		{ "@A1", "\"'@A1\"" },
		{ "\t=1", "\"' =1\"" },
		{ "\r=1", "\"' =1\"" },
		{ "a=1", "\"a=1\"" },
		{ "a\nb\x1b[31m\x7f", "\"a b [31m \"" },
		{ "\"=1", "\"\"\"=1\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *cell = csv_cell(cx.arena, rows[i].text);

		assert_string_equal(cell, rows[i].want);
		/* What reads it finds one field. */
		assert_null(strchr(split(bytes_str(cell)), '|'));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(rows_are_split),
		UNIT_TEST(no_line_reads_past_its_end),
		UNIT_TEST(cells_are_quoted_and_harmless),
	};

	return cmocka_run_group_tests_name("codec/csv", tests, NULL, NULL);
}
