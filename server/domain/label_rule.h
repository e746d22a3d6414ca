/*
 * Which label a request comes under (SECURITY.md A8): the caller never
 * chooses a weaker rule.  A model names the labels of its units, a device
 * stays under its certificate's, and what an owner approved under one label
 * is good under no other.
 */
#ifndef DOMAIN_LABEL_RULE_H
#define DOMAIN_LABEL_RULE_H

#include "domain/caller.h"
#include "domain/label.h"

extern const struct err ERR_LABEL_REFUSED; /* KIND_FORBIDDEN */

/* A unit that names a label in the path (NULL: none, so its model's) and
 * proves itself in the given way.  Afterwards unit->profile is that label. */
ERR_FN label_rule_unit(
    struct ctx *cx, struct unit *unit, const char *named, enum label_auth by);

/* Whether the label takes this kind of proof. */
ERR_FN
label_rule_proof(struct ctx *cx, const struct label *label, enum label_auth by);

/* A device that renews: the path may name its certificate's label alone. */
ERR_FN label_rule_device(
    struct ctx *cx, const struct device_caller *device, const char *named);

/* Whether what was asked for under a label (NULL: none was known then) is
 * what the unit asks for now. */
bool label_rule_fits(const struct unit *unit, const char *asked);

#endif
