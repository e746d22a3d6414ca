#include "tests/unit/unit.h"

#include "codec/cose.h"

static bool
reads(struct bytes in, enum cose_kind kind, unsigned flags)
{
	struct cose c;

	return cose_read(&cx, in, kind, flags, &c) == NULL;
}

static void
a_message_is_read_and_covered(void **state)
{
	struct cose c;

	(void)state;
	assert_null(
	    cose_read(&cx, LIT("\xd2\x84\x43\xa1\1\x26\xa1\4\x42hi\x41p\x42sg"),
		COSE_SIGN1, 0, &c));
	assert_int_equal(c.body.alg, -7);
	assert_true(bytes_eq(c.body.kid, LIT("hi")));
	assert_true(bytes_eq(c.payload, LIT("p")));
	assert_true(bytes_eq(c.body.signature, LIT("sg")));
	assert_true(bytes_eq(cose_covered(&cx, &c, &c.body, LIT("x")),
	    LIT("\x84\x6aSignature1\x43\xa1\1\x26\x41x\x41p")));
	assert_null(cose_read(&cx,
	    LIT("\xd8\x62\x84\x41\xa0\xa0\x41p\x81\x83\x43\xa1\1\x26\xa0\x41s"),
	    COSE_SIGN, 0, &c));
	assert_int_equal(c.n_signers, 1);
	/* A map without entries is covered as no bytes (section 4.4). */
	assert_true(bytes_eq(cose_covered(&cx, &c, &c.signer[0], BYTES_NONE),
	    LIT("\x85\x69Signature\x40\x43\xa1\1\x26\x40\x41p")));
}

static void
certificates_are_one_or_several(void **state)
{
	struct cose c;

	(void)state;
	assert_null(cose_read(&cx,
	    LIT("\xd1\x84\x47\xa2\1\5\x18\x21\x41z\xa0\x41p\x41s"), COSE_MAC0,
	    0, &c));
	assert_int_equal(c.body.n_x5chain, 1);
	assert_null(cose_read(&cx,
	    LIT("\xd1\x84\x43\xa1\1\5\xa1\x18\x21\x82\x41y\x41z\x41p\x41s"),
	    COSE_MAC0, 0, &c));
	assert_int_equal(c.body.n_x5chain, 2);
	assert_false(
	    reads(LIT("\xd1\x84\x43\xa1\1\5\xa1\x18\x21\x81\x41y\x41p\x41s"),
		COSE_MAC0, 0));
	assert_false(
	    reads(LIT("\xd1\x84\x43\xa1\1\5\xa1\x18\x21\x82\x41y\1\x41p\x41s"),
		COSE_MAC0, 0));
}

static void
headers_that_break_a_rule_are_refused(void **state)
{
	static const struct bytes bad[] = {
		/* No algorithm, none protected, none with a number. */
		ROW("\xd2\x84\x40\xa0\x41p\x41s"),
		ROW("\xd2\x84\x41\xa0\xa1\1\x26\x41p\x41s"),
		ROW("\xd2\x84\x43\xa1\1\x60\xa0\x41p\x41s"),
		/* A label twice, or in both. */
		ROW("\xd2\x84\x45\xa2\1\x26\1\x26\xa0\x41p\x41s"),
		ROW("\xd2\x84\x45\xa2\1\x26\4\x40\xa1\4\x40\x41p\x41s"),
		ROW("\xd2\x84\x46\xa2\1\x26\x61z\1\xa1\x61z\1\x41p\x41s"),
		/* A label that is neither number nor text. */
		ROW("\xd2\x84\x45\xa2\1\x26\xf6\1\xa0\x41p\x41s"),
		/* crit: empty, not understood, absent, not protected. */
		ROW("\xd2\x84\x45\xa2\1\x26\2\x80\xa0\x41p\x41s"),
		ROW("\xd2\x84\x49\xa3\1\x26\2\x81\x18\x63\x18\x63\1\xa0\x41p"
		    "\x41s"),
		ROW("\xd2\x84\x46\xa2\1\x26\2\x81\4\xa0\x41p\x41s"),
		ROW("\xd2\x84\x43\xa1\1\x26\xa1\2\x81\1\x41p\x41s"),
		/* Content type, and both IVs. */
		ROW("\xd2\x84\x45\xa2\1\x26\3\x20\xa0\x41p\x41s"),
		ROW("\xd2\x84\x47\xa3\1\x26\5\x40\6\x40\xa0\x41p\x41s"),
		/* No map, something after it, no bytes. */
		ROW("\xd2\x84\x41\1\xa0\x41p\x41s"),
		ROW("\xd2\x84\x44\xa1\1\x26\0\xa0\x41p\x41s"),
		ROW("\xd2\x84\xa1\1\x26\xa0\x41p\x41s"),
		ROW("\xd2\x84\x43\xa1\1\x26\x80\x41p\x41s"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(reads(bad[i], COSE_SIGN1, 0));
	assert_true(reads(LIT("\xd2\x84\x46\xa2\1\x26\2\x81\1\xa0\x41p\x41s"),
	    COSE_SIGN1, 0));
}

static void
tags_are_those_that_the_place_allows(void **state)
{
	static const struct bytes plain =
				      ROW("\x84\x43\xa1\1\x26\xa0\x41p\x41s"),
				  tagged = ROW(
				      "\xd2\x84\x43\xa1\1\x26\xa0\x41p\x41s"),
				  cwt = ROW("\xd8\x3d\xd2\x84\x43\xa1\1\x26"
					    "\xa0\x41p\x41s"),
				  bare_cwt = ROW("\xd8\x3d\x84\x43\xa1\1\x26"
						 "\xa0\x41p\x41s");
	unsigned both = COSE_UNTAGGED_OK | COSE_CWT_OK;

	(void)state;
	assert_true(reads(tagged, COSE_SIGN1, 0));
	assert_false(reads(tagged, COSE_MAC0, both));
	assert_false(reads(plain, COSE_SIGN1, 0));
	assert_true(reads(plain, COSE_SIGN1, both));
	assert_false(reads(cwt, COSE_SIGN1, 0));
	assert_true(reads(cwt, COSE_SIGN1, both));
	assert_false(reads(bare_cwt, COSE_SIGN1, both));
}

static void
structures_are_whole(void **state)
{
	static const struct bytes bad[] = {
		ROW(""),
		ROW("\xd2\x84\x43\xa1\1\x26\xa0\x41p\x41s\0"),
		ROW("\xd2\x83\x43\xa1\1\x26\xa0\x41p"),
		ROW("\xd2\x85\x43\xa1\1\x26\xa0\x41p\x41s\0"),
		ROW("\xd2\x84\x43\xa1\1\x26\xa0\xf6\x41s"), /* detached */
		ROW("\xd2\x84\x43\xa1\1\x26\xa0\x41p\x40"),
		ROW("\xd2\x84\x43\xa1\1\x26\xa0\x41p\1"),
	};
	static const struct bytes bad_sign[] = {
		ROW("\xd8\x62\x84\x40\xa0\x41p\x80"),
		ROW("\xd8\x62\x84\x40\xa0\x41p\1"),
		ROW("\xd8\x62\x84\x40\xa0\x41p\x81\x82\x43\xa1\1\x26\xa0"),
		ROW("\xd8\x62\x84\x40\xa0\x41p\x81\x83\x40\xa0\x41s"),
		ROW("\xd8\x62\x84\1\xa0\x41p\x81\x83\x43\xa1\1\x26\xa0\x41s"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(reads(bad[i], COSE_SIGN1, 0));
	for (i = 0; i < COUNT(bad_sign); i++)
		assert_false(reads(bad_sign[i], COSE_SIGN, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_message_is_read_and_covered),
		UNIT_TEST(certificates_are_one_or_several),
		UNIT_TEST(headers_that_break_a_rule_are_refused),
		UNIT_TEST(tags_are_those_that_the_place_allows),
		UNIT_TEST(structures_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
