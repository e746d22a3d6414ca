#include "tests/unit/unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "codec/gzip.h"

static void
what_repeats_gets_shorter(void **state)
{
	uint8_t text[2000] = { 0 };
	struct bytes out = gzip(BYTES_OF(text));

	(void)state;
	assert_true(out.n > 18 && out.n < sizeof(text));
	assert_int_equal(out.p[0], 0x1f);
	assert_int_equal(out.p[1], 0x8b);
	mem_free((void *)(uintptr_t)out.p);
}

static void
what_is_short_or_would_get_longer_is_left(void **state)
{
	uint8_t any[2000];

	(void)state;
	rng_bytes(any, sizeof(any));
	assert_int_equal(gzip(BYTES_OF(any)).n, 0);
	assert_int_equal(gzip(LIT("short")).n, 0);
	assert_int_equal(gzip(BYTES_NONE).n, 0);
}

static void
gzip_is_sent_to_those_who_take_it(void **state)
{
	static const char *const yes[] = { "gzip", "GZIP", "deflate, gzip, br",
		"gzip;q=1", "gzip ; q=0.001", "*", "br;q=0 ,\t*;q=0.5",
		"gzip;q=1.000", "gzip, *;q=0", "identity,gzip" };
	static const char *const no[] = { "", "identity", "gzip;q=0",
		"gzip;q=0.000", "*;q=0", "gzip;q=0, *", "gzipped", "x-gzip",
		"gzip;q=2", "gzip;q=1.5", "gzip;q=", "gzip;q=0.1234",
		"gzip;x=1", "gzip br", "gzip;q=.5", "br;q=9, gzip" };
	size_t i;

	(void)state;
	assert_false(gzip_accepted(NULL));
	for (i = 0; i < COUNT(yes); i++)
		if (!gzip_accepted(yes[i]))
			wrong("refused: %s", yes[i]);
	for (i = 0; i < COUNT(no); i++)
		if (gzip_accepted(no[i]))
			wrong("accepted: %s", no[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_repeats_gets_shorter),
		UNIT_TEST(what_is_short_or_would_get_longer_is_left),
		UNIT_TEST(gzip_is_sent_to_those_who_take_it),
	};

	return cmocka_run_group_tests_name("codec/gzip", tests, NULL, NULL);
}
