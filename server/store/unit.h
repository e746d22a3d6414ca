/*
 * Units that come with evidence and without a birth certificate: found by
 * what their makers listed them by, or by the token that they were given.
 */
#ifndef STORE_UNIT_H
#define STORE_UNIT_H

#include "store/db.h"

extern const struct stmt *const unit_stmts[];

/* A unit with its model and maker; birth_id 0: the model alone. */
struct unit_row {
	int64_t birth_id;
	const char *manufacturer_id, *manufacturer_name;
	const char *model_id, *model_name, *client_id, *profile, *labels;
	const char *policy, *support_until;
	bool model_active, manufacturer_frozen;
	bool came; /* it was let in before (A11) */
	const char *serial, *batch, *made_at, *boot_test; /* or NULL */
	bool quarantined, lost, revoked, decommissioned;
	const char *device_id; /* the present ownership, or NULL */
};

/* Each finds one or fails with ERR_NOT_FOUND. */
ERR_FN unit_get(struct ctx *cx, int64_t birth_id, struct unit_row *out);
ERR_FN
unit_model(struct ctx *cx, const char *client_id, struct unit_row *out);

/* The unit of an enroll token that was asked for without a birth
 * certificate. */
ERR_FN unit_of_token(
    struct ctx *cx, const uint8_t token_mac[32], struct unit_row *out);

/* What evidence says of its unit; empty or NULL where it says nothing. */
struct unit_names {
	const char *serial, *dac_subject;
	struct bytes key_sha256, ueid, ek_sha256;
};

/* The units of a model that are listed by one of these names: their ids, at
 * most two. */
ERR_FN unit_named(struct ctx *cx, const char *model_id,
    const struct unit_names *names, int64_t out[2], size_t *n);

/* It is let in now, unless it was before: *first. */
ERR_FN unit_came(struct ctx *cx, int64_t birth_id, bool *first);

#endif
