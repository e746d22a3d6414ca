#include "base/tally.h"

#include <pthread.h>

#include "tests/unit/unit.h"

static void
each_pair_of_words_is_counted_by_itself(void **state)
{
	AUTO_STRUCT(tally) *t = tally_new(4);
	struct tally_pair p;

	(void)state;
	assert_false(tally_at(t, 0, &p));
	tally_add(t, "x509", "accepted");
	tally_add(t, "x509", "chain");
	tally_add(t, "x509", "accepted");
	tally_add(t, "x509accepted", "");
	assert_true(tally_at(t, 0, &p));
	assert_string_equal(p.a, "x509");
	assert_string_equal(p.b, "accepted");
	assert_int_equal(p.n, 2);
	assert_true(tally_at(t, 1, &p));
	assert_string_equal(p.b, "chain");
	assert_int_equal(p.n, 1);
	assert_true(tally_at(t, 2, &p));
	assert_string_equal(p.a, "x509accepted");
	assert_false(tally_at(t, 3, &p));
}

static void
what_there_is_no_room_for_is_other(void **state)
{
	AUTO_STRUCT(tally) *t = tally_new(3);
	struct tally_pair p;
	char word[TALLY_WORD_BYTES * 2];
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		(void)snprintf(word, sizeof(word), "model-%d", i);
		tally_add(t, word, "");
	}
	tally_add(t, "model-1", "");
	assert_true(tally_at(t, 1, &p));
	assert_int_equal(p.n, 2);
	assert_true(tally_at(t, 3, &p));
	assert_string_equal(p.a, TALLY_OTHER);
	assert_int_equal(p.n, 7);
	assert_false(tally_at(t, 4, &p));
}

static void
long_words_are_cut(void **state)
{
	AUTO_STRUCT(tally) *t = tally_new(1);
	char word[TALLY_WORD_BYTES + 2];
	struct tally_pair p;

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	tally_add(t, word, word);
	tally_add(t, word, word);
	assert_true(tally_at(t, 0, &p));
	assert_int_equal(strlen(p.a), TALLY_WORD_BYTES - 1);
	assert_int_equal(p.n, 2);
}

#define THREADS 4
#define EACH 2000

static void *
count(void *arg)
{
	struct tally *t = arg;
	char word[16];
	int i;

	for (i = 0; i < EACH; i++) {
		(void)snprintf(word, sizeof(word), "%d", i % 50);
		tally_add(t, word, "");
	}
	return NULL;
}

static void
threads_lose_nothing_and_add_no_pair_twice(void **state)
{
	AUTO_STRUCT(tally) *t = tally_new(40);
	pthread_t thread[THREADS];
	uint64_t sum = 0, other = 0;
	struct tally_pair p;
	size_t i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count, t), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (i = 0; tally_at(t, i, &p); i++) {
		sum += p.n;
		if (strcmp(p.a, TALLY_OTHER) == 0)
			other += p.n;
		else
			assert_int_equal(p.n, THREADS * EACH / 50);
	}
	assert_int_equal(i, 41);
	assert_int_equal(sum, THREADS * EACH);
	assert_int_equal(other, THREADS * EACH / 5);
}

static void
durations_fall_into_their_bucket(void **state)
{
	struct timing t = { 0 };

	(void)state;
	timing_add(&t, 0);
	timing_add(&t, 1000);
	timing_add(&t, 1001);
	timing_add(&t, 10000001);
	assert_int_equal(tally_now(&t.bucket[0]), 2);
	assert_int_equal(tally_now(&t.bucket[1]), 1);
	assert_int_equal(tally_now(&t.bucket[TIMING_BUCKETS]), 1);
	assert_int_equal(tally_now(&t.us), 10002002);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_pair_of_words_is_counted_by_itself),
		UNIT_TEST(what_there_is_no_room_for_is_other),
		UNIT_TEST(long_words_are_cut),
		UNIT_TEST(threads_lose_nothing_and_add_no_pair_twice),
		UNIT_TEST(durations_fall_into_their_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
