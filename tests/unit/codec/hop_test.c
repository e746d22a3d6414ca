#include "tests/unit/unit.h"

#include "codec/hop.h"

static struct hop_chain got;

static bool
chain(const char *cert, const char *more)
{
	return hop_chain_read(&cx, cert == NULL ? BYTES_NONE : bytes_str(cert),
		   more == NULL ? BYTES_NONE : bytes_str(more), &got) == NULL;
}

static void
no_field_is_no_certificate(void **state)
{
	(void)state;
	assert_true(chain(NULL, NULL));
	assert_int_equal(got.n, 0);
}

static void
certificates_come_leaf_first(void **state)
{
	(void)state;
	assert_true(chain(":bGVhZg==:", NULL));
	assert_int_equal(got.n, 1);
	assert_bytes(got.cert[0], LIT("leaf"));
	assert_true(chain(":bGVhZg==:", ":Y2Ex:, :Y2Ey:"));
	assert_int_equal(got.n, 3);
	assert_bytes(got.cert[0], LIT("leaf"));
	assert_bytes(got.cert[1], LIT("ca1"));
	assert_bytes(got.cert[2], LIT("ca2"));
	assert_false(got.too_long);
	/* OWS on both sides of the comma, RFC 8941 section 3.1. */
	assert_true(chain(":bGVhZg==:", ":Y2Ex: \t,:Y2Ey:,\t:Y2Ex:"));
	assert_int_equal(got.n, 4);
}

/* It is judged as one from a handshake: refused, and by whom. */
static void
chain_that_is_too_long_is_said_to_be(void **state)
{
	(void)state;
	assert_true(chain(":bGVhZg==:", ":Y2Ex:,:Y2Ex:,:Y2Ex:,:Y2Ex:,:Y2Ex:"));
	assert_int_equal(got.n, LIMIT_CHAIN);
	assert_true(got.too_long);
}

static void
malformed_certificates_are_refused(void **state)
{
	static const char *const bad[] = { "", ":",
		"::", "bGVhZg==", ":bGVhZg==", "bGVhZg==:", ":bGVhZg=:",
		":bGVhZg:", ":bGVh Zg==:", ":bGVhZg==: ", " :bGVhZg==:",
		":bGV-Zg==:", ":bGVhZg==:;a=1", /* no parameters */
		":bGVhZg==:, :bGVhZg==:", ":bGVhZg==:x", "\"bGVhZg==\"", "?1",
		"bGVhZg", ":bGVhZh==:" /* spare bits */ };
	static const char *const bad_chains[] = { "", ",", ":Y2Ex:,",
		",:Y2Ex:", ":Y2Ex:,,:Y2Ex:", ":Y2Ex: :Y2Ex:", ":Y2Ex:;a",
		"(:Y2Ex:)", ":Y2Ex", "Y2Ex" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (chain(bad[i], NULL))
			wrong("accepted Client-Cert: %s", bad[i]);
	for (i = 0; i < COUNT(bad_chains); i++)
		if (chain(":bGVhZg==:", bad_chains[i]))
			wrong("accepted Client-Cert-Chain: %s", bad_chains[i]);
	/* RFC 9440 section 2.3. */
	assert_false(chain(NULL, ":Y2Ex:"));
}

static void
certificate_above_the_limit_is_refused(void **state)
{
	uint8_t *der = arena_alloc(cx.arena, LIMIT_CERT + 1);
	size_t n;

	(void)state;
	for (n = LIMIT_CERT; n <= LIMIT_CERT + 1; n++) {
		const char *text = arena_printf(cx.arena,
		    ":%s:", bytes_b64(cx.arena, (struct bytes){ der, n }));

		assert_int_equal(chain(text, NULL), n == LIMIT_CERT);
		assert_int_equal(chain(":bGVhZg==:", text), n == LIMIT_CERT);
	}
}

static const char *
address(const char *forwarded)
{
	const char *out;

	return hop_forwarded_read(&cx,
		   forwarded == NULL ? BYTES_NONE : bytes_str(forwarded),
		   &out) == NULL
		   ? out
		   : NULL;
}

static void
address_is_read_in_its_canonical_form(void **state)
{
	static const struct {
		const char *text, *address;
	} good[] = {
		{ "for=192.0.2.60", "192.0.2.60" },
		{ "For=192.0.2.60;proto=https;by=203.0.113.43", "192.0.2.60" },
		{ "proto=HTTPS;for=\"192.0.2.60\"", "192.0.2.60" },
		{ "for=\"192.0.2.60:4711\"", "192.0.2.60" },
		{ "for=\"[2001:DB8:0::1]\"", "2001:db8::1" },
		{ "for=\"[2001:db8:cafe::17]:4711\";host=\"id.example:1\"",
		    "2001:db8:cafe::17" },
		{ "for=\"[::ffff:192.0.2.1]\"", "::ffff:192.0.2.1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		if (address(good[i].text) == NULL)
			wrong("refused %s", good[i].text);
		assert_string_equal(address(good[i].text), good[i].address);
	}
}

static void
anything_else_is_refused(void **state)
{
	static const char *const bad[] = { NULL, "", ";", "for",
		"for=", "for=\"", "for=\"\"", "for=unknown", "for=_hidden",
		"for=\"_gazonk\"", "for=localhost", "proto=https",
		"by=192.0.2.1",
		/* what a client said, with the proxy's word behind it */
		"for=192.0.2.1, for=192.0.2.2", "for=192.0.2.1,", ",",
		"for=192.0.2.1;for=192.0.2.2", "for=192.0.2.1;",
		";for=192.0.2.1", "for=192.0.2.1; proto=https",
		"for = 192.0.2.1", "for=192.0.2.1 ", " for=192.0.2.1",
		"for=192.0.2.1:80", "for=2001:db8::1", "for=[2001:db8::1]",
		"for=\"2001:db8::1\"", "for=\"[2001:db8::1\"",
		"for=\"[192.0.2.1]\"", "for=\"[2001:db8::1]x\"",
		"for=\"[2001:db8::1]:\"", "for=\"192.0.2.1:\"",
		"for=\"192.0.2.1:123456\"", "for=\"192.0.2.1:_x\"",
		"for=\"192.0.2.1:8x\"", "for=192.0.2", "for=192.0.2.256",
		"for=192.0.2.01", "for=0x7f.1", "for=192.0.2.1;proto=http",
		"for=192.0.2.1;proto=", "for=192.0.2.1;proto=httpsx",
		"for=192.0.2.1;secret=x", "for=192.0.2.1;=x",
		"for=\"192.0.2.1\\\"\"", "for=\"192.0.2.1",
		"for=\"[fe80::1%1]\"", "192.0.2.1",
		"for=\"1234567890123456789012345678901234567890"
		"1234567890123456789012345\"" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (address(bad[i]) != NULL)
			wrong("accepted %s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(no_field_is_no_certificate),
		UNIT_TEST(certificates_come_leaf_first),
		UNIT_TEST(chain_that_is_too_long_is_said_to_be),
		UNIT_TEST(malformed_certificates_are_refused),
		UNIT_TEST(certificate_above_the_limit_is_refused),
		UNIT_TEST(address_is_read_in_its_canonical_form),
		UNIT_TEST(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
