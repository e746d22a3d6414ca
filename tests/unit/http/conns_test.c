#include "http/conns.h"

#include "tests/unit/unit.h"

static const struct net_site HERE = { 1, 10 }, THERE = { 2, 10 },
			     OTHER_FAMILY = { 1, 2 };

static void
a_site_has_so_many_connections_and_no_more(void **state)
{
	AUTO_STRUCT(conns) *cs = conns_new();
	struct conn *c[6];
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++)
		c[i] = conns_add(cs, -1, 0);
	assert_true(conns_admit(cs, c[0], HERE, 2));
	assert_true(conns_admit(cs, c[1], HERE, 2));
	assert_false(conns_admit(cs, c[2], HERE, 2));
	assert_true(conns_admit(cs, c[3], THERE, 2));
	assert_true(conns_admit(cs, c[4], OTHER_FAMILY, 2));
	/* One that was refused never counted; one that ends makes room. */
	conns_remove(cs, c[2]);
	assert_false(conns_admit(cs, c[5], HERE, 2));
	conns_remove(cs, c[1]);
	assert_true(conns_admit(cs, c[5], HERE, 2));
	conns_remove(cs, c[0]);
	conns_remove(cs, c[5]);
	conns_remove(cs, c[4]);
	conns_remove(cs, c[3]);
}

static void
late_connections_are_shut_once(void **state)
{
	AUTO_STRUCT(conns) *cs = conns_new();
	struct conn *late, *early, *idle;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	late = conns_add(cs, fds[0], 5);
	early = conns_add(cs, fds[0], 50);
	idle = conns_add(cs, fds[1], 0);
	assert_int_equal(conns_reap(cs, 10), 1);
	assert_int_equal(conns_reap(cs, 10), 0);
	assert_int_equal(conns_shut_idle(cs), 3);
	conns_remove(cs, early);
	conns_remove(cs, late);
	conns_remove(cs, idle);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_site_has_so_many_connections_and_no_more),
		UNIT_TEST(late_connections_are_shut_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
