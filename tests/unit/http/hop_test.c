#include "http/hop.h"

#include "domain/svc.h"
#include "tests/unit/unit.h"

static struct svc svc;
static struct request rq;

static struct head_field
field(const char *name, const char *value)
{
	return (struct head_field){ name, value, strlen(name), strlen(value) };
}

static const struct err *
read_as(const char *shown, struct head_field *fields, size_t n)
{
	struct head h = { .field = fields, .n = n };
	struct peer hop = { .chain = { bytes_str(shown) },
		.n = *shown != '\0' };

	cx.svc = &svc;
	svc.hop[0] = LIT("one");
	svc.hop[1] = LIT("two");
	svc.hops = 2;
	memset(&rq, 0, sizeof(rq));
	return hop_read(&cx, &hop, &h, &rq);
}

static void
h2_only_pinned_certificates_may_speak_for_others(void **state)
{
	struct head_field said[] = { field("Forwarded", "for=192.0.2.1"),
		field("client-cert", ":bGVhZg==:") };

	(void)state;
	assert_null(read_as("one", said, 2));
	assert_null(read_as("two", said, 2));
	assert_bytes(rq.peer.chain[0], LIT("leaf"));
	assert_string_equal(rq.address, "192.0.2.1");
	assert_string_equal(read_as("three", said, 2)->code, "unknown-proxy");
	assert_int_equal(rq.peer.n, 0);
	assert_string_equal(read_as("", said, 2)->code, "unknown-proxy");
}

static void
proxy_that_does_not_say_where_from_is_refused(void **state)
{
	struct head_field said[] = { field("Client-Cert", ":bGVhZg==:"),
		field("X-Forwarded-For", "192.0.2.1") };

	(void)state;
	assert_string_equal(read_as("one", said, 2)->code, "bad-proxy-header");
	assert_int_equal(rq.peer.n, 0);
}

static void
h2_all_that_only_a_proxy_may_say_is_deleted(void **state)
{
	struct head_field f[] = { field("Host", "h"),
		field("client-cert", ":x:"), field("Client-Cert-Chain", ":x:"),
		field("FORWARDED", "for=1"), field("x-forwarded-for", "1"),
		field("Accept", "a"), field("X-Forwarded-Proto", "https"),
		field("Client-Cert-Verified", "yes"), field("DPoP", "d") };

	(void)state;
	assert_int_equal(hop_delete(f, COUNT(f)), 3);
	assert_string_equal(f[0].name, "Host");
	assert_string_equal(f[1].name, "Accept");
	assert_string_equal(f[2].name, "DPoP");
	assert_int_equal(hop_delete(f, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(h2_only_pinned_certificates_may_speak_for_others),
		UNIT_TEST(proxy_that_does_not_say_where_from_is_refused),
		UNIT_TEST(h2_all_that_only_a_proxy_may_say_is_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
