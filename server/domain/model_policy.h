/*
 * Policies of models: what is asked of a model's units, in versions that say
 * who made them and when.  Each is validated before it is stored, and counts
 * from the next request on, for what was approved before, too.
 */
#ifndef DOMAIN_MODEL_POLICY_H
#define DOMAIN_MODEL_POLICY_H

#include "domain/registry.h"
#include "store/policy.h"

/* KIND_STALE "policy-changed": it is not the version that was to change. */
extern const struct err ERR_POLICY_CHANGED;

struct policy_change {
	const char *model_id;
	const char *policy;   /* JSON */
	int64_t from_version; /* must be the latest; 0: whichever is */
};

/* Whether it can be applied, all of it. */
ERR_FN model_policy_check(struct ctx *cx, const char *policy);

/* Within a transaction: a checked policy becomes the latest version, unless
 * it says the same, with an event unless it is the model's first. */
ERR_FN model_policy_store(struct ctx *cx, const struct admin_caller *by,
    const struct policy_change *change, bool *changed);

/* Checks and stores; *out is what is the latest then. */
ERR_FN model_policy_put(struct ctx *cx, const struct admin_caller *by,
    const struct policy_change *change, struct policy_row *out);

/* Adds a file of reference values (CoRIM or CoMID) to the latest policy. */
ERR_FN model_policy_endorse(struct ctx *cx, const struct admin_caller *by,
    const char *model_id, struct bytes file, struct policy_row *out);

/* version: decimal digits, or NULL for the latest. */
ERR_FN model_policy_get(struct ctx *cx, const char *model_id,
    const char *version, struct policy_row *out);

/* Newest first; a page goes on with the last version of the one before. */
ERR_FN model_policy_list(struct ctx *cx, const char *model_id,
    const struct page *page, struct policy_row **out, size_t *n);

#endif
