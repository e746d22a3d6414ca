#include "tests/unit/unit.h"

#include <poll.h>

#include "base/mem.h"
#include "domain/acks.h"

static int woken, followed;

static void
count(struct ack *ack)
{
	woken++;
	followed += ack->followed;
}

static struct ack
ack_at(int64_t epoch, int64_t position)
{
	woken = followed = 0;
	return (struct ack){ .epoch = epoch,
		.position = position,
		.until_us = 100,
		.wake = count };
}

static void
it_waits_until_all_have_passed_it(void **state)
{
	AUTO_STRUCT(acks) *a = acks_new();
	struct ack first = ack_at(2, 7), second = ack_at(2, 8);

	(void)state;
	assert_true(acks_add(a, &first));
	assert_true(acks_add(a, &second));
	acks_read(a, &(struct acks_reached){ 2, 6, 2, 6 });
	acks_read(a, &(struct acks_reached){ 1, 900, 1, 900 });
	assert_int_equal(woken, 0);
	acks_read(a, &(struct acks_reached){ 2, 7, 2, 7 });
	assert_int_equal(woken, 1);
	assert_int_equal(followed, 1);
	assert_int_equal(acks_count(a), 1);
	/* Positions begin anew in each epoch. */
	acks_read(a, &(struct acks_reached){ 3, 0, 3, 0 });
	assert_int_equal(followed, 2);
	assert_int_equal(acks_count(a), 0);
}

static void
one_that_is_silent_is_not_waited_for_but_told_of(void **state)
{
	AUTO_STRUCT(acks) *a = acks_new();
	struct ack ack = ack_at(1, 5);

	(void)state;
	assert_true(acks_add(a, &ack));
	acks_read(a, &(struct acks_reached){ 1, 5, 1, 4 });
	assert_int_equal(woken, 1);
	assert_int_equal(followed, 0);
}

static void
nobody_waits_for_ever(void **state)
{
	AUTO_STRUCT(acks) *a = acks_new();
	struct ack ack = ack_at(1, 5), late = ack_at(1, 5);

	(void)state;
	assert_true(acks_add(a, &ack));
	acks_tick(a, 99);
	assert_int_equal(woken, 0);
	acks_tick(a, 100);
	assert_int_equal(woken, 1);
	late.until_us = INT64_MAX;
	assert_true(acks_add(a, &late));
	acks_close(a);
	assert_int_equal(woken, 2);
	assert_int_equal(followed, 0);
	assert_false(acks_add(a, &ack));
}

static bool
readable(const struct acks *a)
{
	struct pollfd pfd = { .fd = acks_fd(a), .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static void
who_looks_is_told_that_somebody_is_new(void **state)
{
	AUTO_STRUCT(acks) *a = acks_new();
	struct ack ack = ack_at(1, 5);

	(void)state;
	assert_false(readable(a));
	acks_heard(a);
	assert_true(acks_add(a, &ack));
	assert_true(readable(a));
	acks_heard(a);
	assert_false(readable(a));
	acks_close(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_until_all_have_passed_it),
		cmocka_unit_test(
		    one_that_is_silent_is_not_waited_for_but_told_of),
		cmocka_unit_test(nobody_waits_for_ever),
		cmocka_unit_test(who_looks_is_told_that_somebody_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
