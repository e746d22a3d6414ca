#include "http/queue.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/unit.h"

static struct job
job_in(enum lane lane)
{
	return (struct job){ .lane = lane };
}

static struct job *
take(struct queue *q)
{
	struct job *job;

	return queue_take(q, &job, 1) == 1 ? job : NULL;
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
	assert_ptr_equal(take(q), &a);
	assert_ptr_equal(take(q), &b);
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
	assert_ptr_equal(take(q), &b);
	assert_ptr_equal(take(q), &a);
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
		assert_non_null(take(q));
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
		assert_non_null(take(q));
	assert_true(queue_reserve(q, LANE_OPEN));
	job[0] = job_in(LANE_OPEN);
	queue_put(q, &job[0]);
	assert_non_null(take(q));
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
	assert_ptr_equal(take(q), &a);
	assert_null(take(q));
}

struct crowd {
	struct queue *q;
	atomic_int taken;
};

static void *
take_all(void *arg)
{
	struct crowd *c = arg;

	while (take(c->q) != NULL)
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

static void
put_together(struct queue *q, struct job *job, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		job[i] = (struct job){ .lane = LANE_OPEN, .together = true };
		assert_true(queue_reserve(q, LANE_OPEN));
		queue_put(q, &job[i]);
	}
}

static void
jobs_that_go_together_pass_others_and_stop_at_the_maximum(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(16, 1);
	struct job many[4], alone = job_in(LANE_OPEN), *out[3];

	(void)state;
	put_together(q, many, 2);
	assert_true(queue_reserve(q, LANE_OPEN));
	queue_put(q, &alone);
	put_together(q, many + 2, 2);
	assert_int_equal(queue_take(q, out, 3), 3);
	assert_ptr_equal(out[0], &many[0]);
	assert_ptr_equal(out[2], &many[2]);
	assert_int_equal(queue_take(q, out, 3), 1);
	assert_ptr_equal(out[0], &alone);
	assert_int_equal(queue_take(q, out, 3), 1);
	assert_ptr_equal(out[0], &many[3]);
}

static void
jobs_gather_while_a_batch_is_worked_on(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(16, 1);
	struct job many[4], alone = job_in(LANE_OPEN), *out[8];

	(void)state;
	put_together(q, many, 1);
	assert_int_equal(queue_take(q, out, 8), 1);
	put_together(q, many + 1, 3);
	assert_true(queue_reserve(q, LANE_OPEN));
	queue_put(q, &alone);
	assert_int_equal(queue_take(q, out, 8), 1);
	assert_ptr_equal(out[0], &alone);
	queue_done(q);
	assert_int_equal(queue_take(q, out, 8), 3);
}

static void
a_full_batch_does_not_wait_nor_does_an_old_one(void **state)
{
	AUTO_STRUCT(queue) *q = queue_new(16, 1);
	struct job many[5], *out[3];

	(void)state;
	put_together(q, many, 1);
	assert_int_equal(queue_take(q, out, 3), 1);
	put_together(q, many + 1, 4);
	assert_int_equal(queue_take(q, out, 3), 3);
	/* By the clock: the one that is left has waited long enough. */
	assert_int_equal(queue_take(q, out, 3), 1);
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
		UNIT_TEST(
		    jobs_that_go_together_pass_others_and_stop_at_the_maximum),
		UNIT_TEST(jobs_gather_while_a_batch_is_worked_on),
		UNIT_TEST(a_full_batch_does_not_wait_nor_does_an_old_one),
		UNIT_TEST(many_takers_get_each_job_once_and_all_end),
	};

	return cmocka_run_group_tests_name("http/queue", tests, NULL, NULL);
}
