#include "tests/unit/unit.h"

#include "base/cfg.h"

struct set {
	char *name, *must;
	int64_t count, wait;
	bool on;
};

static const struct cfg_key keys[] = {
	{ "name", CFG_STR, offsetof(struct set, name), "nobody", 0, 0, "N" },
	{ "must", CFG_STR, offsetof(struct set, must), NULL, 0, 0, "M" },
	{ "count", CFG_INT, offsetof(struct set, count), "3", 1, 10, "C" },
	{ "wait", CFG_DURATION, offsetof(struct set, wait), "5m", 1, 86400,
	    "W" },
	{ "on", CFG_BOOL, offsetof(struct set, on), "no", 0, 0, "O" },
};

/* Writes text to a file and reads it as settings; the file is gone after. */
static bool
read_text(struct bytes text, struct set *out, char why[CFG_WHY_BYTES])
{
	char path[] = "/tmp/cfg_test_XXXXXX";
	int fd = mkstemp(path);
	bool ok;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
	ok = cfg_read(path, keys, COUNT(keys), out, why);
	unlink(path);
	return ok;
}

static void
settings_are_read_over_defaults(void **state)
{
	char why[CFG_WHY_BYTES] = "";
	struct set s = { 0 };

	(void)state;
	assert_true(read_text(LIT("# comment\n\n must = a b = c \r\n"
				  "count=10\n[any section]\non = yes"),
	    &s, why));
	assert_string_equal(s.must, "a b = c");
	assert_string_equal(s.name, "nobody");
	assert_int_equal(s.count, 10);
	assert_int_equal(s.wait, 300);
	assert_true(s.on);
	cfg_release(keys, COUNT(keys), &s);
	assert_null(s.must);
}

static void
bad_files_are_refused_with_line_and_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "must = x\nother = 1\n", ":2: unknown key \"other\"" },
		{ "must = x\nmust = y\n", ":2: must is set twice" },
		{ "must\n", ":1: expected" },
		{ "= x\n", ":1: expected" },
		{ "count = 0\n", ":1: count" },
		{ "count = 11\n", ":1: count" },
		{ "count = 1x\n", ":1: count" },
		{ "count = \n", ":1: count" },
		{ "count = 99999999999999999999\n", ":1: count" },
		{ "wait = 5\n", ":1: wait" },
		{ "wait = 2d\n", ":1: wait" },
		{ "on = true\n", ":1: on: say yes or no" },
		{ "name = x\n", "\"must\" must be set" },
		{ "", "\"must\" must be set" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		char why[CFG_WHY_BYTES] = "";
		struct set s = { 0 };

		assert_false(read_text(bytes_str(rows[i].text), &s, why));
		if (strstr(why, rows[i].why) == NULL)
			print_error("%s: %s\n", rows[i].text, why);
		assert_non_null(strstr(why, rows[i].why));
		cfg_release(keys, COUNT(keys), &s);
	}
}

static void
hostile_files_are_refused(void **state)
{
	char why[CFG_WHY_BYTES] = "", text[9000];
	struct set s = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "must = ", 7);
	/* The tail of a long line must not become a line of its own. */
	memcpy(text + 4095, "on = yes\n", 9);
	assert_false(read_text(
	    (struct bytes){ (uint8_t *)text, sizeof(text) }, &s, why));
	assert_non_null(strstr(why, ":1: the line is too long"));
	cfg_release(keys, COUNT(keys), &s);
	assert_false(read_text(LIT("must = a\0b\ncount = 2\n"), &s, why));
	cfg_release(keys, COUNT(keys), &s);
	assert_false(cfg_read("/tmp", keys, COUNT(keys), &s, why));
	cfg_release(keys, COUNT(keys), &s);
	assert_false(cfg_read("/nonexistent", keys, COUNT(keys), &s, why));
	assert_non_null(strstr(why, "No such file"));
	cfg_release(keys, COUNT(keys), &s);
}

static void
durations_have_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = {
		{ "0s", 0 },
		{ "90s", 90 },
		{ "86400s", 86400 },
		{ "5m", 300 },
		{ "24h", 86400 },
		{ "7d", 604800 },
		{ "36500d", INT64_C(3153600000) },
		{ "36501d", -1 },
		{ "", -1 },
		{ "s", -1 },
		{ "5", -1 },
		{ "-5s", -1 },
		{ "5 s", -1 },
		{ "5w", -1 },
		{ "5S", -1 },
		{ "1h30m", -1 },
		{ "1.5h", -1 },
		{ "99999999999999999999d", -1 },
		{ "999999999999999d", -1 },
	};
	int64_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		bool ok = cfg_duration(rows[i].text, &seconds);

		assert_int_equal(ok, rows[i].seconds >= 0);
		if (ok)
			assert_int_equal(seconds, rows[i].seconds);
	}
}

static bool
note_section(void *arg, const struct cfg_line *line, char *why)
{
	struct set *s = arg;

	(void)why;
	if (strcmp(line->section, "two") == 0)
		s->count += line->number;
	return true;
}

static void
lines_know_their_section(void **state)
{
	char path[] = "/tmp/cfg_test_XXXXXX", why[CFG_WHY_BYTES] = "";
	struct set s = { .count = 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(
	    write(fd, "a=1\n[one]\na=1\n[two]\na=1\na=1\n", 30 - 2), 28);
	close(fd);
	assert_true(cfg_each(path, note_section, &s, why));
	unlink(path);
	assert_int_equal(s.count, 5 + 6);
}

/* The example file must be one that could be used. */
static void
the_example_names_every_key(void **state)
{
	char text[2000] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	size_t i;

	(void)state;
	cfg_print_example(f, keys, COUNT(keys));
	fclose(f);
	for (i = 0; i < COUNT(keys); i++)
		assert_non_null(strstr(text, keys[i].name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(settings_are_read_over_defaults),
		UNIT_TEST(bad_files_are_refused_with_line_and_reason),
		UNIT_TEST(hostile_files_are_refused),
		UNIT_TEST(durations_have_a_unit),
		UNIT_TEST(lines_know_their_section),
		UNIT_TEST(the_example_names_every_key),
	};

	return cmocka_run_group_tests_name("base/cfg", tests, NULL, NULL);
}
