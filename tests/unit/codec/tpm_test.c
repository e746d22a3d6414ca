#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "codec/tpm.h"

#define RSA "tests/vectors/tpm2/swtpm-rsa/"
#define ECC "tests/vectors/tpm2/swtpm-ecc/"

static struct bytes
vector(const char *path)
{
	char why[FILE_WHY_BYTES];
	struct bytes out;

	assert_true(file_slurp(cx.arena, path, 4096, &out, why));
	return out;
}

static bool
is_public(struct bytes in)
{
	struct tpm_public p;

	return tpm_public_read(&cx, in, &p) == NULL;
}

static bool
is_attest(struct bytes in)
{
	struct tpm_attest a;

	return tpm_attest_read(&cx, in, &a) == NULL;
}

static bool
is_signature(struct bytes in)
{
	struct tpm_signature s;

	return tpm_signature_read(&cx, in, &s) == NULL;
}

/* A copy with one byte changed. */
static struct bytes
with(struct bytes in, size_t at, uint8_t value)
{
	uint8_t *copy = arena_alloc(cx.arena, in.n);

	memcpy(copy, in.p, in.n);
	copy[at] = value;
	return (struct bytes){ copy, in.n };
}

static struct bytes
longer(struct bytes in)
{
	uint8_t *copy = arena_alloc(cx.arena, in.n + 1);

	memcpy(copy, in.p, in.n);
	return (struct bytes){ copy, in.n + 1 };
}

static void
what_a_tpm_wrote_is_read(void **state)
{
	struct tpm_public p;
	struct tpm_attest a;

	(void)state;
	assert_null(tpm_public_read(&cx, vector(RSA "ek.pub"), &p));
	assert_int_equal(p.type, TPM_ALG_RSA);
	assert_int_equal(p.sym_bits, 128);
	assert_int_equal(p.modulus.n, 256);
	assert_int_equal(p.scheme, TPM_ALG_NULL);
	assert_true((p.attributes & TPM_DECRYPT) != 0);
	assert_null(tpm_public_read(&cx, vector(ECC "ek.pub"), &p));
	assert_int_equal(p.curve, TPM_ECC_P384);
	assert_int_equal(p.name_alg, TPM_ALG_SHA384);
	assert_int_equal(p.sym_bits, 256);
	assert_int_equal(p.policy.n, 48);
	assert_null(tpm_attest_read(&cx, vector(ECC "quote.msg"), &a));
	assert_int_equal(a.type, TPM_ATTEST_QUOTE);
	assert_int_equal(a.bank, TPM_ALG_SHA256);
	assert_int_equal(a.pcrs, 0xff);
	assert_int_equal(a.extra.n, 32);
	assert_null(tpm_attest_read(&cx, vector(ECC "certify.attest"), &a));
	assert_int_equal(a.type, TPM_ATTEST_CERTIFY);
	assert_int_equal(a.name.n, 34);
	assert_true(is_signature(vector(RSA "quote.sig")));
	assert_true(is_signature(vector(ECC "quote.sig")));
}

static void
cut_and_longer_structures_are_refused(void **state)
{
	static const struct {
		const char *path;
		bool (*is)(struct bytes);
	} whole[] = {
		{ RSA "ek.pub", is_public },
		{ ECC "ak.pub", is_public },
		{ ECC "quote.msg", is_attest },
		{ ECC "certify.attest", is_attest },
		{ RSA "quote.sig", is_signature },
		{ ECC "quote.sig", is_signature },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(whole); i++) {
		struct bytes in = vector(whole[i].path);

		assert_true(whole[i].is(in));
		for (n = 0; n < in.n; n++)
			assert_false(whole[i].is((struct bytes){ in.p, n }));
		assert_false(whole[i].is(longer(in)));
	}
}

static void
bytes_after_a_key_inside_its_size_are_refused(void **state)
{
	struct bytes ak = vector(ECC "ak.pub");

	(void)state;
	assert_false(is_public(with(longer(ak), 1, (uint8_t)(ak.p[1] + 1))));
}

static void
other_algorithms_are_refused(void **state)
{
	struct bytes ak = vector(ECC "ak.pub"), rsa = vector(RSA "ak.pub");
	struct bytes sig = vector(ECC "quote.sig");

	(void)state;
	assert_false(is_public(with(ak, 3, 0x08))); /* KEYEDHASH */
	assert_false(is_public(with(ak, 5, TPM_ALG_SHA1)));
	assert_false(is_public(with(ak, 15, TPM_ALG_RSASSA)));
	assert_false(is_public(with(ak, 19, 0x05)));  /* curve P-521 */
	assert_false(is_public(with(rsa, 18, 0x04))); /* RSA-1024 */
	assert_false(is_public(with(rsa, 23, 3)));    /* exponent */
	assert_false(is_signature(with(sig, 1, 0x1a)));
	assert_false(is_signature(with(sig, 3, 0x12)));
}

static void
what_no_tpm_made_is_refused(void **state)
{
	struct bytes quote = vector(ECC "quote.msg");

	(void)state;
	assert_false(is_attest(with(quote, 0, 0xfe)));
	assert_false(is_attest(with(quote, 5, 0x19))); /* GetTime */
	assert_false(is_attest(with(quote, 5, 0x17))); /* as a certify */
	/* Two banks, and a map that is too long. */
	assert_false(is_attest(with(quote, quote.n - 41, 2)));
	assert_false(is_attest(with(quote, quote.n - 38, 4)));
}

/* Whoever asked for a quote sees by the type that it is none. */
static void
the_time_of_a_tpm_is_no_quote(void **state)
{
	struct tpm_attest a;

	(void)state;
	assert_null(tpm_attest_read(&cx, vector(ECC "time.attest"), &a));
	assert_int_equal(a.type, TPM_ATTEST_TIME);
	assert_true(a.pcrs == 0 && a.digest.n == 0 && a.name.n == 0);
}

static void
a_2b_has_its_size_in_front(void **state)
{
	struct bytes out;
	struct buf b;

	(void)state;
	buf_init(&b, cx.arena, 16);
	tpm_put_2b(&b, LIT("abc"));
	assert_true(buf_bytes(&b, &out));
	assert_true(bytes_eq(out, LIT("\0\3abc")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_a_tpm_wrote_is_read),
		UNIT_TEST(cut_and_longer_structures_are_refused),
		UNIT_TEST(bytes_after_a_key_inside_its_size_are_refused),
		UNIT_TEST(other_algorithms_are_refused),
		UNIT_TEST(what_no_tpm_made_is_refused),
		UNIT_TEST(the_time_of_a_tpm_is_no_quote),
		UNIT_TEST(a_2b_has_its_size_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
