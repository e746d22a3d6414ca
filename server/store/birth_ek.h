/*
 * Units by the endorsement key of their TPM, with what their makers trust.
 */
#ifndef STORE_BIRTH_EK_H
#define STORE_BIRTH_EK_H

#include "base/limits.h"
#include "store/db.h"

struct birth_ek {
	int64_t birth_id; /* 0: no unit is listed with this key */
	const char *manufacturer_id, *model_id, *device_id;
	bool frozen, model_active;
	bool refused; /* revoked, lost or decommissioned */
	/* The maker's certificates that are valid at cx->now, each with its
	 * scope, or empty. */
	struct bytes anchor[LIMIT_ANCHORS], scope_spki_sha256[LIMIT_ANCHORS];
	size_t n_anchors;
};

extern const struct stmt *const birth_ek_stmts[];

ERR_FN
birth_ek_get(struct ctx *cx, const uint8_t ek_sha256[32], struct birth_ek *out);

#endif
