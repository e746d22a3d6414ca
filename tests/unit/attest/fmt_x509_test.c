#include "tests/unit/pki/material.h"

#include "attest/fmt_x509.h"
#include "pki/chain.h"
#include "pki/key.h"
#include "pki/maker.h"

static void
own_maker(void *p)
{
	maker_free(p);
}

static struct maker *
new_maker(bool with_intermediate)
{
	struct maker *m = maker_new("Acme", with_intermediate, NOW);

	arena_own(cx.arena, own_maker, m);
	return m;
}

static struct bytes
born(const struct maker *m, const char *serial, int64_t not_after)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();
	const struct maker_birth b = { .serial = serial,
		.org = "Acme",
		.cn = "thermostat",
		.spki = keypair_spki(&cx, kp),
		.not_before = NOW - DAY,
		.not_after = not_after };
	struct bytes der;

	assert_null(maker_birth_certificate(&cx, m, &b, &der));
	return der;
}

static void
a_birth_certificate_is_read_and_verified(void **state)
{
	struct maker *m = new_maker(true);
	struct bytes chain[] = { born(m, "SN 42", 0), maker_intermediate(m) };
	struct attest_anchor anchor = { .value = maker_root(m) };
	struct idevid id;
	struct cert root, mid;

	(void)state;
	assert_null(idevid_parse(&cx, chain, 2, &id));
	assert_string_equal(id.serial, "SN 42");
	assert_string_equal(id.leaf.cn, "thermostat");
	assert_int_equal(id.leaf.not_after, CERT_NO_EXPIRY);
	assert_int_equal(id.n, 2);
	assert_null(cert_parse(&cx, maker_root(m), &root));
	assert_null(cert_parse(&cx, maker_intermediate(m), &mid));
	assert_bytes(id.issuers[0], BYTES_OF(mid.subject_sha256));
	assert_bytes(id.issuers[1], BYTES_OF(root.subject_sha256));
	assert_null(idevid_verify(&cx, &id, NULL, &anchor));
	anchor.scope_spki_sha256 = BYTES_OF(mid.key_sha256);
	assert_null(idevid_verify(&cx, &id, NULL, &anchor));
	anchor.scope_spki_sha256 = BYTES_OF(root.key_sha256);
	assert_true(
	    is_err(idevid_verify(&cx, &id, NULL, &anchor), "chain-scope"));
}

static void
an_anchor_of_another_maker_does_not_verify(void **state)
{
	struct maker *m = new_maker(false), *other = new_maker(false);
	struct bytes leaf = born(m, "SN-1", 0);
	struct attest_anchor anchor = { .value = maker_root(other) };
	struct idevid id;

	(void)state;
	assert_null(idevid_parse(&cx, &leaf, 1, &id));
	assert_true(
	    is_err(idevid_verify(&cx, &id, NULL, &anchor), "chain-untrusted"));
	anchor.value = LIT("garbage");
	assert_non_null(idevid_verify(&cx, &id, NULL, &anchor));
}

static void
an_expired_birth_certificate_is_told(void **state)
{
	struct maker *m = new_maker(false);
	struct bytes leaf = born(m, "SN-1", NOW - 1);
	struct attest_anchor anchor = { .value = maker_root(m) };
	struct idevid id;

	(void)state;
	assert_null(idevid_parse(&cx, &leaf, 1, &id));
	assert_true(
	    is_err(idevid_verify(&cx, &id, NULL, &anchor), "chain-expired"));
}

static void
a_unit_may_be_known_by_its_key_alone(void **state)
{
	struct maker *m = new_maker(false);
	struct bytes leaf = born(m, NULL, 0);
	struct idevid id;

	(void)state;
	assert_null(idevid_parse(&cx, &leaf, 1, &id));
	assert_null(id.serial);
}

static const struct err *
parse_spec(const struct spec *s)
{
	struct holder ca = make_ca("ca", NULL);
	struct bytes der = make(s, &ca).der;
	struct idevid id;

	return idevid_parse(&cx, &der, 1, &id);
}

static void
serial_numbers_outside_the_alphabet_are_refused(void **state)
{
	static const char *const bad[] = { " x", "x ", "a_b", "a*b",
		"0123456789012345678901234567890123456789"
		"0123456789012345678901234" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct spec s = { .cn = "x", .serial_number = bad[i] };

		if (!is_err(parse_spec(&s), "bad-evidence"))
			wrong("serial \"%s\"", bad[i]);
	}
}

static void
a_ca_is_no_birth_certificate(void **state)
{
	const struct spec s = { .cn = "x", .ext = { CA_EXTENSIONS } };

	(void)state;
	assert_true(is_err(parse_spec(&s), "bad-evidence"));
}

static void
chains_of_the_wrong_shape_are_refused(void **state)
{
	struct maker *m = new_maker(false);
	struct bytes chain[6], garbage = LIT("0\x80");
	struct idevid id;

	(void)state;
	for (size_t i = 0; i < COUNT(chain); i++)
		chain[i] = born(m, "SN-1", 0);
	assert_null(idevid_parse(&cx, chain, 5, &id));
	assert_true(is_err(idevid_parse(&cx, chain, 6, &id), "bad-evidence"));
	assert_true(is_err(idevid_parse(&cx, chain, 0, &id), "bad-evidence"));
	assert_true(
	    is_err(idevid_parse(&cx, &garbage, 1, &id), "bad-evidence"));
	chain[1] = garbage;
	assert_true(is_err(idevid_parse(&cx, chain, 2, &id), "bad-evidence"));
}

static void
an_unknown_format_is_none(void **state)
{
	(void)state;
	assert_null(attest_format_get("passport"));
}

static void
a_maker_survives_its_directory(void **state)
{
	const char *dir = unit_mkdir();
	struct maker *m = new_maker(true), *back;
	char why[256];

	(void)state;
	assert_true(maker_save(m, dir, why));
	assert_false(maker_save(m, dir, why));
	back = maker_load(dir, why);
	assert_non_null(back);
	assert_bytes(maker_root(m), maker_root(back));
	assert_bytes(maker_intermediate(m), maker_intermediate(back));
	maker_free(back);
	unit_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_birth_certificate_is_read_and_verified),
		UNIT_TEST(an_anchor_of_another_maker_does_not_verify),
		UNIT_TEST(an_expired_birth_certificate_is_told),
		UNIT_TEST(a_unit_may_be_known_by_its_key_alone),
		UNIT_TEST(serial_numbers_outside_the_alphabet_are_refused),
		UNIT_TEST(a_ca_is_no_birth_certificate),
		UNIT_TEST(chains_of_the_wrong_shape_are_refused),
		UNIT_TEST(an_unknown_format_is_none),
		UNIT_TEST(a_maker_survives_its_directory),
	};

	return cmocka_run_group_tests_name("attest", tests, NULL, NULL);
}
