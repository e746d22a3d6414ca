#include "attest/tpm_events.h"

#define PCR_LAST_SHOWN 4

/* What firmware measures at the end of its part, and what it says of itself
 * where it hands over (PC Client Platform Firmware Profile, sections 10.4.1
 * and 10.4.4): nothing that was started or used.  By the digest alone, since
 * what the log says beside it anybody can change. */
static bool
is_mark(const struct tpm_event *e)
{
	static const struct bytes marks[] = {
		{ (const uint8_t *)"\0\0\0", 4 },
		{ (const uint8_t *)"\xff\xff\xff\xff", 4 },
		{ (const uint8_t *)"Calling EFI Application from Boot Option",
		    40 },
		{ (const uint8_t *)"Returning from EFI Application from Boot "
				   "Option",
		    47 },
	};
	uint8_t digest[DIGEST_MAX];
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (digest_sized(e->digest.n, marks[i], digest) &&
		    bytes_eq(e->digest, (struct bytes){ digest, e->digest.n }))
			return true;
	return false;
}

void
tpm_events_facts(
    const struct tpm_evidence *ev, const struct tpm_log *log, struct facts *f)
{
	size_t i;

	for (i = 0; i < log->n && f->n_boot < LIMIT_BOOT_EVENTS; i++) {
		const struct tpm_event *e = &log->event[i];

		if (e->pcr <= PCR_LAST_SHOWN && ev->pcr[e->pcr].n > 0 &&
		    !is_mark(e))
			f->boot[f->n_boot++] =
			    (struct boot_event){ e->pcr, e->digest };
	}
}

static bool
names(const struct attest_policy *p, uint32_t pcr)
{
	size_t i;

	for (i = 0; i < p->n_boot; i++)
		if (p->boot[i].pcr == pcr)
			return true;
	return false;
}

static bool
lists(const struct attest_policy *p, const struct tpm_event *e)
{
	size_t i;

	for (i = 0; i < p->n_boot; i++)
		if (p->boot[i].pcr == e->pcr &&
		    bytes_eq(p->boot[i].digest, e->digest))
			return true;
	return false;
}

static bool
judge_pcr(struct ctx *cx, const struct tpm_log *log,
    const struct attest_policy *p, uint32_t pcr, struct verdict *v)
{
	bool any = false;
	size_t i;

	for (i = 0; i < log->n; i++) {
		const struct tpm_event *e = &log->event[i];

		if (e->pcr != pcr)
			continue;
		if (lists(p, e)) {
			any = true;
		} else if (!is_mark(e)) {
			verdict_refuse(cx, v, LAYER_POLICY, "boot-event",
			    "Something was started or used that the model "
			    "does not allow: PCR %u, %s.",
			    pcr, bytes_hex(cx->arena, e->digest));
			return false;
		}
	}
	/* Nothing measured is nothing shown. */
	if (any)
		return true;
	verdict_refuse(cx, v, LAYER_POLICY, "boot-event",
	    "Nothing that the model allows was measured into PCR %u.", pcr);
	return false;
}

bool
tpm_events_judge(struct ctx *cx, const struct tpm_evidence *ev,
    const struct tpm_log *log, const struct attest_policy *p, struct verdict *v)
{
	uint32_t pcr;

	if (p->n_boot > 0 && ev->log.n == 0) {
		verdict_refuse(cx, v, LAYER_POLICY, "no-log",
		    "The model asks what was started, and there is no log of "
		    "it.");
		return false;
	}
	for (pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		if (!names(p, pcr))
			continue;
		if (ev->pcr[pcr].n == 0) {
			verdict_refuse(cx, v, LAYER_POLICY, "pcr-not-quoted",
			    "The policy asks for PCR %u, which was not quoted.",
			    pcr);
			return false;
		}
		if (!judge_pcr(cx, log, p, pcr, v))
			return false;
	}
	return true;
}
