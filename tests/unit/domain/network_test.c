#include "domain/network.h"

#include "domain/svc.h"
#include "pki/mac_internal.h"
#include "tests/unit/unit.h"

#define ID "00000000-0000-4000-8000-000000000001"
#define OTHER_ID "00000000-0000-4000-8000-000000000002"

static enum network
compare(const char *device, const char *owner)
{
	AUTO_STRUCT(mac_key) *mac = mac_key_new(bytes_str("secret"));
	struct svc svc = { .mac = mac };

	cx.svc = &svc;
	return network_compare(&cx, ID, network_keep(&cx, ID, device), owner);
}

static void
one_router_and_one_prefix_are_the_same_network(void **state)
{
	static const struct {
		const char *device, *owner;
		enum network want;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", NETWORK_SAME },
		{ "192.0.2.1", "192.0.2.2", NETWORK_OTHER },
		{ "192.0.2.1", "::ffff:192.0.2.1", NETWORK_SAME },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", NETWORK_SAME },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", NETWORK_OTHER },
		{ "2001:db8:1:2::1", "192.0.2.1", NETWORK_UNKNOWN },
		{ "192.0.2.1", "2001:db8:1:2::1", NETWORK_UNKNOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    compare(cases[i].device, cases[i].owner), cases[i].want);
}

static void
what_is_kept_names_no_address_and_is_of_one_request(void **state)
{
	AUTO_STRUCT(mac_key) *mac = mac_key_new(bytes_str("secret"));
	struct svc svc = { .mac = mac };
	struct bytes kept, other;

	(void)state;
	cx.svc = &svc;
	kept = network_keep(&cx, ID, "192.0.2.1");
	other = network_keep(&cx, OTHER_ID, "192.0.2.1");
	assert_int_equal(kept.n, 33);
	assert_false(bytes_eq(kept, other));
	assert_int_equal(
	    network_compare(&cx, OTHER_ID, kept, "192.0.2.1"), NETWORK_OTHER);
	assert_int_equal(
	    network_compare(&cx, ID, BYTES_NONE, "192.0.2.1"), NETWORK_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(one_router_and_one_prefix_are_the_same_network),
		UNIT_TEST(what_is_kept_names_no_address_and_is_of_one_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
