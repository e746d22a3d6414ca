#include "tests/unit/unit.h"

#include "attest/tpm_log.h"
#include "base/buf.h"

#define GUID "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c"
#define BOOT(value)                                      \
	GUID "\x0a\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0S\0e\0c" \
	     "\0u\0r\0e\0B\0o\0o\0t\0" value
#define ON LIT(BOOT("\1"))
#define OFF LIT(BOOT("\0"))
#define END LIT("\0\0\0\0")

static struct tpm_event events[8];
static struct tpm_log log_;

static void
start(void)
{
	log_ = (struct tpm_log){ .event = events };
}

/* An event whose digest is its data's, or of something else. */
static void
add(uint32_t pcr, struct bytes data, const char *measured)
{
	uint8_t *digest = arena_alloc(cx.arena, DIGEST_MAX);

	assert_true(digest_sized(
	    32, measured == NULL ? data : bytes_str(measured), digest));
	events[log_.n++] = (struct tpm_event){ pcr, { digest, 32 }, data };
}

static bool
says(enum known want)
{
	struct tpm_boot boot;

	return tpm_log_boot(&log_, &boot) && boot.secure == want;
}

static bool
refused(void)
{
	struct tpm_boot boot;

	return !tpm_log_boot(&log_, &boot);
}

static void
secure_boot_is_what_was_measured_before_the_end(void **state)
{
	(void)state;
	start();
	assert_true(says(KNOWN_NOT));
	add(0, ON, NULL); /* of another PCR */
	assert_true(says(KNOWN_NOT));
	add(7, ON, NULL);
	add(7, END, NULL);
	add(7, OFF, "what shim measured"); /* after the end */
	assert_true(says(KNOWN_YES));
	start();
	add(7, OFF, NULL);
	add(7, END, NULL);
	assert_true(says(KNOWN_NO));
	start();
	add(7, END, NULL);
	add(7, ON, NULL);
	assert_true(says(KNOWN_NOT));
}

static void
secure_boot_with_a_debugger_of_the_firmware_is_none(void **state)
{
	struct tpm_boot boot;

	(void)state;
	start();
	add(7, LIT("UEFI Debug Mode"), NULL);
	add(7, ON, NULL);
	add(7, END, NULL);
	assert_true(says(KNOWN_NO));
	assert_true(tpm_log_boot(&log_, &boot));
	assert_int_equal(boot.debug, DEBUG_ENABLED);
	start();
	add(7, ON, NULL);
	add(7, END, NULL);
	add(7, LIT("UEFI Debug Mode"), NULL); /* after the end */
	assert_true(says(KNOWN_YES));
	assert_true(tpm_log_boot(&log_, &boot));
	assert_int_equal(boot.debug, DEBUG_UNKNOWN);
}

static void
data_that_was_not_measured_says_nothing(void **state)
{
	(void)state;
	start();
	add(7, ON, BOOT("\0"));
	add(7, END, NULL);
	assert_true(refused());
	start();
	add(7, ON, NULL);
	add(7, END, "no end");
	assert_true(refused());
}

static void
a_log_without_an_end_or_with_two_answers_is_refused(void **state)
{
	(void)state;
	start();
	add(7, ON, NULL);
	assert_true(refused());
	start();
	add(7, OFF, NULL);
	add(7, ON, NULL);
	add(7, END, NULL);
	assert_true(refused());
}

/* A log whose header names SHA-256. */
#define HEAD                                          \
	"\0\0\0\0\3\0\0\0" ZEROS "\0\0\0\0\x21\0\0\0" \
	"Spec ID Event03\0"                           \
	"\0\0\0\0\0\2\0\2\1\0\0\0\x0b\0\x20\0\0"
#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ONES                                           \
	"\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11" \
	"\x11\x11\x11\x11\x11"
#define EVENT(pcr) pcr "\0\0\0\1\0\0\0\1\0\0\0\x0b\0" ONES ONES "\0\0\0\0"
#define LOCALITY                                                  \
	"\0\0\0\0\3\0\0\0\1\0\0\0\x0b\0" ZEROS ZEROS "\x11\0\0\0" \
	"StartupLocality\0\3"

/* A PCR after one extension by ONES. */
static struct bytes
extended(uint8_t locality)
{
	uint8_t both[64] = { 0 }, *out = arena_alloc(cx.arena, DIGEST_MAX);

	both[31] = locality;
	memset(both + 32, 0x11, 32);
	assert_true(digest_sized(32, BYTES_OF(both), out));
	return (struct bytes){ out, 32 };
}

static const char *
judged(const struct tpm_evidence *ev)
{
	struct tpm_log log;
	struct verdict v;

	verdict_init(&v);
	return tpm_log_judge(&cx, ev, &log, &v) ? "" : v.finding[0].code;
}

static void
a_log_counts_as_far_as_it_replays(void **state)
{
	struct tpm_evidence ev = { .quote.attest.bank = TPM_ALG_SHA256,
		.log = LIT(HEAD EVENT("\0") EVENT("\x8")) };

	(void)state;
	ev.pcr[0] = extended(0);
	ev.pcr[1] = LIT(ZEROS ZEROS);
	ev.pcr[8] = extended(0);
	ev.pcr[10] = extended(9); /* of the system: not in this log */
	assert_string_equal(judged(&ev), "");
	ev.pcr[8] = LIT(ZEROS ZEROS);
	assert_string_equal(judged(&ev), "log-replay");
	ev.pcr[8] = BYTES_NONE;
	ev.pcr[1] = extended(0); /* a firmware's PCR that the log hides */
	assert_string_equal(judged(&ev), "log-replay");
	ev.log = LIT("x");
	assert_string_equal(judged(&ev), "log-unreadable");
}

static void
pcr_0_starts_with_the_locality(void **state)
{
	struct tpm_evidence ev = { .quote.attest.bank = TPM_ALG_SHA256,
		.log = LIT(HEAD LOCALITY EVENT("\0")) };

	(void)state;
	ev.pcr[0] = extended(3);
	assert_string_equal(judged(&ev), "");
	ev.pcr[0] = extended(0);
	assert_string_equal(judged(&ev), "log-replay");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(secure_boot_is_what_was_measured_before_the_end),
		UNIT_TEST(secure_boot_with_a_debugger_of_the_firmware_is_none),
		UNIT_TEST(data_that_was_not_measured_says_nothing),
		UNIT_TEST(a_log_without_an_end_or_with_two_answers_is_refused),
		UNIT_TEST(a_log_counts_as_far_as_it_replays),
		UNIT_TEST(pcr_0_starts_with_the_locality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
