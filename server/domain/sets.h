/*
 * Taking trust away from a set of units, or letting a set out of quarantine
 * (SECURITY.md R3).  An operator counts the set, and then starts it with that
 * count: from the commit on, nothing is issued to its units; a thread of each
 * node waits until whoever began before is done, stops if the set is not as
 * large as it was counted, and sweeps it in slices.  Nodes share the work,
 * and another goes on where one has died.  A set of certificates is the same:
 * while it is open, nothing is issued to the units that have one of them.
 *
 * A set that is to reenroll takes nothing away before its deadline: until then
 * its devices may renew at once, however young their certificates are, and
 * what was issued before the set is revoked by the sweep at the deadline.
 */
#ifndef DOMAIN_SETS_H
#define DOMAIN_SETS_H

#include "domain/caller.h"
#include "store/unit_set.h"

struct sets_counted {
	int64_t units, devices; /* units: certificates, of a set of those */
	const char **unknown;   /* certificates that are not known here */
	size_t n_unknown;
};

/* The certificates of these serial numbers, in hex, as the set's own. */
ERR_FN sets_certificates(
    struct ctx *cx, const char *const *hex, size_t n, struct unit_set *s);

/* How many units and living devices the set has; nothing is kept. */
ERR_FN sets_count(struct ctx *cx, const struct admin_caller *by,
    struct unit_set *s, struct sets_counted *out);

/* Starts the set under the id that the caller chose, or finds it started. */
ERR_FN sets_start(struct ctx *cx, const struct admin_caller *by,
    struct unit_set *s, struct unit_set *out);

/* How far it is.  ERR_NOT_FOUND. */
ERR_FN sets_get(struct ctx *cx, const char *id, struct unit_set *out);

/* Ends one that waits for its deadline; a repeat finds it ended.  Refused
 * once its sweep has begun. */
ERR_FN sets_cancel(struct ctx *cx, const struct admin_caller *by,
    const char *id, struct unit_set *out);

#endif
