/*
 * A model's attestation policy, as operators write it:
 * {"key_protection": "software" | "hardware"}.  key_protection is what the
 * maker vouches for; it becomes the grade that owners are shown.
 */
#ifndef CODEC_POLICY_H
#define CODEC_POLICY_H

#include "base/err.h"

struct ctx;

#define LIMIT_POLICY 1024 /* bytes of its text */

struct policy {
	const char *key_protection; /* software unless it says hardware */
};

extern const struct err ERR_BAD_POLICY; /* KIND_INVALID, "bad-policy" */

/* Reads a policy; unknown members are refused. */
ERR_FN policy_parse(struct ctx *cx, const char *text, struct policy *out);

#endif
