#include "tests/unit/unit.h"

#include "attest/parts.h"

static struct bytes one, some, list[2];
static size_t n;

static bool
reads(struct bytes in)
{
	const struct part parts[] = {
		{ "one", &one, 1, NULL, false },
		{ "some", &some, 1, NULL, true },
		{ "list", list, 2, &n, true },
	};

	one = some = BYTES_NONE;
	n = 0;
	return parts_read(&cx, in, parts, COUNT(parts)) == NULL;
}

static void
parts_are_borrowed_from_the_evidence(void **state)
{
	(void)state;
	assert_true(reads(LIT("\xa1\x63one\x41x")));
	assert_true(bytes_eq(one, LIT("x")));
	assert_int_equal(some.n, 0);
	assert_int_equal(n, 0);
	assert_true(reads(LIT("\xa3\x64list\x82\x41y\x42zz\x63one\x41x\x64some"
			      "\x41s")));
	assert_int_equal(n, 2);
	assert_true(bytes_eq(list[1], LIT("zz")));
	assert_true(bytes_eq(some, LIT("s")));
}

static void
other_parts_are_refused(void **state)
{
	static const struct bytes bad[] = {
		ROW("\xa0"),                              /* missing */
		ROW("\x81\x41x"),                         /* no map */
		ROW("\xa1\x63one\x61x"),                  /* text */
		ROW("\xa1\x63one\x40"),                   /* empty */
		ROW("\xa1\x63one\x81\x41x"),              /* a list */
		ROW("\xa1\x43one\x41x"),                  /* name in bytes */
		ROW("\xa2\x63one\x41x\x63two\x41x"),      /* unknown */
		ROW("\xa2\x63one\x41x\x63one\x41x"),      /* twice */
		ROW("\xa2\x63one\x41x\x64list\x41x"),     /* no list */
		ROW("\xa2\x63one\x41x\x64list\x80"),      /* empty */
		ROW("\xa2\x63one\x41x\x64list\x81\x61x"), /* of text */
		ROW("\xa2\x63one\x41x\x64list\x83\x41x\x41x\x41x"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(reads(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(parts_are_borrowed_from_the_evidence),
		UNIT_TEST(other_parts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
