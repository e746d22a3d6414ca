#include "tests/unit/unit.h"

#include "base/cfg.h"

struct set {
	char *name, *must, *more;
	int64_t count, wait;
	int heads;
	bool on;
};

static bool
is_short(const char *s)
{
	return strlen(s) < 4;
}

static const struct cfg_kind short_text = { "a short text", is_short };

#define KEY(field, kind_of, default)                         \
	.name = #field, .type = (kind_of), .def = (default), \
	.offset = offsetof(struct set, field)

static const struct cfg_key keys[] = {
	{ KEY(name, CFG_STR, "nobody"), .help = "N" },
	{ KEY(must, CFG_STR, NULL), .help = "M" },
	{ KEY(count, CFG_INT, "3"), .min = 1, .max = 10, .help = "C" },
	{ KEY(wait, CFG_DURATION, "5m"), .min = 1, .max = 86400, .help = "W" },
	{ KEY(on, CFG_BOOL, "no"), .help = "O" },
	{ KEY(more, CFG_STR, ""), .kind = &short_text, .help = "P" },
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
				  "count=10\n on = yes"),
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
		{ "must = x\nother = 1\n",
		    ":2: unknown key \"other\"; --help" },
		{ "must = x\ncuont = 1\n",
		    ":2: unknown key \"cuont\"; did you mean \"count\"?" },
		{ "must = x\nmust = y\n",
		    ":2: must is set twice, first on line 1" },
		{ "must = \n", ":1: must: \"\" is not a text" },
		{ "name = \n", ":1: name: \"\" is not a text" },
		{ "more = long\n", ":1: more: \"long\" is not a short text" },
		{ "must = x\n[s]\non = yes\n", ":2: [s]: there are no" },
		{ "must = x\n[s]\n", ":2: [s]: there are no" },
		{ "must\n", ":1: expected" },
		{ "= x\n", ":1: expected" },
		{ "count = 0\n",
		    ":1: count: \"0\" is not a number from 1 to 10" },
		{ "count = 11\n", ":1: count" },
		{ "count = 1x\n", ":1: count" },
		{ "count = \n", ":1: count" },
		{ "count = 99999999999999999999\n", ":1: count" },
		{ "wait = 5\n", ":1: wait" },
		{ "wait = 2d\n",
		    ":1: wait: \"2d\" is not a time from 1s to 1d (like" },
		{ "on = true\n", ":1: on: \"true\" is not yes or no" },
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
	char text[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		bool ok = cfg_duration(rows[i].text, &seconds);

		assert_int_equal(ok, rows[i].seconds >= 0);
		if (ok)
			assert_int_equal(seconds, rows[i].seconds);
	}
	assert_string_equal(cfg_duration_text(0, text), "0s");
	assert_string_equal(cfg_duration_text(90, text), "90s");
	assert_string_equal(cfg_duration_text(5400, text), "90m");
	assert_string_equal(cfg_duration_text(172800, text), "2d");
}

static bool
note_section(void *arg, const struct cfg_line *line, char *why)
{
	struct set *s = arg;

	(void)why;
	if (strcmp(line->section, "two") != 0)
		return true;
	s->count += line->number;
	s->heads += line->key == NULL;
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
	assert_int_equal(s.count, 4 + 5 + 6);
	assert_int_equal(s.heads, 1);
}

/* What cfg_load says, a line each, and what it set. */
struct loaded {
	struct set set;
	int from[CFG_KEYS_MAX];
	char faults[4000];
	bool ok;
};

static void
note_fault(void *arg, const char *why)
{
	char *faults = arg;
	size_t n = strlen(faults);

	(void)snprintf(faults + n, 4000 - n, "%s\n", why);
}

static void
load_with(char *const *environment, const char *text, struct loaded *out)
{
	char path[] = "/tmp/cfg_test_XXXXXX";
	const struct cfg_source source = { path, "TESTD_", environment,
		note_fault, out->faults };
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	out->ok = cfg_load(&source, keys, COUNT(keys), &out->set, out->from);
	unlink(path);
}

static void
the_environment_beats_the_file(void **state)
{
	char must[] = "TESTD_MUST=from env", wait[] = "TESTD_WAIT=7d=";
	char other[] = "TESTX_COUNT=9", more[] = "TESTD_MORE=";
	char *const environment[] = { must, other, more, NULL };
	char *const bad[] = { must, wait, NULL };
	struct loaded l = { .ok = false };

	(void)state;
	load_with(environment, "must = from file\ncount = 4\n", &l);
	assert_true(l.ok);
	assert_string_equal(l.set.must, "from env");
	assert_int_equal(l.set.count, 4);
	assert_int_equal(l.from[0], CFG_FROM_DEFAULT);
	assert_int_equal(l.from[1], CFG_FROM_ENVIRONMENT);
	assert_int_equal(l.from[2], 2);
	cfg_release(keys, COUNT(keys), &l.set);
	load_with(bad, "", &l);
	assert_false(l.ok);
	assert_non_null(strstr(l.faults, "environment: TESTD_WAIT: wait: "));
	cfg_release(keys, COUNT(keys), &l.set);
}

static void
every_fault_is_said_at_once(void **state)
{
	char unknown[] = "TESTD_CUONT=4", line[] = "TESTD_NAME=a\nb";
	char twice[] = "TESTD_ON=yes", lower[] = "TESTD_on=yes";
	char *const environment[] = { unknown, line, twice, twice, lower,
		NULL };
	static const char *const faults[] = { ":1: unknown key \"a\"",
		":2: count: ", ":4: name is set twice",
		"environment: unknown variable TESTD_CUONT; did you mean "
		"TESTD_COUNT?\n",
		"environment: TESTD_NAME is too long or has line breaks\n",
		"environment: TESTD_ON is set twice\n",
		"environment: unknown variable TESTD_on; did you mean "
		"TESTD_ON?\n",
		"\"must\" must be set (M)\n" };
	struct loaded l = { .ok = true };
	size_t i;

	(void)state;
	load_with(environment, "a = b\ncount = 99\nname = x\nname = y\n", &l);
	assert_false(l.ok);
	for (i = 0; i < COUNT(faults); i++) {
		if (strstr(l.faults, faults[i]) == NULL)
			print_error("%s not in:\n%s", faults[i], l.faults);
		assert_non_null(strstr(l.faults, faults[i]));
	}
	cfg_release(keys, COUNT(keys), &l.set);
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
		UNIT_TEST(the_environment_beats_the_file),
		UNIT_TEST(every_fault_is_said_at_once),
	};

	return cmocka_run_group_tests_name("base/cfg", tests, NULL, NULL);
}
