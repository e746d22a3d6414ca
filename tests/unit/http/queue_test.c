#include "http/queue.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/unit.h"

static struct job
job_in(enum lane lane)
{
	return (struct job){ NULL, lane };
}

static void
jobs_come_out_in_order(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(4, 1);
	struct job a = job_in(LANE_OPEN), b = job_in(LANE_OPEN);

	(void)state;
	assert_true(queue_reserve(q, LANE_OPEN));
	assert_true(queue_reserve(q, LANE_OPEN));
	queue_put(q, &a);
	queue_put(q, &b);
	assert_ptr_equal(queue_take(q), &a);
	assert_ptr_equal(queue_take(q), &b);
}

static void
the_reserved_lane_is_served_first(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(4, 1);
	struct job a = job_in(LANE_OPEN), b = job_in(LANE_RESERVED);

	(void)state;
	assert_true(queue_reserve(q, LANE_OPEN));
	assert_true(queue_reserve(q, LANE_RESERVED));
	queue_put(q, &a);
	queue_put(q, &b);
	assert_ptr_equal(queue_take(q), &b);
	assert_ptr_equal(queue_take(q), &a);
}

static void
the_open_lane_cannot_take_the_reserved_room(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(4, 2);
	struct job job[4];
	size_t i;

	(void)state;
	assert_true(queue_reserve(q, LANE_OPEN));
	assert_true(queue_reserve(q, LANE_OPEN));
	assert_false(queue_reserve(q, LANE_OPEN));
	assert_true(queue_reserve(q, LANE_RESERVED));
	assert_true(queue_reserve(q, LANE_RESERVED));
	assert_false(queue_reserve(q, LANE_RESERVED));
	for (i = 0; i < 4; i++) {
		job[i] = job_in(i < 2 ? LANE_OPEN : LANE_RESERVED);
		queue_put(q, &job[i]);
	}
	for (i = 0; i < 4; i++)
		assert_non_null(queue_take(q));
}

static void
the_reserved_lane_may_use_all_of_it(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(3, 1);
	struct job job[3];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_true(queue_reserve(q, LANE_RESERVED));
		job[i] = job_in(LANE_RESERVED);
		queue_put(q, &job[i]);
	}
	assert_false(queue_reserve(q, LANE_OPEN));
	for (i = 0; i < 3; i++)
		assert_non_null(queue_take(q));
	assert_true(queue_reserve(q, LANE_OPEN));
	job[0] = job_in(LANE_OPEN);
	queue_put(q, &job[0]);
	assert_non_null(queue_take(q));
}

static void
a_closed_queue_hands_out_what_it_has_and_ends(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(4, 1);
	struct job a = job_in(LANE_OPEN);

	(void)state;
	assert_true(queue_reserve(q, LANE_OPEN));
	queue_close(q);
	assert_false(queue_reserve(q, LANE_RESERVED));
	queue_put(q, &a);
	assert_ptr_equal(queue_take(q), &a);
	assert_null(queue_take(q));
}

struct crowd {
	struct queue *q;
	atomic_int taken;
};

static void *
take_all(void *arg)
{
	struct crowd *c = arg;

	while (queue_take(c->q) != NULL)
		atomic_fetch_add(&c->taken, 1);
	return NULL;
}

static void
many_takers_get_each_job_once_and_all_end(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(64, 16);
	struct crowd c = { .q = q };
	static struct job job[2000];
	pthread_t thread[4];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, take_all, &c), 0);
	for (i = 0; i < 2000; i++) {
		job[i] = job_in(i % 3 == 0 ? LANE_RESERVED : LANE_OPEN);
		while (!queue_reserve(q, job[i].lane))
			continue;
		queue_put(q, &job[i]);
	}
	queue_close(q);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(atomic_load(&c.taken), 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(jobs_come_out_in_order),
		UNIT_TEST(the_reserved_lane_is_served_first),
		UNIT_TEST(the_open_lane_cannot_take_the_reserved_room),
		UNIT_TEST(the_reserved_lane_may_use_all_of_it),
		UNIT_TEST(a_closed_queue_hands_out_what_it_has_and_ends),
		UNIT_TEST(many_takers_get_each_job_once_and_all_end),
	};

	return cmocka_run_group_tests_name("http/queue", tests, NULL, NULL);
}
