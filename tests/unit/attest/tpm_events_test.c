#include "tests/unit/unit.h"

#include "attest/tpm_events.h"
#include "base/file.h"

/* Of a cloud machine: shim and GRUB in PCR 4, no option ROM in PCR 2. */
#define LOG "tests/vectors/tpm2/eventlogs/ubuntu-2104-no-secure-boot.bin"
/* As `tpm2_eventlog` of tpm2-tools shows them. */
#define VERSION                                                            \
	"\xd0\xfc\xf1\x1a\x32\xa8\xfb\xf5\xa4\xe1\xa5\x8c\xd7\x4d\xd2\x35" \
	"\x7d\x07\xe7\x50\x3b\x5b\x6a\xfd\x5a\x79\x89\xa9\x8e\x17\xbe\x7f"

static struct tpm_log log_;
static struct attest_policy p;
static struct tpm_evidence ev;

/* All PCRs quoted; what replays is not asked here. */
static void
start(void)
{
	char why[FILE_WHY_BYTES];
	size_t i;

	ev = (struct tpm_evidence){ .n_chain = 0 };
	p = (struct attest_policy){ .n_formats = 0 };
	assert_true(file_slurp(cx.arena, LOG, LIMIT_EVENT_LOG, &ev.log, why));
	assert_null(tpm_log_read(&cx, ev.log, TPM_ALG_SHA256, &log_));
	for (i = 0; i < LIMIT_PCRS; i++)
		ev.pcr[i] = LIT("quoted");
}

static struct facts
shown(void)
{
	struct facts f = { .n_boot = 0 };

	tpm_events_facts(&ev, &log_, &f);
	return f;
}

/* The policy allows what this machine started, of one PCR or of all. */
static void
allow(const struct facts *f, uint32_t pcr)
{
	size_t i;

	for (i = 0; i < f->n_boot; i++)
		if (f->boot[i].pcr == pcr)
			p.boot[p.n_boot++] = f->boot[i];
}

static const char *
judged(void)
{
	struct verdict v;

	verdict_init(&v);
	return tpm_events_judge(&cx, &ev, &log_, &p, &v) ? ""
							 : v.finding[0].code;
}

static void
what_was_started_is_shown_without_marks(void **state)
{
	struct facts f;
	size_t i, of[5] = { 0 };

	(void)state;
	start();
	f = shown();
	for (i = 0; i < f.n_boot; i++)
		of[f.boot[i].pcr]++;
	assert_int_equal(of[0], 2);
	assert_int_equal(of[1], 5);
	assert_int_equal(of[2] + of[3], 0);
	assert_int_equal(of[4], 2);
	assert_true(bytes_eq(f.boot[0].digest, LIT(VERSION)));
	/* What was not quoted is not covered by anything. */
	ev.pcr[1] = BYTES_NONE;
	assert_int_equal(shown().n_boot, 4);
	log_.n = 0;
	assert_int_equal(shown().n_boot, 0);
}

static void
all_of_a_pcr_has_to_be_allowed(void **state)
{
	struct facts f;

	(void)state;
	start();
	f = shown();
	assert_string_equal(judged(), "");
	allow(&f, 4);
	allow(&f, 0);
	assert_string_equal(judged(), "");
	p.n_boot--; /* a newer firmware */
	assert_string_equal(judged(), "boot-event");
	p.n_boot = 1; /* shim, and what it starts is unknown */
	assert_string_equal(judged(), "boot-event");
	p.n_boot = 2;
	assert_string_equal(judged(), "");
	p.boot[1].pcr = 5; /* listed, but not for this PCR */
	assert_string_equal(judged(), "boot-event");
}

static void
a_mark_is_known_by_its_digest_alone(void **state)
{
	struct facts f;
	size_t i;

	(void)state;
	start();
	f = shown();
	allow(&f, 4);
	for (i = 0; i < log_.n; i++)
		log_.event[i].data = LIT("\0\0\0\0");
	assert_int_equal(shown().n_boot, f.n_boot);
	assert_string_equal(judged(), "");
	p.n_boot = 1;
	assert_string_equal(judged(), "boot-event");
}

static void
nothing_measured_is_nothing_shown(void **state)
{
	static uint8_t end[DIGEST_MAX];

	(void)state;
	start();
	p.boot[0] = (struct boot_event){ 2, LIT("any driver") };
	p.n_boot = 1;
	assert_string_equal(judged(), "boot-event");
	/* Unless the end itself is allowed: no driver at all. */
	assert_true(digest_sized(32, LIT("\0\0\0\0"), end));
	p.boot[1] = (struct boot_event){ 2, { end, 32 } };
	p.n_boot = 2;
	assert_string_equal(judged(), "");
}

static void
without_log_or_quote_nothing_is_allowed(void **state)
{
	struct facts f;

	(void)state;
	start();
	f = shown();
	allow(&f, 4);
	ev.pcr[4] = BYTES_NONE;
	assert_string_equal(judged(), "pcr-not-quoted");
	start();
	allow(&f, 4);
	ev.log = BYTES_NONE;
	log_.n = 0;
	assert_string_equal(judged(), "no-log");
}

static void
more_events_than_are_shown_are_judged_nevertheless(void **state)
{
	static struct tpm_event many[LIMIT_BOOT_EVENTS + 1];
	struct facts f;
	size_t i;

	(void)state;
	start();
	for (i = 0; i <= LIMIT_BOOT_EVENTS; i++)
		many[i] = (struct tpm_event){ 4, LIT("good"), BYTES_NONE };
	many[LIMIT_BOOT_EVENTS].digest = LIT("evil");
	log_ = (struct tpm_log){ many, LIMIT_BOOT_EVENTS + 1, 0 };
	f = shown();
	assert_int_equal(f.n_boot, LIMIT_BOOT_EVENTS);
	p.boot[0] = f.boot[0];
	p.n_boot = 1;
	assert_string_equal(judged(), "boot-event");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_was_started_is_shown_without_marks),
		UNIT_TEST(all_of_a_pcr_has_to_be_allowed),
		UNIT_TEST(a_mark_is_known_by_its_digest_alone),
		UNIT_TEST(nothing_measured_is_nothing_shown),
		UNIT_TEST(without_log_or_quote_nothing_is_allowed),
		UNIT_TEST(more_events_than_are_shown_are_judged_nevertheless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
