/*
 * What a policy says of the names that evidence gives a unit: which serial
 * numbers its model has, and which units, keys and software are refused one
 * by one.
 */
#ifndef ATTEST_POLICY_NAMES_H
#define ATTEST_POLICY_NAMES_H

#include "attest/policy.h"

/* Whether the whole name is of the pattern, in which * stands for any
 * characters, or none, and ? for one. */
bool pattern_fits(const char *pattern, const char *name);

/* A refusal where anything that the evidence names is on the deny list. */
void policy_deny(const struct attest_policy *p, struct verdict *v);

#endif
