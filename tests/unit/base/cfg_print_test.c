#include "tests/unit/unit.h"

#include "base/cfg.h"
#include "base/cfg_print.h"

struct set {
	char *home, *url;
	int64_t count;
};

#define KEY(field, kind_of, default)                         \
	.name = #field, .type = (kind_of), .def = (default), \
	.offset = offsetof(struct set, field)

static const struct cfg_key keys[] = {
	{ KEY(home, CFG_STR, NULL), .group = "One", .example = "/home",
	    .help = "where it lives" },
	{ KEY(url, CFG_STR, ""), .help = "an address", .why = "Two words." },
	{ KEY(count, CFG_INT, "3"), .group = "Two", .min = 1, .max = 10,
	    .needs = "url",
	    .help = "how many of them there may be at the same time before "
		    "one has to wait" },
};

typedef void print_fn(FILE *f);

static void
help(FILE *f)
{
	cfg_print_help(f, keys, COUNT(keys));
}

static void
example(FILE *f)
{
	cfg_print_example(f, keys, COUNT(keys));
}

static void
reference(FILE *f)
{
	cfg_print_reference(f, keys, COUNT(keys), "T_");
}

static void
prints(print_fn *print, const char *wanted)
{
	char text[2000] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	print(f);
	fclose(f);
	assert_string_equal(text, wanted);
}

static void
help_is_in_groups_and_80_columns_wide(void **state)
{
	(void)state;
	prints(help,
	    "\nOne\n"
	    "  home (must be set)        where it lives\n"
	    "  url                       an address\n"
	    "\nTwo\n"
	    "  count = 3                 how many of them there may be at the "
	    "same time\n"
	    "                            before one has to wait (1 to 10)\n");
}

static void
the_example_is_a_file_that_can_be_used(void **state)
{
	(void)state;
	prints(example,
	    "\n# -- One\n"
	    "\n# where it lives\nhome = /home\n"
	    "\n# an address\n# url =\n"
	    "\n# -- Two\n"
	    "\n# how many of them there may be at the same time before one "
	    "has to wait (1 to\n# 10)\n# count = 3\n");
}

static void
the_reference_says_all_that_a_row_does(void **state)
{
	(void)state;
	prints(reference,
	    "\n## One\n"
	    "\n### home\nWhere it lives.\n\n- Value: a text.\n"
	    "- Must be set.\n- Environment: `T_HOME`.\n"
	    "\n### url\nAn address.\n\n- Value: a text.\n"
	    "- Default: empty.\n- Environment: `T_URL`.\n\nTwo words.\n"
	    "\n## Two\n"
	    "\n### count\nHow many of them there may be at the same time "
	    "before one has to wait.\n\n- Value: a number from 1 to 10.\n"
	    "- Default: `3`.\n- Needs [url](#url).\n"
	    "- Environment: `T_COUNT`.\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(help_is_in_groups_and_80_columns_wide),
		UNIT_TEST(the_example_is_a_file_that_can_be_used),
		UNIT_TEST(the_reference_says_all_that_a_row_does),
	};

	return cmocka_run_group_tests_name("base/cfg_print", tests, NULL, NULL);
}
