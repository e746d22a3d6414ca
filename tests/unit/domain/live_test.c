#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/live.h"

#define SECOND INT64_C(1000000)

static struct live_code
code_of(uint8_t n, int64_t expires_at)
{
	struct live_code c = { .expires_at = expires_at, .interval = 5 };

	memset(c.mac, n, sizeof(c.mac));
	memset(c.holder, n ^ 0x55, sizeof(c.holder));
	(void)snprintf(c.approval_id, sizeof(c.approval_id), "approval-%d", n);
	return c;
}

static void
test_unknown_code_asks_the_database(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c = code_of(1, 100);

	(void)state;
	assert_int_equal(live_poll(l, c.mac, c.holder, 0, SECOND), LIVE_ASK);
}

static void
test_polls_at_the_interval_are_pending(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c = code_of(1, 1000);
	int64_t t;

	(void)state;
	live_put(l, &c, 0);
	for (t = 1; t < 100; t += 5)
		assert_int_equal(
		    live_poll(l, c.mac, c.holder, t, t * SECOND), LIVE_PENDING);
}

static void
test_fast_poll_adds_five_seconds_for_good(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c = code_of(1, 1000);

	(void)state;
	live_put(l, &c, 0);
	assert_int_equal(
	    live_poll(l, c.mac, c.holder, 1, 1 * SECOND), LIVE_PENDING);
	assert_int_equal(
	    live_poll(l, c.mac, c.holder, 3, 3 * SECOND), LIVE_SLOW_DOWN);
	/* Ten seconds from now on: nine are too few, eleven are enough. */
	assert_int_equal(
	    live_poll(l, c.mac, c.holder, 12, 12 * SECOND), LIVE_SLOW_DOWN);
	assert_int_equal(
	    live_poll(l, c.mac, c.holder, 28, 28 * SECOND), LIVE_PENDING);
}

static void
test_another_certificate_gets_no_answer_here(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c = code_of(1, 1000), other = code_of(2, 1000);

	(void)state;
	live_put(l, &c, 0);
	assert_int_equal(
	    live_poll(l, c.mac, other.holder, 1, SECOND), LIVE_ASK);
}

static void
test_decided_code_asks_until_it_is_known_pending_again(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code one = code_of(1, 1000), two = code_of(2, 1000);

	(void)state;
	live_put(l, &one, 0);
	live_put(l, &two, 0);
	live_decided(l, "approval-1");
	assert_int_equal(
	    live_poll(l, one.mac, one.holder, 1, SECOND), LIVE_ASK);
	assert_int_equal(
	    live_poll(l, two.mac, two.holder, 1, SECOND), LIVE_PENDING);
	live_put(l, &one, 1);
	assert_int_equal(
	    live_poll(l, one.mac, one.holder, 9, 9 * SECOND), LIVE_PENDING);
	live_doubt_all(l);
	assert_int_equal(
	    live_poll(l, two.mac, two.holder, 20, 20 * SECOND), LIVE_ASK);
}

static void
test_expired_codes_are_forgotten(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c = code_of(1, 10);

	(void)state;
	live_put(l, &c, 0);
	assert_int_equal(live_count(l), 1);
	assert_int_equal(
	    live_poll(l, c.mac, c.holder, 10, 10 * SECOND), LIVE_ASK);
	assert_int_equal(live_count(l), 0);
}

/* Growing drops what has expired, so a flood of codes leaves nothing. */
static void
test_table_grows_and_sheds(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c = code_of(0, 10);
	uint32_t i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		uint32_t h = i * 2654435761u;

		memcpy(c.mac, &h, sizeof(h));
		live_put(l, &c, i < 4000 ? 0 : 20);
		c.expires_at = i < 4000 ? 10 : 1000;
	}
	assert_true(live_count(l) < 5000);
	assert_int_equal(
	    live_poll(l, c.mac, c.holder, 20, SECOND), LIVE_PENDING);
}

/* Whatever the tables went through, a decision finds its code alone. */
static void
test_decision_finds_its_code_among_many(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	struct live_code c[1000];
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		uint32_t h = (uint32_t)i * 2654435761u;

		c[i] = code_of(0, i % 3 == 0 ? 10 : 1000);
		memcpy(c[i].mac, &h, sizeof(h));
		(void)snprintf(c[i].approval_id, sizeof(c[i].approval_id),
		    "approval-%zu", i);
		live_put(l, &c[i], 0);
	}
	/* Some go as they expire, the others stay in both tables. */
	for (i = 0; i < 1000; i += 3)
		assert_int_equal(
		    live_poll(l, c[i].mac, c[i].holder, 10, SECOND), LIVE_ASK);
	live_decided(l, "approval-0");
	for (i = 2; i < 1000; i += 3)
		live_decided(l, c[i].approval_id);
	for (i = 0; i < 1000; i++)
		assert_int_equal(
		    live_poll(l, c[i].mac, c[i].holder, 10, SECOND),
		    i % 3 == 1 ? LIVE_PENDING : LIVE_ASK);
}

static void *
poll_many(void *arg)
{
	struct live *l = arg;
	struct live_code c;
	int i;

	for (i = 0; i < 20000; i++) {
		c = code_of((uint8_t)i, 1000);
		live_put(l, &c, 0);
		(void)live_poll(l, c.mac, c.holder, 1, i);
		if (i % 1000 == 0)
			live_decided(l, c.approval_id);
	}
	return NULL;
}

static void
test_threads_share_the_table(void **state)
{
	AUTO_STRUCT(live) *l = live_new();
	pthread_t t[4];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, poll_many, l), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(live_count(l), 256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_code_asks_the_database),
		cmocka_unit_test(test_polls_at_the_interval_are_pending),
		cmocka_unit_test(test_fast_poll_adds_five_seconds_for_good),
		cmocka_unit_test(test_another_certificate_gets_no_answer_here),
		cmocka_unit_test(
		    test_decided_code_asks_until_it_is_known_pending_again),
		cmocka_unit_test(test_expired_codes_are_forgotten),
		cmocka_unit_test(test_table_grows_and_sheds),
		cmocka_unit_test(test_decision_finds_its_code_among_many),
		cmocka_unit_test(test_threads_share_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
