#include "tests/unit/unit.h"

#include "pki/cose_sig.h"
#include "pki/key.h"

/* tests/vectors/cose holds what verifies; here what may not. */
static void
one_key_has_one_algorithm_in_evidence(void **state)
{
	static const struct {
		enum key_type type;
		int bits;
		int64_t alg[2];
	} rows[] = {
		{ KEY_P256, 256, { -7, -9 } },
		{ KEY_P384, 384, { -35, -51 } },
		{ KEY_ED25519, 255, { -8, -19 } },
		{ KEY_RSA, 2048, { -37, -37 } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		AUTO_STRUCT(keypair) *kp =
		    keypair_make(rows[i].type, rows[i].bits);
		struct bytes spki = keypair_spki(&cx, kp);

		for (int64_t alg = -300; alg < 300; alg++)
			assert_int_equal(cose_sig_fits(alg, spki),
			    alg == rows[i].alg[0] || alg == rows[i].alg[1]);
		/* A public key is no secret. */
		assert_false(cose_sig_verify(5, spki, LIT("m"), LIT("t")));
	}
	assert_false(cose_sig_fits(-7, LIT("no key")));
	assert_false(cose_sig_verify(-7, LIT("no key"), LIT("m"), LIT("s")));
}

static void
r_and_s_have_the_size_of_the_curve(void **state)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();
	struct bytes spki = keypair_spki(&cx, kp), sig;
	uint8_t longer[66] = { 0 };

	(void)state;
	assert_null(keypair_sign_es256(&cx, kp, LIT("m"), &sig));
	assert_true(cose_sig_verify(-7, spki, LIT("m"), sig));
	assert_true(cose_sig_verify(-9, spki, LIT("m"), sig));
	assert_false(cose_sig_verify(-7, spki, LIT("n"), sig));
	assert_false(cose_sig_verify(-35, spki, LIT("m"), sig));
	assert_false(cose_sig_verify(-51, spki, LIT("m"), sig));
	assert_false(cose_sig_verify(-8, spki, LIT("m"), sig));
	assert_false(cose_sig_verify(-37, spki, LIT("m"), sig));
	sig.n--;
	assert_false(cose_sig_verify(-7, spki, LIT("m"), sig));
	memcpy(longer + 1, sig.p, 32);
	memcpy(longer + 34, sig.p + 32, 32);
	assert_false(cose_sig_verify(-7, spki, LIT("m"), BYTES_OF(longer)));
}

static void
macs_are_compared_whole(void **state)
{
	/* RFC 4231 section 4.3 */
	static const char tag[] =
	    "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
	    "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43";
	static const struct bytes msg = ROW("what do ya want for nothing?");

	(void)state;
	assert_true(cose_mac_verify(5, LIT("Jefe"), msg, LIT(tag)));
	assert_true(cose_mac_verify(
	    4, LIT("Jefe"), msg, (struct bytes){ (const uint8_t *)tag, 8 }));
	assert_false(cose_mac_verify(
	    5, LIT("Jefe"), msg, (struct bytes){ (const uint8_t *)tag, 8 }));
	assert_false(cose_mac_verify(6, LIT("Jefe"), msg, LIT(tag)));
	assert_false(cose_mac_verify(-7, LIT("Jefe"), msg, LIT(tag)));
	assert_false(cose_mac_verify(5, BYTES_NONE, msg, LIT(tag)));
	assert_true(cose_mac_fits(5) && cose_mac_fits(6) && cose_mac_fits(7));
	assert_false(cose_mac_fits(4) || cose_mac_fits(-7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(one_key_has_one_algorithm_in_evidence),
		UNIT_TEST(r_and_s_have_the_size_of_the_curve),
		UNIT_TEST(macs_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
