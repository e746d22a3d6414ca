#include "http/gate.h"

#include <arpa/inet.h>

#include "tests/unit/unit.h"

#define SECOND 1000000

/* Of n connections at that time, how many are let in. */
static int
admitted(struct gate *g, const char *address, int64_t now, int n)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *from = (void *)&in;
	int yes = 0;

	if (inet_pton(AF_INET, address, &in.sin_addr) != 1) {
		assert_int_equal(
		    inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
		from = (void *)&in6;
	}
	while (n-- > 0)
		yes += gate_admit(g, from, now);
	return yes;
}

static void
a_burst_then_the_rate(void **state)
{
	AUTO_STRUCT(gate) *g = gate_new(10, 30);

	(void)state;
	assert_int_equal(admitted(g, "192.0.2.1", SECOND, 100), 30);
	assert_int_equal(admitted(g, "192.0.2.1", SECOND + 99999, 5), 0);
	assert_int_equal(admitted(g, "192.0.2.1", SECOND + 100000, 5), 1);
	assert_int_equal(admitted(g, "192.0.2.1", 2 * SECOND, 100), 9);
	assert_int_equal(admitted(g, "192.0.2.1", 100 * SECOND, 100), 30);
	assert_int_equal(gate_take_refused(g), 70 + 5 + 4 + 91 + 70);
	assert_int_equal(gate_take_refused(g), 0);
}

static void
another_address_is_not_touched(void **state)
{
	AUTO_STRUCT(gate) *g = gate_new(10, 30);

	(void)state;
	assert_int_equal(admitted(g, "192.0.2.1", SECOND, 1000), 30);
	assert_int_equal(admitted(g, "192.0.2.2", SECOND, 1000), 30);
	assert_int_equal(admitted(g, "2001:db8::1", SECOND, 1000), 30);
	/* What was refused took nothing of the network's. */
	assert_int_equal(admitted(g, "192.0.2.3", SECOND, 1000), 30);
}

static void
a_network_gets_four_times_an_address(void **state)
{
	AUTO_STRUCT(gate) *g = gate_new(10, 30);
	int i, sum = 0;

	(void)state;
	for (i = 1; i < 100; i++)
		sum += admitted(
		    g, arena_printf(cx.arena, "192.0.2.%d", i), SECOND, 10);
	assert_int_equal(sum, 4 * 30);
	assert_int_equal(admitted(g, "192.0.3.1", SECOND, 100), 30);
	assert_int_equal(admitted(g, "192.0.2.200", 2 * SECOND, 100), 30);
}

static void
an_ipv6_site_is_one_address(void **state)
{
	AUTO_STRUCT(gate) *g = gate_new(10, 30);
	int i, sum = 0;

	(void)state;
	for (i = 1; i < 100; i++)
		sum += admitted(
		    g, arena_printf(cx.arena, "2001:db8::%x:1", i), SECOND, 10);
	assert_int_equal(sum, 30);
	for (i = 1; i < 100; i++)
		sum += admitted(g,
		    arena_printf(cx.arena, "2001:db8:0:%x::1", i), SECOND, 10);
	assert_int_equal(sum, 4 * 30);
	assert_int_equal(admitted(g, "2001:db8:1::1", SECOND, 100), 30);
}

static void
rate_0_lets_all_pass(void **state)
{
	AUTO_STRUCT(gate) *g = gate_new(0, 1);

	(void)state;
	assert_int_equal(admitted(g, "192.0.2.1", SECOND, 1000), 1000);
}

/* More networks than there are buckets: whoever is under way keeps his. */
static void
many_addresses_do_not_free_a_sender(void **state)
{
	AUTO_STRUCT(gate) *g = gate_new(10, 30);
	int i, sum;

	(void)state;
	sum = admitted(g, "192.0.2.1", SECOND, 30);
	for (i = 0; i < 60000; i++) {
		arena_reset(cx.arena);
		(void)admitted(
		    g, arena_printf(cx.arena, "2001:%x:1::1", i), SECOND, 1);
	}
	assert_int_equal(sum + admitted(g, "192.0.2.1", SECOND, 30), 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_burst_then_the_rate),
		UNIT_TEST(another_address_is_not_touched),
		UNIT_TEST(a_network_gets_four_times_an_address),
		UNIT_TEST(an_ipv6_site_is_one_address),
		UNIT_TEST(rate_0_lets_all_pass),
		UNIT_TEST(many_addresses_do_not_free_a_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
