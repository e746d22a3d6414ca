/*
 * Policies of models, by version: each change adds one, and none is ever
 * changed or taken away, since verdicts name the one they were come to under.
 */
#ifndef STORE_POLICY_H
#define STORE_POLICY_H

#include "store/db.h"

extern const struct stmt *const policy_stmts[];

struct policy_row {
	int64_t version;
	const char *policy; /* JSON; NULL in lists */
	int64_t changed_at;
	const char *admin_token_id; /* NULL: from before there were versions */
};

/* A version of a model's policy, the latest if it is 0.  ERR_NOT_FOUND. */
ERR_FN policy_get(struct ctx *cx, const char *model_id, int64_t version,
    struct policy_row *out);

/* The versions before one (0: from the latest on), newest first. */
ERR_FN policy_list(struct ctx *cx, const char *model_id, int64_t before,
    int64_t limit, struct policy_row **out, size_t *n);

/* Within a transaction: locks the model, and says its latest version (0 in
 * one that was just made) and whether the policy is the same.
 * ERR_NOT_FOUND. */
ERR_FN policy_lock(struct ctx *cx, const char *model_id, const char *policy,
    int64_t *version, bool *same);

/* Within the same: the next version.  What the policy before counted by its
 * enrollment rules is counted anew where they differ. */
ERR_FN policy_add(struct ctx *cx, const char *model_id, int64_t version,
    const char *policy, const char *admin_token_id);

/* The latest policy with a file of reference values added to what its
 * evidence may be endorsed by (attest/policy_json).  ERR_NOT_FOUND. */
ERR_FN policy_endorsed(struct ctx *cx, const char *model_id,
    const char *file_b64u, const char **policy);

/* What the model asks of evidence now, and as which version; NULL: nothing. */
ERR_FN policy_evidence(struct ctx *cx, const char *model_id, int64_t version,
    const char **evidence, int64_t *is_version);

#endif
