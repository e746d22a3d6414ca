#include "tests/unit/unit.h"

#include "attest/attest.h"
#include "attest/handle.h"
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

static struct bytes
sealed(void)
{
	const struct handle h = { .purpose = HANDLE_RENEW,
		.ends_at = cx.now + HANDLE_SECONDS,
		.birth_id = INT64_C(0x123456789),
		.key_sha256 = { 1, 2 },
		.policy_sha256 = { 3, 4 },
		.format = "psa",
		.grade = "hardware",
		.secure_boot = "on" };
	struct bytes out;

	assert_null(handle_seal(&cx, mac, ISSUER, &h, &out));
	return out;
}

static const struct err *
open_it(struct bytes b, struct handle *h)
{
	return handle_open(&cx, mac, ISSUER, b, h);
}

static void
what_was_sealed_is_read_until_it_ends(void **state)
{
	struct bytes b = sealed();
	struct handle h;

	(void)state;
	assert_null(open_it(b, &h));
	assert_int_equal(h.purpose, HANDLE_RENEW);
	assert_int_equal(h.ends_at, cx.now + HANDLE_SECONDS);
	assert_true(h.birth_id == INT64_C(0x123456789));
	assert_int_equal(h.key_sha256[1], 2);
	assert_int_equal(h.policy_sha256[1], 4);
	assert_string_equal(h.format, "psa");
	assert_string_equal(h.grade, "hardware");
	assert_null(h.sw_version);
	assert_string_equal(h.secure_boot, "on");
	assert_null(h.debug);
	cx.now += HANDLE_SECONDS - 1;
	assert_null(open_it(b, &h));
	cx.now++;
	assert_ptr_equal(open_it(b, &h), &ERR_BAD_EVIDENCE);
}

static void
no_changed_or_foreign_handle_is_ours(void **state)
{
	struct mac_key *other =
	    mac_key_new(LIT("another of 32 bytes, or less..."
			    "."));
	uint8_t copy[LIMIT_HANDLE + 1] = { 0 };
	struct bytes b = sealed();
	struct handle h;
	size_t i;

	(void)state;
	for (i = 0; i < 8 * b.n; i++) {
		memcpy(copy, b.p, b.n);
		copy[i / 8] ^= (uint8_t)(1U << (i % 8));
		assert_non_null(open_it((struct bytes){ copy, b.n }, &h));
	}
	memcpy(copy, b.p, b.n);
	assert_null(open_it((struct bytes){ copy, b.n }, &h));
	for (i = 0; i < b.n; i++)
		assert_non_null(open_it((struct bytes){ copy, i }, &h));
	assert_non_null(open_it((struct bytes){ copy, b.n + 1 }, &h));
	assert_non_null(open_it(BYTES_OF(copy), &h));
	assert_non_null(handle_open(&cx, mac, "https://other.example", b, &h));
	assert_non_null(handle_open(&cx, other, ISSUER, b, &h));
	mac_key_free(other);
}

static void
what_is_too_long_is_not_sealed(void **state)
{
	char text[257];
	struct handle h = { .format = text, .grade = "software" };
	struct bytes b;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[256] = '\0';
	assert_ptr_equal(
	    handle_seal(&cx, mac, ISSUER, &h, &b), &ERR_BAD_EVIDENCE);
	text[255] = '\0';
	assert_null(handle_seal(&cx, mac, ISSUER, &h, &b));
	h.grade = h.sw_version = h.secure_boot = h.debug = text;
	assert_non_null(handle_seal(&cx, mac, ISSUER, &h, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_was_sealed_is_read_until_it_ends, setup, end),
		cmocka_unit_test_setup_teardown(
		    no_changed_or_foreign_handle_is_ours, setup, end),
		cmocka_unit_test_setup_teardown(
		    what_is_too_long_is_not_sealed, setup, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
