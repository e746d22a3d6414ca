/*
 * The log of what a platform's firmware measured into PCRs before the system
 * ran (TCG PC Client Platform Firmware Profile, section 10), in both forms:
 * with a header that names its hashes, and the older one of SHA-1 alone.
 * Nothing in it is signed.  The digests count once they replay to quoted
 * PCRs; data counts where its hash is the digest; types never do.
 */
#ifndef CODEC_TPM_LOG_H
#define CODEC_TPM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* Slices borrow. */
struct tpm_event {
	uint32_t pcr;
	struct bytes digest; /* of the bank that was asked for */
	struct bytes data;
};

/* The events that were extended, in their order. */
struct tpm_log {
	struct tpm_event *event;
	size_t n;
	uint8_t locality; /* PCR 0 starts with it */
};

/* Refuses a log without that bank (TPM_ALG_*). */
ERR_FN tpm_log_read(
    struct ctx *cx, struct bytes in, uint16_t bank, struct tpm_log *out);

/* Whether the log is in the older form, whose one bank is SHA-1. */
bool tpm_log_is_sha1(struct bytes in);

/* Whether data is the UEFI variable SecureBoot (UEFI_VARIABLE_DATA, section
 * 10.4.2); on is what it says. */
bool tpm_log_secure_boot(struct bytes data, bool *on);

#endif
