#include "tests/unit/unit.h"

#include <pthread.h>

#include "base/mem.h"
#include "domain/notices.h"
#include "domain/waiting.h"

#define ADA "00000000-0000-4000-8000-00000000000a"
#define BOB "00000000-0000-4000-8000-00000000000b"

static int woken;

static void
count(struct waiter *w)
{
	(void)w;
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
}

static struct waiter
waiter(const char *owner, int64_t until_us)
{
	struct waiter w = { .until_us = until_us, .wake = count };

	memcpy(w.owner_id, owner, sizeof(w.owner_id));
	return w;
}

static void
news_wakes_those_of_the_owner_alone(void **state)
{
	AUTO_STRUCT(waiting) *w = waiting_new(10);
	struct waiter ada = waiter(ADA, 100), bob = waiter(BOB, 100);

	(void)state;
	woken = 0;
	assert_int_equal(
	    waiting_add(w, &ada, waiting_mark(w, ADA)), WAITING_PARKED);
	assert_int_equal(
	    waiting_add(w, &bob, waiting_mark(w, BOB)), WAITING_PARKED);
	waiting_news(w, ADA);
	assert_int_equal(woken, 1);
	assert_int_equal(waiting_count(w), 1);
	waiting_tick(w, 99);
	assert_int_equal(woken, 1);
	waiting_tick(w, 100);
	assert_int_equal(woken, 2);
}

static void
news_between_look_and_wait_is_not_lost(void **state)
{
	AUTO_STRUCT(waiting) *w = waiting_new(10);
	struct waiter ada = waiter(ADA, 100);
	uint32_t mark = waiting_mark(w, ADA);

	(void)state;
	waiting_news(w, ADA);
	assert_int_equal(waiting_add(w, &ada, mark), WAITING_NEWS);
	mark = waiting_mark(w, ADA);
	waiting_doubt_all(w);
	assert_int_equal(waiting_add(w, &ada, mark), WAITING_NEWS);
}

static void
few_wait_for_one_owner_and_not_too_many_in_all(void **state)
{
	AUTO_STRUCT(waiting) *w = waiting_new(WAITING_PER_OWNER + 1);
	struct waiter ada[WAITING_PER_OWNER + 1], bob[2];
	size_t i;

	(void)state;
	woken = 0;
	for (i = 0; i < COUNT(ada); i++) {
		ada[i] = waiter(ADA, 100);
		assert_int_equal(waiting_add(w, &ada[i], waiting_mark(w, ADA)),
		    i < WAITING_PER_OWNER ? WAITING_PARKED : WAITING_FULL);
	}
	for (i = 0; i < COUNT(bob); i++) {
		bob[i] = waiter(BOB, 100);
		assert_int_equal(waiting_add(w, &bob[i], waiting_mark(w, BOB)),
		    i == 0 ? WAITING_PARKED : WAITING_FULL);
	}
	waiting_close(w);
	assert_int_equal(woken, WAITING_PER_OWNER + 1);
	assert_int_equal(
	    waiting_add(w, &bob[1], waiting_mark(w, BOB)), WAITING_CLOSED);
}

static void *
tell(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++)
		waiting_news(arg, ADA);
	return NULL;
}

/* Each is woken once, however many say so. */
static void
many_threads_wake_each_waiter_once(void **state)
{
	AUTO_STRUCT(waiting) *w = waiting_new(10);
	pthread_t other[2];
	struct waiter ada;
	int i, parked = 0;

	(void)state;
	woken = 0;
	for (i = 0; i < 2; i++)
		must(pthread_create(&other[i], NULL, tell, w) == 0);
	for (i = 0; i < 1000; i++) {
		ada = waiter(ADA, 100);
		if (waiting_add(w, &ada, waiting_mark(w, ADA)) ==
		    WAITING_PARKED) {
			parked++;
			waiting_news(w, ADA);
			while (
			    __atomic_load_n(&woken, __ATOMIC_SEQ_CST) < parked)
				;
		}
	}
	for (i = 0; i < 2; i++)
		must(pthread_join(other[i], NULL) == 0);
	assert_int_equal(woken, parked);
}

static void
cursors_are_two_numbers(void **state)
{
	static const char *const bad[] = { "", ".", "1", "1.", ".1", "1.2.3",
		"01.2", "1.02", "-1.2", "1.-2", "1 .2", "1.2 ", "a.b",
		"1234567890123456789.1" };
	int64_t epoch, position;
	size_t i;

	(void)state;
	assert_true(notices_cursor_read("1.0", &epoch, &position));
	assert_true(notices_cursor_read("12.345", &epoch, &position));
	assert_int_equal(epoch, 12);
	assert_int_equal(position, 345);
	for (i = 0; i < COUNT(bad); i++)
		assert_false(notices_cursor_read(bad[i], &epoch, &position));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(news_wakes_those_of_the_owner_alone),
		UNIT_TEST(news_between_look_and_wait_is_not_lost),
		UNIT_TEST(few_wait_for_one_owner_and_not_too_many_in_all),
		UNIT_TEST(many_threads_wake_each_waiter_once),
		UNIT_TEST(cursors_are_two_numbers),
	};

	return cmocka_run_group_tests_name("domain/waiting", tests, NULL, NULL);
}
