/*
 * What evidence is judged with and what it leaves behind: what a maker
 * trusts, which names a unit is listed by, nonces that were used, the newest
 * software that a unit has shown.
 */
#ifndef STORE_EVIDENCE_H
#define STORE_EVIDENCE_H

#include "base/limits.h"
#include "store/db.h"

extern const struct stmt *const evidence_stmts[];

/* A maker's anchor that is valid at cx->now; empty or NULL is not set. */
struct evidence_anchor {
	const char *kind;   /* as the column has it */
	struct bytes value; /* certificate or SPKI, or sealed */
	struct bytes key_id, scope_spki_sha256;
	int64_t vendor_id;
	bool in_hardware;
};

/* The maker's first LIMIT_ANCHORS anchors. */
ERR_FN evidence_anchors(struct ctx *cx, const char *manufacturer_id,
    struct evidence_anchor out[LIMIT_ANCHORS], size_t *n);

/* What a unit is listed by, beside its serial number, and its pinned key. */
struct evidence_unit {
	struct bytes key_sha256, pinned_key_sha256, ueid, ek_sha256;
	const char *dac_subject; /* or NULL */
};
ERR_FN
evidence_unit(struct ctx *cx, int64_t birth_id, struct evidence_unit *out);

/* Marks a nonce as used until the time; *fresh says that it was not. */
ERR_FN
nonce_use(struct ctx *cx, struct bytes nonce, int64_t until, bool *fresh);

/* The highest version that a unit has shown, and the scheme that it was
 * compared by (attest/policy); within a transaction, its row locked. */
struct sw_shown {
	const char *version; /* or NULL */
	int64_t scheme;
};
ERR_FN
sw_shown_lock(struct ctx *cx, int64_t birth_id, struct sw_shown *out);
ERR_FN
sw_shown_set(struct ctx *cx, int64_t birth_id, const struct sw_shown *s);

#endif
