/*
 * The boot chain: which firmware, drivers and loaders a log that was judged
 * names, one event each, and whether a model's policy allows all of them.  A
 * PCR's value changes with each combination of them; the events do not.
 */
#ifndef ATTEST_TPM_EVENTS_H
#define ATTEST_TPM_EVENTS_H

#include "attest/tpm.h"
#include "codec/tpm_log.h"

/* Sets facts.boot to the events of the quoted PCRs 0 to 4, the first ones up
 * to the limit, but for separators and the firmware's own actions. */
void tpm_events_facts(
    const struct tpm_evidence *ev, const struct tpm_log *log, struct facts *f);

/* Of each PCR that the policy's boot list names: that it was quoted, that all
 * that was measured into it is listed, and that something is. */
bool tpm_events_judge(struct ctx *cx, const struct tpm_evidence *ev,
    const struct tpm_log *log, const struct attest_policy *p,
    struct verdict *v);

#endif
