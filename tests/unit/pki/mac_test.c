#include "tests/unit/pki/material.h"

#include <sys/stat.h>

#include "pki/digest.h"
#include "pki/mac.h"

#define HEX_KEY \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static void
sha256_is_that_of_fips_180(void **state)
{
	uint8_t out[32];

	(void)state;
	digest_sha256(LIT("abc"), out);
	assert_string_equal(bytes_hex(cx.arena, BYTES_OF(out)),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256(BYTES_NONE, out);
	assert_string_equal(bytes_hex(cx.arena, BYTES_OF(out)),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* The value was computed by Python's hmac over the bytes of the header's
 * definition. */
static void
the_mac_is_as_defined(void **state)
{
	const char *dir = unit_mkdir();
	const char *path = arena_printf(cx.arena, "%s/k", dir);
	struct bytes parts[] = { LIT("ab"), LIT("c") };
	AUTO_STRUCT(mac_key) *k = NULL;
	char why[256];
	uint8_t out[32];

	(void)state;
	write_file(path, HEX_KEY "\n", 0600);
	k = mac_key_load(path, why);
	assert_non_null(k);
	mac_compute(k, "test", parts, 2, out);
	assert_string_equal(bytes_hex(cx.arena, BYTES_OF(out)),
	    "b72f9498c266507fb614b8783d8595ceb9f8b9c011b0c53ea6634964ec89ee86");
	unit_rmdir(dir);
}

static void
parts_and_purposes_never_run_together(void **state)
{
	const char *dir = unit_mkdir();
	const char *path = arena_printf(cx.arena, "%s/k", dir);
	struct bytes a[] = { LIT("ab"), LIT("c") },
		     b[] = { LIT("a"), LIT("bc") };
	struct bytes one = LIT("abc"), empty[] = { BYTES_NONE, LIT("abc") };
	AUTO_STRUCT(mac_key) *k = NULL;
	uint8_t out[5][32];
	char why[256];

	(void)state;
	assert_true(mac_key_create(path, why));
	assert_false(mac_key_create(path, why));
	k = mac_key_load(path, why);
	assert_non_null(k);
	mac_compute(k, "p", a, 2, out[0]);
	mac_compute(k, "p", b, 2, out[1]);
	mac_compute(k, "p", &one, 1, out[2]);
	mac_compute(k, "p", empty, 2, out[3]);
	mac_compute(k, "q", a, 2, out[4]);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(out[i], out[j], 32);
	mac_compute(k, "p", a, 2, out[1]);
	assert_memory_equal(out[0], out[1], 32);
	unit_rmdir(dir);
}

static void
bad_key_files_are_refused(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
	} cases[] = {
		{ HEX_KEY "\n", 0640 },
		{ HEX_KEY "\n", 0604 },
		{ HEX_KEY "00\n", 0600 },
		{ HEX_KEY "\n\n", 0600 },
		{ "", 0600 },
		{ "zz0102030405060708090a0b0c0d0e0f10111213141516171819"
		  "1a1b1c1d1e1f\n",
		    0600 },
	};
	const char *dir = unit_mkdir();
	const char *path = arena_printf(cx.arena, "%s/k", dir);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char why[256] = "";

		write_file(path, cases[i].text, cases[i].mode);
		assert_null(mac_key_load(path, why));
		assert_true(why[0] != '\0');
	}
	unit_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(sha256_is_that_of_fips_180),
		UNIT_TEST(the_mac_is_as_defined),
		UNIT_TEST(parts_and_purposes_never_run_together),
		UNIT_TEST(bad_key_files_are_refused),
	};

	return cmocka_run_group_tests_name("pki/mac", tests, NULL, NULL);
}
