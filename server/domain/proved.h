/*
 * What units proved by evidence: the record of each attempt, and what they
 * proved last judged again under what their model asks now, whenever a
 * certificate is issued on it (SECURITY.md E1, E5).  An attempt has the id of
 * its request.
 */
#ifndef DOMAIN_PROVED_H
#define DOMAIN_PROVED_H

#include "attest/verdict.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

/* KIND_FORBIDDEN "attest-again". */
extern const struct err ERR_ATTEST_AGAIN;

struct proved_attempt {
	const struct unit *unit; /* as far as it is known; birth_id 0: not */
	const char *format;      /* NULL: no evidence came */
	int64_t policy_version;
	struct bytes key_sha256;      /* to be certified, or none */
	struct bytes evidence_sha256; /* or none */
	/* A refusal that is not in it is added by its reason. */
	struct verdict *verdict;
};

/* Within a transaction: the record, and what the unit proved last. */
ERR_FN proved_accepted(struct ctx *cx, const struct proved_attempt *a);

/* The record of a step that was good and proves nothing yet, within the
 * budget that refusals have. */
ERR_FN proved_attempted(struct ctx *cx, const struct proved_attempt *a);

/* The refusal e, with its record and event, if the unit's budget of them is
 * not spent; or why they could not be kept. */
ERR_FN proved_refused(
    struct ctx *cx, const struct proved_attempt *a, const struct err *e);

/* Whether this very evidence is what the unit proved last for the key, at
 * since or later. */
ERR_FN proved_repeats(struct ctx *cx, const struct proved_attempt *a,
    int64_t since, bool *repeats);

/* What a unit proved last for a key, judged again under what its model asks
 * now; ERR_ATTEST_AGAIN, on record, where that is too little. */
ERR_FN proved_again(struct ctx *cx, int64_t birth_id,
    const uint8_t key_sha256[32], struct verdict *v, const char **format);

/* Whether a certificate may be issued for a key on what the unit proved for
 * it. */
ERR_FN proved_check_key(
    struct ctx *cx, int64_t birth_id, const uint8_t key_sha256[32]);

/* Whether one may be renewed on what the unit proved last, which must not be
 * older than its model allows. */
ERR_FN proved_check_renewal(struct ctx *cx, int64_t birth_id);

#endif
