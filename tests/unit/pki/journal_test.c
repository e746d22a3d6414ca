#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "pki/journal.h"

struct place {
	char dir[64], why[JOURNAL_WHY_BYTES];
	struct mac_key *key, *other;
};

static struct mac_key *
make_key(const char *dir, const char *name)
{
	char path[128], why[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_true(mac_key_create(path, why));
	return mac_key_load(path, why);
}

static void
place_make(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/latchkey-unit.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->key = make_key(p->dir, "key");
	p->other = make_key(p->dir, "other");
}

static void
place_remove(struct place *p)
{
	static const char *const names[] = { "key", "other", "journal",
		"journal.1", "mark" };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p->dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(p->dir), 0);
	mac_key_free(p->key);
	mac_key_free(p->other);
}

struct seen {
	size_t n;
	char last[64];
};

static bool
see(void *arg, const char *line)
{
	struct seen *s = arg;

	s->n++;
	(void)snprintf(s->last, sizeof(s->last), "%s", line);
	return true;
}

static struct seen
read_all(const struct place *p, const struct mac_key *key, size_t *bad)
{
	struct seen s = { 0 };
	struct journal_reader r = { .fn = see, .arg = &s };
	char why[JOURNAL_WHY_BYTES];

	assert_true(journal_read(p->dir, key, &r, why));
	*bad = r.bad;
	return s;
}

static void
test_what_was_added_is_read_in_order(void **state)
{
	struct place p;
	struct journal *j;
	struct seen s;
	size_t bad;

	(void)state;
	place_make(&p);
	j = journal_open(p.dir, p.key, 1 << 20, p.why);
	assert_non_null(j);
	assert_true(journal_add(j, "F\tone") && journal_add(j, "F\ttwo"));
	assert_true(journal_sync(j));
	journal_free(j);
	s = read_all(&p, p.key, &bad);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.last, "F\ttwo");
	assert_int_equal(bad, 0);
	/* By another key nothing of it is ours. */
	s = read_all(&p, p.other, &bad);
	assert_int_equal(s.n, 0);
	assert_int_equal(bad, 2);
	place_remove(&p);
}

static void
test_a_line_that_a_crash_cut_off_costs_that_line(void **state)
{
	struct place p;
	struct journal *j;
	char path[128];
	struct stat st;
	struct seen s;
	size_t bad;

	(void)state;
	place_make(&p);
	j = journal_open(p.dir, p.key, 1 << 20, p.why);
	assert_true(journal_add(j, "F\tone") && journal_add(j, "F\ttwo"));
	journal_free(j);
	(void)snprintf(path, sizeof(path), "%s/journal", p.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 2), 0);
	j = journal_open(p.dir, p.key, 1 << 20, p.why);
	assert_true(journal_add(j, "F\tthree"));
	journal_free(j);
	s = read_all(&p, p.key, &bad);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.last, "F\tthree");
	assert_int_equal(bad, 1);
	place_remove(&p);
}

static void
test_it_keeps_the_newest_within_its_size(void **state)
{
	struct place p;
	struct journal *j;
	struct stat st;
	char path[128], line[32];
	struct seen s;
	size_t bad, i;

	(void)state;
	place_make(&p);
	j = journal_open(p.dir, p.key, 4096, p.why);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line), "F\t%zu", i);
		assert_true(journal_add(j, line));
	}
	journal_free(j);
	(void)snprintf(path, sizeof(path), "%s/journal.1", p.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= 2048);
	s = read_all(&p, p.key, &bad);
	assert_true(s.n > 20 && s.n < 100);
	assert_string_equal(s.last, "F\t999");
	assert_int_equal(bad, 0);
	place_remove(&p);
}

static void
test_a_mark_is_whole_and_ours_or_none(void **state)
{
	struct journal_mark in = { .epoch = 3,
		.position = INT64_MAX,
		.sha256 = { 1, 255 } },
			    out;
	struct place p;
	char path[128];
	struct stat st;

	(void)state;
	place_make(&p);
	assert_false(journal_get_mark(p.dir, p.key, &out));
	assert_true(journal_put_mark(p.dir, p.key, &in));
	assert_true(journal_get_mark(p.dir, p.key, &out));
	assert_int_equal(out.epoch, 3);
	assert_true(out.position == INT64_MAX);
	assert_memory_equal(out.sha256, in.sha256, sizeof(in.sha256));
	assert_false(journal_get_mark(p.dir, p.other, &out));
	(void)snprintf(path, sizeof(path), "%s/mark", p.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	assert_false(journal_get_mark(p.dir, p.key, &out));
	place_remove(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_added_is_read_in_order),
		cmocka_unit_test(
		    test_a_line_that_a_crash_cut_off_costs_that_line),
		cmocka_unit_test(test_it_keeps_the_newest_within_its_size),
		cmocka_unit_test(test_a_mark_is_whole_and_ours_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
