#include "plugin/snapshot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

static const uint8_t A[VIEW_ID_BYTES] = { 1 }, B[VIEW_ID_BYTES] = { 2 };
static char dir[64], path[80], key_path[80];
static struct mac_key *key;

static int
set_up(void **state)
{
	char why[256];

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/snapshot-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/view", dir);
	(void)snprintf(key_path, sizeof(key_path), "%s/key", dir);
	assert_true(mac_key_create(key_path, why));
	key = mac_key_load(key_path, why);
	assert_non_null(key);
	return 0;
}

static int
tear_down(void **state)
{
	char name[96];

	(void)state;
	mac_key_free(key);
	(void)unlink(key_path);
	(void)unlink(path);
	(void)snprintf(name, sizeof(name), "%s.bad", path);
	(void)unlink(name);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static struct view_entry
entry(enum view_kind kind, const uint8_t *id, int64_t until)
{
	struct view_entry e = { .kind = kind, .until = until };

	memcpy(e.id, id, sizeof(e.id));
	return e;
}

static struct snapshot_head
head_at(int64_t position)
{
	return (struct snapshot_head){
		.mark = { .epoch = 1, .position = position, .sha256 = { 7 } },
		.read_at = 1000 + position,
	};
}

static void
mark(struct snapshot *s, int64_t position)
{
	struct snapshot_head head = head_at(position);

	snapshot_mark(s, &head);
}

/* A refused at position 1, B quarantined at 2. */
static void
write_two(void)
{
	AUTO_STRUCT(snapshot) *s = snapshot_new(path, key);
	struct view_topic topic = { "meter", "devices/+/up/#", false };
	struct view_entry e = entry(VIEW_DEVICE, A, 0);
	struct service *service = service_new("meter", &topic, 1);

	snapshot_begin(s);
	snapshot_entries(s, &e, 1);
	snapshot_service(s, service);
	service_free(service);
	mark(s, 1);
	assert_true(snapshot_is_kept(s));
	e = entry(VIEW_QUARANTINE, B, 0);
	snapshot_entries(s, &e, 1);
	mark(s, 2);
}

static enum snapshot_found
read_it(struct view *v, struct snapshot_head *head)
{
	AUTO_STRUCT(snapshot) *s = snapshot_new(path, key);

	return snapshot_read(s, v, head);
}

static void
what_was_written_is_read(void **state)
{
	AUTO_STRUCT(view) *v = view_new();
	struct snapshot_head head;
	struct stat st;

	(void)state;
	assert_int_equal(read_it(v, &head), SNAPSHOT_NONE);
	write_two();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(read_it(v, &head), SNAPSHOT_READ);
	assert_int_equal(head.mark.epoch, 1);
	assert_int_equal(head.mark.position, 2);
	assert_int_equal(head.mark.sha256[0], 7);
	assert_int_equal(head.read_at, 1002);
	assert_true(view_device_refused(v, A));
	assert_true(view_quarantined(v, B));
	assert_string_equal(
	    view_service(v, "meter")->subscribe[0], "devices/+/up/#");
	assert_null(view_service(v, "meter")->publish[0]);
}

static size_t
slurp(uint8_t *out, size_t max)
{
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, max, f);
	assert_int_equal(fclose(f), 0);
	return n;
}

static void
spill(const uint8_t *p, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Fault: garbled.  A length that points beyond the end looks like an end that
 * was cut off, and leaves what is older. */
static void
no_changed_byte_is_believed(void **state)
{
	uint8_t whole[2048];
	size_t i, n;

	(void)state;
	write_two();
	n = slurp(whole, sizeof(whole));
	for (i = 0; i < n; i++) {
		AUTO_STRUCT(view) *v = view_new();
		struct snapshot_head head;

		whole[i] ^= 0x10;
		spill(whole, n);
		whole[i] ^= 0x10;
		if (read_it(v, &head) == SNAPSHOT_READ)
			assert_int_equal(head.mark.position, 1);
		else
			assert_int_not_equal(access(path, F_OK), 0);
	}
}

/* A crash at any byte leaves the mark before it, or nothing to start from. */
static void
end_that_was_cut_off_is_older_and_goes_on(void **state)
{
	uint8_t whole[2048];
	size_t i, n, first = 0;

	(void)state;
	write_two();
	n = slurp(whole, sizeof(whole));
	for (i = 0; i < n; i++) {
		AUTO_STRUCT(snapshot) *s = snapshot_new(path, key);
		AUTO_STRUCT(view) *v = view_new(), *again = view_new();
		struct snapshot_head head;

		spill(whole, i);
		if (snapshot_read(s, v, &head) != SNAPSHOT_READ) {
			assert_int_equal(first, 0);
			continue;
		}
		first = first == 0 ? i : first;
		assert_int_equal(head.mark.position, 1);
		assert_true(view_device_refused(v, A));
		mark(s, 3);
		assert_int_equal(read_it(again, &head), SNAPSHOT_READ);
		assert_int_equal(head.mark.position, 3);
	}
	assert_int_not_equal(first, 0);
}

static void
another_key_s_is_put_aside(void **state)
{
	AUTO_STRUCT(view) *v = view_new();
	struct snapshot_head head;
	char why[256];

	(void)state;
	write_two();
	mac_key_free(key);
	(void)unlink(key_path);
	assert_true(mac_key_create(key_path, why));
	key = mac_key_load(key_path, why);
	assert_int_equal(read_it(v, &head), SNAPSHOT_BAD);
	assert_int_equal(read_it(v, &head), SNAPSHOT_NONE);
}

/* Fault: of another epoch.  As in memory, a refusal is never unsaid, and
 * begun anew it still is not. */
static void
another_feed_keeps_the_refusals(void **state)
{
	AUTO_STRUCT(snapshot) *s = snapshot_new(path, key);
	AUTO_STRUCT(view) *v = view_new(), *again = view_new();
	struct snapshot_head head;

	(void)state;
	write_two();
	assert_int_equal(snapshot_read(s, v, &head), SNAPSHOT_READ);
	snapshot_replaced(s);
	mark(s, 1);
	snapshot_begin(s);
	mark(s, 1);
	assert_int_equal(read_it(again, &head), SNAPSHOT_READ);
	assert_true(view_device_refused(again, A));
	assert_false(view_quarantined(again, B));
	assert_null(view_service(again, "meter"));
}

/* Fault: disk full.  The file before stays, and is written again later. */
static void
full_disk_leaves_the_file_before(void **state)
{
	AUTO_STRUCT(snapshot) *s = snapshot_new(path, key);
	AUTO_STRUCT(view) *v = view_new(), *again = view_new();
	struct rlimit before, little = { 512, RLIM_INFINITY };
	struct view_entry many[1000];
	struct snapshot_head head;
	size_t i;

	(void)state;
	write_two();
	for (i = 0; i < 1000; i++)
		many[i] = entry(VIEW_DEVICE, B, 0);
	assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	snapshot_begin(s);
	snapshot_entries(s, many, 1000);
	mark(s, 9);
	assert_false(snapshot_is_kept(s));
	assert_true(snapshot_wants_all(s));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(read_it(v, &head), SNAPSHOT_READ);
	assert_int_equal(head.mark.position, 2);
	snapshot_begin(s);
	snapshot_entries(s, many, 1000);
	mark(s, 9);
	assert_true(snapshot_is_kept(s));
	assert_false(snapshot_wants_all(s));
	assert_int_equal(read_it(again, &head), SNAPSHOT_READ);
	assert_int_equal(head.mark.position, 9);
}

static void
one_that_is_dropped_takes_no_place(void **state)
{
	AUTO_STRUCT(snapshot) *s = snapshot_new(path, key);
	AUTO_STRUCT(view) *v = view_new();
	struct snapshot_head head;

	(void)state;
	write_two();
	snapshot_begin(s);
	snapshot_drop(s);
	mark(s, 9);
	assert_true(snapshot_wants_all(s));
	assert_int_equal(read_it(v, &head), SNAPSHOT_READ);
	assert_int_equal(head.mark.position, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(no_changed_byte_is_believed),
		TEST(end_that_was_cut_off_is_older_and_goes_on),
		TEST(another_key_s_is_put_aside),
		TEST(another_feed_keeps_the_refusals),
		TEST(full_disk_leaves_the_file_before),
		TEST(one_that_is_dropped_takes_no_place),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
