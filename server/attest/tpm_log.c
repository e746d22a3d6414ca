#include "attest/tpm_log.h"

#include "base/mem.h"

#define PCR_FIRMWARE_LAST 7
#define PCR_SECURE_BOOT 7
/* PCRs that start as ones, for what runs later (PC Client Platform TPM
 * Profile, section 4.6.2). */
#define PCR_ONES_FIRST 17
#define PCR_ONES_LAST 22

struct replay {
	uint8_t value[LIMIT_PCRS][DIGEST_MAX];
	uint32_t extended; /* bit n: PCR n */
};

/* PCR = H(PCR || digest), from the start values (Part 1, section 17.2). */
static void
replay(const struct tpm_log *log, size_t hash, struct replay *out)
{
	uint8_t both[2 * DIGEST_MAX];
	size_t i;

	*out = (struct replay){ .extended = 0 };
	for (i = PCR_ONES_FIRST; i <= PCR_ONES_LAST; i++)
		memset(out->value[i], 0xff, hash);
	out->value[0][hash - 1] = log->locality;
	for (i = 0; i < log->n; i++) {
		const struct tpm_event *e = &log->event[i];

		must(e->pcr < LIMIT_PCRS && e->digest.n == hash);
		memcpy(both, out->value[e->pcr], hash);
		memcpy(both + hash, e->digest.p, hash);
		must(digest_sized(hash, (struct bytes){ both, 2 * hash },
		    out->value[e->pcr]));
		out->extended |= UINT32_C(1) << e->pcr;
	}
}

/* A firmware's PCR is what the log says, nothing where it says nothing; the
 * others are where it has a part in them. */
static bool
replays_to(const struct replay *r, const struct tpm_evidence *ev, size_t hash,
    unsigned *differs)
{
	for (*differs = 0; *differs < LIMIT_PCRS; (*differs)++) {
		unsigned i = *differs;

		if (ev->pcr[i].n == 0 ||
		    (i > PCR_FIRMWARE_LAST && (r->extended >> i & 1) == 0))
			continue;
		if (!bytes_eq(ev->pcr[i], (struct bytes){ r->value[i], hash }))
			return false;
	}
	return true;
}

static bool
was_measured(const struct tpm_event *e)
{
	uint8_t digest[DIGEST_MAX];

	return digest_sized(e->digest.n, e->data, digest) &&
	       bytes_eq(e->digest, (struct bytes){ digest, e->digest.n });
}

/* EV_SEPARATOR by what it measures: four bytes of zeros or ones (section
 * 10.4.1). */
static bool
is_separator(struct bytes data)
{
	return bytes_eq(data, (struct bytes){ (const uint8_t *)"\0\0\0", 4 }) ||
	       bytes_eq(data,
		   (struct bytes){ (const uint8_t *)"\xff\xff\xff\xff", 4 });
}

/* What one event before the separator adds; false: it contradicts. */
static bool
take_event(struct bytes data, struct tpm_boot *out)
{
	bool on;

	/* PC Client Platform Firmware Profile, section 3.3.4.8: measured
	 * where a debugger of the firmware is on. */
	if (bytes_eq(data, bytes_str("UEFI Debug Mode")))
		out->debug = DEBUG_ENABLED;
	if (!tpm_log_secure_boot(data, &on))
		return true;
	/* Measured once: a second one would overrule the first. */
	if (out->secure != KNOWN_NOT)
		return false;
	out->secure = on ? KNOWN_YES : KNOWN_NO;
	return true;
}

bool
tpm_log_boot(const struct tpm_log *log, struct tpm_boot *out)
{
	bool any = false, ended = false;
	size_t i;

	*out = (struct tpm_boot){ KNOWN_NOT, DEBUG_UNKNOWN };
	for (i = 0; i < log->n && !ended; i++) {
		const struct tpm_event *e = &log->event[i];

		if (e->pcr != PCR_SECURE_BOOT)
			continue;
		any = true;
		if (!was_measured(e))
			return false;
		ended = is_separator(e->data);
		if (!ended && !take_event(e->data, out))
			return false;
	}
	if (out->debug == DEBUG_ENABLED && out->secure == KNOWN_YES)
		out->secure = KNOWN_NO;
	/* Without an end, whoever came later could have added it. */
	return ended || !any;
}

bool
tpm_log_judge(struct ctx *cx, const struct tpm_evidence *ev,
    struct tpm_log *log, struct verdict *v)
{
	uint16_t bank = ev->quote.attest.bank;
	size_t hash = tpm_hash_bytes(bank);
	struct tpm_boot boot;
	struct replay r;
	unsigned differs;

	if (tpm_log_read(cx, ev->log, bank, log) != NULL) {
		verdict_refuse(cx, v, LAYER_PARSE, "log-unreadable",
		    "The firmware's log cannot be read: %s", cx->reason);
		return false;
	}
	replay(log, hash, &r);
	if (!replays_to(&r, ev, hash, &differs)) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "log-replay",
		    "The firmware's log does not lead to the quoted PCR %u.",
		    differs);
		return false;
	}
	if (ev->pcr[PCR_SECURE_BOOT].n == 0)
		return true;
	if (!tpm_log_boot(log, &boot)) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "log-secure-boot",
		    "The firmware's log of secure boot is not what was "
		    "measured, or has no end.");
		return false;
	}
	v->facts.secure_boot = boot.secure;
	v->facts.debug = boot.debug;
	return true;
}
