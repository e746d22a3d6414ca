#include "tests/unit/unit.h"

#include "attest/tpm_challenge.h"
#include "attest/tpm_quote.h"
#include "base/file.h"
#include "pki/mac_internal.h"

#define RSA "tests/vectors/tpm2/swtpm-rsa/"
#define ECC "tests/vectors/tpm2/swtpm-ecc/"

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

static struct tpm_key
key(const char *path)
{
	char why[FILE_WHY_BYTES];
	struct tpm_key out;
	struct bytes in;

	assert_true(file_slurp(cx.arena, path, 4096, &in, why));
	assert_null(tpm_key_read(&cx, in, &out));
	return out;
}

static struct tpm_evidence
of_tpm(const char *ek, const char *ak)
{
	return (struct tpm_evidence){ .ek = key(ek), .ak = key(ak) };
}

static struct attest_basis
basis_of(void)
{
	return (struct attest_basis){ .mac = mac,
		.issuer = "https://latchkey.example",
		.key_spki = LIT("the key to be certified") };
}

/* What the TPM of ev answers to a challenge of now. */
static void
activate(struct tpm_evidence *ev, const struct attest_basis *basis)
{
	struct tpm_challenge c;

	assert_null(tpm_challenge_make(&cx, basis, ev, &c));
	assert_true(c.credential_blob.n > 32 && c.encrypted_secret.n > 32);
	ev->challenge = c.handle;
	ev->secret = tpm_challenge_secret(&cx, mac, c.handle, basis, ev);
}

static const char *
judged(const struct tpm_evidence *ev, const struct attest_basis *basis)
{
	struct verdict v;

	verdict_init(&v);
	return tpm_challenge_judge(&cx, ev, basis, &v) ? "" : v.finding[0].code;
}

static void
a_secret_is_for_one_tpm_and_one_key(void **state)
{
	struct tpm_evidence ev = of_tpm(ECC "ek.pub", ECC "ak.pub"), other;
	struct attest_basis basis = basis_of();

	(void)state;
	activate(&ev, &basis);
	assert_string_equal(judged(&ev, &basis), "");
	other = ev;
	other.ak = key(RSA "ak.pub");
	assert_string_equal(judged(&other, &basis), "ak-not-activated");
	other = ev;
	other.ek = key(RSA "ek.pub");
	assert_string_equal(judged(&other, &basis), "ak-not-activated");
	basis.key_spki = LIT("another key");
	assert_string_equal(judged(&ev, &basis), "ak-not-activated");
	basis = basis_of();
	basis.issuer = "https://elsewhere.example";
	assert_string_equal(judged(&ev, &basis), "ak-not-activated");
}

static void
a_secret_ends(void **state)
{
	struct tpm_evidence ev = of_tpm(RSA "ek.pub", RSA "ak.pub");
	struct attest_basis basis = basis_of();

	(void)state;
	activate(&ev, &basis);
	cx.now += TPM_CHALLENGE_SECONDS;
	assert_string_equal(judged(&ev, &basis), "");
	cx.now++;
	assert_string_equal(judged(&ev, &basis), "challenge-ended");
}

static void
no_other_secret_and_handle_will_do(void **state)
{
	struct tpm_evidence ev = of_tpm(RSA "ek.pub", RSA "ak.pub"), other;
	struct attest_basis basis = basis_of();
	uint8_t handle[TPM_HANDLE_BYTES];

	(void)state;
	activate(&ev, &basis);
	other = ev;
	other.secret.n--;
	assert_string_equal(judged(&other, &basis), "ak-not-activated");
	other = ev;
	other.challenge.n--;
	assert_string_equal(judged(&other, &basis), "ak-not-activated");
	/* A handle that ends later is another one. */
	memcpy(handle, ev.challenge.p, sizeof(handle));
	handle[7]++;
	other = ev;
	other.challenge = BYTES_OF(handle);
	assert_string_equal(judged(&other, &basis), "ak-not-activated");
	other = ev;
	other.challenge = other.secret = BYTES_NONE;
	assert_string_equal(judged(&other, &basis), "ak-not-activated");
}

static void
a_quote_answers_to_a_service_for_a_key(void **state)
{
	struct attest_basis basis = basis_of(), other = basis_of();

	(void)state;
	basis.nonce = other.nonce = LIT("nonce");
	assert_true(bytes_eq(
	    tpm_quote_extra(&cx, &basis), tpm_quote_extra(&cx, &other)));
	other.issuer = "https://elsewhere.example";
	assert_false(bytes_eq(
	    tpm_quote_extra(&cx, &basis), tpm_quote_extra(&cx, &other)));
	other = basis;
	other.key_spki = LIT("another key");
	assert_false(bytes_eq(
	    tpm_quote_extra(&cx, &basis), tpm_quote_extra(&cx, &other)));
	other.issuer = NULL;
	assert_true(bytes_eq(tpm_quote_extra(&cx, &other), LIT("nonce")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_secret_is_for_one_tpm_and_one_key),
		TEST(a_secret_ends),
		TEST(no_other_secret_and_handle_will_do),
		TEST(a_quote_answers_to_a_service_for_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
