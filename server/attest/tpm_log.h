/*
 * The log of a platform's firmware, judged: it counts as far as it replays to
 * the quoted PCRs, and from PCR 7 it then says whether secure boot was on.
 */
#ifndef ATTEST_TPM_LOG_H
#define ATTEST_TPM_LOG_H

#include "attest/tpm.h"
#include "codec/tpm_log.h"

/* What PCR 7 of a log says before its separator, which ends what firmware
 * measures there: secure boot, KNOWN_NOT where it measured nothing about it,
 * and DEBUG_ENABLED where a debugger of the firmware was on, which then is no
 * secure boot either.  False where one event's data is not what was
 * measured. */
struct tpm_boot {
	enum known secure;
	enum debug_state debug;
};
bool tpm_log_boot(const struct tpm_log *log, struct tpm_boot *out);

/* Judges the log that is there, of a quote that was judged, and reads it. */
bool tpm_log_judge(struct ctx *cx, const struct tpm_evidence *ev,
    struct tpm_log *out, struct verdict *v);

#endif
