/*
 * Signs that a device's key has a second holder: a renewal from a certificate
 * whose successor is in use (SECURITY.md A9).  What they do is the label's
 * choice, and whoever gives them has proved the device's own key (A10).
 */
#ifndef DOMAIN_CLONE_H
#define DOMAIN_CLONE_H

#include "domain/caller.h"

/* Records that the caller's certificate was used beside its successor and, if
 * the device's label says so, quarantines the unit in the same commit, once.
 * Returns the refusal e, or why that could not be kept. */
ERR_FN clone_suspected(
    struct ctx *cx, const struct device_caller *device, const struct err *e);

/* A sign that a unit's birth key was copied, on one unit. */
struct clone_sign {
	/* unit.second_birth_key: its name came with another key;
	 * unit.birth_key_shared: its key came with another name;
	 * device.second_key: its key asks for another operational one. */
	const char *kind;
	bool proved; /* possession of this unit's own birth key (A10) */
	int64_t birth_id;
	const char *device_id; /* NULL: nobody owns it */
	const char *manufacturer_id;
	const char *policy; /* of its model, JSON */
};

/* Records it with the reason on the context and, where the key was proved and
 * the policy says so, quarantines the unit. */
ERR_FN clone_signal(struct ctx *cx, const struct clone_sign *s);

#endif
