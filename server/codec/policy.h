/*
 * What an operator asks of a model's units, as JSON; all of it may be absent:
 *
 *	key_protection   "software" or "hardware": what the maker vouches for;
 *	                 the grade that owners are shown
 *	enrollment       who may come for the first time:
 *	  allowlist      "listed": units on the allowlist (the default);
 *	                 "open": any unit of the maker, which then is on it;
 *	                 "closed": nobody new
 *	  from, until    when (RFC 3339)
 *	  units          how many of each batch
 *	  units_per_hour and how many an hour
 *	clones           "refuse" the newcomer (the default), or "quarantine"
 *	                 the unit, too, where its own key was proved (A1, A10)
 *	require_same_network  whether the owner's yes has to come from where
 *	                 the device asks (domain/network)
 *	evidence         what a unit has to prove of itself: an object, which
 *	                 attest/policy_json reads; absent means nothing
 */
#ifndef CODEC_POLICY_H
#define CODEC_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ctx;

/* Who of a model's units may come for the first time.  0: no bound. */
struct enrollment_policy {
	const char *allowlist; /* listed, open, closed */
	int64_t from, until;
	int64_t units, units_per_hour; /* of each batch */
};

struct policy {
	const char *key_protection; /* software unless it says hardware */
	struct enrollment_policy enrollment;
	const char *clones; /* refuse, quarantine */
	bool require_same_network;
	const char *evidence; /* JSON as it came, or NULL */
};

extern const struct err ERR_BAD_POLICY; /* KIND_INVALID, "bad-policy" */

/* Reads a policy; unknown members are refused. */
ERR_FN policy_parse(struct ctx *cx, const char *text, struct policy *out);

#endif
