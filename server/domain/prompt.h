/*
 * How an app wants its owner to have signed in: the parameters prompt and
 * max_age of OpenID Connect Core section 3.1.2.1.  Pure.
 */
#ifndef DOMAIN_PROMPT_H
#define DOMAIN_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

enum prompt {
	PROMPT_NONE = 1, /* alone */
	PROMPT_LOGIN = 2,
	PROMPT_CONSENT = 4,
	PROMPT_SELECT_ACCOUNT = 8,
};

/* "a b" as a set; false for an empty one, an unknown word, a repeat, and none
 * beside others. */
bool prompt_parse(const char *text, unsigned *out);

/* Seconds, in decimal; more than a hundred years are no limit: -1. */
bool max_age_parse(const char *text, int64_t *out);

#endif
