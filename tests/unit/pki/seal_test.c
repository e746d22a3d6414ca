#include "tests/unit/pki/material.h"

#include "pki/mac_internal.h"
#include "pki/seal.h"

static const struct seal_for ACME = { "anchor", "acme" };

static void
what_is_sealed_opens_for_the_same_alone(void **state)
{
	const struct seal_for others[] = { { "anchor", "acme2" },
		{ "anchor", "" }, { "anchors", "acme" } };
	AUTO_STRUCT(mac_key) *k = mac_key_new(LIT("key")), *other = NULL;
	struct bytes secret = LIT("0123456789abcdef0123456789abcdef"), out;
	struct bytes sealed = seal(&cx, k, &ACME, secret);
	size_t i;

	(void)state;
	other = mac_key_new(LIT("another key"));
	assert_int_equal(sealed.n, secret.n + SEAL_BYTES);
	assert_null(memmem(sealed.p, sealed.n, secret.p, 8));
	assert_true(seal_open(&cx, k, &ACME, sealed, &out));
	assert_true(bytes_eq(out, secret));
	assert_false(seal_open(&cx, other, &ACME, sealed, &out));
	for (i = 0; i < 3; i++)
		assert_false(seal_open(&cx, k, &others[i], sealed, &out));
	/* Nobody sees that two are the same. */
	assert_false(bytes_eq(sealed, seal(&cx, k, &ACME, secret)));
}

static void
each_changed_or_missing_byte_is_noticed(void **state)
{
	AUTO_STRUCT(mac_key) *k = mac_key_new(LIT("key"));
	struct bytes sealed = seal(&cx, k, &ACME, LIT("secret")), out;
	uint8_t changed[SEAL_BYTES + 6];
	size_t i;

	(void)state;
	for (i = 0; i < sealed.n; i++) {
		memcpy(changed, sealed.p, sealed.n);
		changed[i] ^= 1;
		assert_false(seal_open(&cx, k, &ACME, BYTES_OF(changed), &out));
		assert_false(seal_open(
		    &cx, k, &ACME, (struct bytes){ sealed.p, i }, &out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_sealed_opens_for_the_same_alone),
		UNIT_TEST(each_changed_or_missing_byte_is_noticed),
	};

	return cmocka_run_group_tests_name("pki/seal", tests, NULL, NULL);
}
