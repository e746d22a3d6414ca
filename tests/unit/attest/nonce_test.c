#include "tests/unit/unit.h"

#include "attest/attest.h"
#include "attest/nonce.h"
#include "pki/mac_internal.h"

#define ISSUER "https://latchkey.example"

static struct mac_key *mac;

static int
setup(void **state)
{
	mac = mac_key_new(LIT("a key of 32 bytes, more or less."));
	return unit_setup(state);
}

static int
end(void **state)
{
	mac_key_free(mac);
	return unit_end(state);
}

static bool
is_ours(struct bytes nonce)
{
	return nonce_judge(&cx, mac, ISSUER, nonce) == NULL;
}

static void
a_nonce_is_good_for_two_minutes(void **state)
{
	struct bytes nonce = nonce_make(&cx, mac, ISSUER);

	(void)state;
	assert_int_equal(nonce.n, NONCE_BYTES);
	assert_false(bytes_eq(nonce, nonce_make(&cx, mac, ISSUER)));
	assert_true(is_ours(nonce));
	cx.now += NONCE_SECONDS - 1;
	assert_true(is_ours(nonce));
	cx.now++;
	assert_ptr_equal(
	    nonce_judge(&cx, mac, ISSUER, nonce), &ERR_BAD_EVIDENCE);
}

static void
no_changed_or_foreign_nonce_is_ours(void **state)
{
	struct bytes nonce = nonce_make(&cx, mac, ISSUER);
	struct mac_key *other =
	    mac_key_new(LIT("another of 32 bytes, or less..."
			    "."));
	uint8_t copy[NONCE_BYTES + 1] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 8 * NONCE_BYTES; i++) {
		memcpy(copy, nonce.p, nonce.n);
		copy[i / 8] ^= (uint8_t)(1U << (i % 8));
		assert_false(is_ours((struct bytes){ copy, nonce.n }));
	}
	assert_false(is_ours((struct bytes){ copy, nonce.n - 1 }));
	assert_false(is_ours((struct bytes){ copy, nonce.n + 1 }));
	assert_false(is_ours(BYTES_NONE));
	assert_non_null(nonce_judge(&cx, mac, "https://other.example", nonce));
	assert_non_null(nonce_judge(&cx, other, ISSUER, nonce));
	mac_key_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_nonce_is_good_for_two_minutes, setup, end),
		cmocka_unit_test_setup_teardown(
		    no_changed_or_foreign_nonce_is_ours, setup, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
