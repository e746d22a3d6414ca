#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "codec/tpm.h"
#include "codec/tpm_log.h"

#define LOGS "tests/vectors/tpm2/eventlogs/"

static struct bytes
vector(const char *path)
{
	char why[FILE_WHY_BYTES];
	struct bytes out;

	assert_true(file_slurp(cx.arena, path, LIMIT_EVENT_LOG, &out, why));
	return out;
}

static bool
reads(struct bytes in, uint16_t bank)
{
	struct tpm_log log;

	return tpm_log_read(&cx, in, bank, &log) == NULL;
}

/* A header that names SHA-256 alone, then an event of 32 zero bytes. */
#define HEAD                                          \
	"\0\0\0\0\3\0\0\0" ZEROS "\0\0\0\0\x21\0\0\0" \
	"Spec ID Event03\0"                           \
	"\0\0\0\0\0\2\0\2\1\0\0\0\x0b\0\x20\0\0"
#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define EVENT(pcr, type)                                              \
	pcr "\0\0\0" type "\0\0\0\1\0\0\0\x0b\0" ZEROS ZEROS "\2\0\0" \
	    "\0hi"

static void
logs_of_real_machines_are_read(void **state)
{
	struct tpm_log log;

	(void)state;
	assert_null(tpm_log_read(&cx, vector(LOGS "crypto_agile_eventlog.bin"),
	    TPM_ALG_SHA256, &log));
	assert_int_equal(log.n, 26);
	assert_false(
	    reads(vector(LOGS "crypto_agile_eventlog.bin"), TPM_ALG_SHA384));
	assert_null(
	    tpm_log_read(&cx, vector(LOGS "ubuntu-2104-no-secure-boot.bin"),
		TPM_ALG_SHA384, &log));
	assert_int_equal(log.event[0].digest.n, 48);
	/* The older form has no other bank than SHA-1. */
	assert_true(tpm_log_is_sha1(vector(LOGS "debian-10.bin")));
	assert_true(reads(vector(LOGS "debian-10.bin"), TPM_ALG_SHA1));
	assert_false(reads(vector(LOGS "debian-10.bin"), TPM_ALG_SHA256));
	assert_null(tpm_log_read(&cx,
	    vector(LOGS "short_no_action_eventlog.bin"), TPM_ALG_SHA1, &log));
	assert_int_equal(log.n, 0);
	assert_int_equal(log.locality, 3);
}

static void
a_log_is_read_whole_or_not_at_all(void **state)
{
	static const struct bytes bad[] = {
		ROW(""), ROW(HEAD "x"), ROW(HEAD EVENT("\0", "\1") "x"),
		ROW(HEAD EVENT("\x18", "\1")), /* PCR 24 */
	};
	struct bytes good = LIT(HEAD EVENT("\0", "\1"));
	size_t i;

	(void)state;
	assert_true(reads(LIT(HEAD), TPM_ALG_SHA256));
	assert_true(reads(good, TPM_ALG_SHA256));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(reads(bad[i], TPM_ALG_SHA256));
	for (i = sizeof(HEAD); i < good.n; i++)
		assert_false(
		    reads((struct bytes){ good.p, i }, TPM_ALG_SHA256));
}

static void
a_log_of_too_many_events_is_refused(void **state)
{
	struct bytes out;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, cx.arena, LIMIT_EVENT_LOG);
	for (i = 0; i < LIMIT_EVENTS + 1; i++)
		buf_put(&b, LIT("\0\0\0\0\1\0\0\0" ZEROS "\0\0\0\0\0\0\0\0"));
	assert_true(buf_bytes(&b, &out));
	assert_false(reads(out, TPM_ALG_SHA1));
	out.n -= 32;
	assert_true(reads(out, TPM_ALG_SHA1));
}

static void
secure_boot_is_one_variable(void **state)
{
#define GUID "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c"
#define LENGTHS(size) "\x0a\0\0\0\0\0\0\0" size "\0\0\0\0\0\0\0"
#define NAME "S\0e\0c\0u\0r\0e\0B\0o\0o\0t\0"
	static const struct bytes not [] = {
		ROW(""),
		ROW(GUID LENGTHS("\1") NAME),
		ROW(GUID LENGTHS("\1") NAME "\1\1"),
		ROW(GUID LENGTHS("\1") "s\0e\0c\0u\0r\0e\0B\0o\0o\0t\0"
				       "\1"),
	};
	bool on;
	size_t i;

	(void)state;
	assert_true(
	    tpm_log_secure_boot(LIT(GUID LENGTHS("\1") NAME "\1"), &on));
	assert_true(on);
	assert_true(
	    tpm_log_secure_boot(LIT(GUID LENGTHS("\1") NAME "\2"), &on));
	assert_false(on);
	assert_true(tpm_log_secure_boot(LIT(GUID LENGTHS("\0") NAME), &on));
	assert_false(on);
	for (i = 0; i < COUNT(not ); i++)
		assert_false(tpm_log_secure_boot(not [i], &on));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(logs_of_real_machines_are_read),
		UNIT_TEST(a_log_is_read_whole_or_not_at_all),
		UNIT_TEST(a_log_of_too_many_events_is_refused),
		UNIT_TEST(secure_boot_is_one_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
