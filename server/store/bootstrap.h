/*
 * Bootstrap tokens: each stands in for the attestation of one unit, once, for
 * the first key that was presented with it (SECURITY.md A12).  Issuing
 * consumes it (store/enrollment); here they are made, shown and bound.
 */
#ifndef STORE_BOOTSTRAP_H
#define STORE_BOOTSTRAP_H

#include "store/db.h"

extern const struct stmt *const bootstrap_stmts[];

/* A unit that a token is to be made for. */
struct bootstrap_unit {
	int64_t birth_id;
	const char *serial, *model_id;
	bool proven; /* listed, or seen, with a stronger proof */
};

/* The listed units of a maker with these serial numbers. */
ERR_FN bootstrap_units(struct ctx *cx, const char *manufacturer_id,
    const char *const *serials, size_t nserials, struct bootstrap_unit **out,
    size_t *n);

/* Those of a batch, by serial number, after one (NULL: from the first). */
ERR_FN
bootstrap_batch(struct ctx *cx, const char *manufacturer_id, const char *batch,
    const char *after, int64_t limit, struct bootstrap_unit **out, size_t *n);

struct bootstrap_new {
	const char *id, *label, *admin_token_id;
	const uint8_t *mac;
	int64_t birth_id, expires_at;
};

/* Within a transaction: the unit's earlier tokens that nobody used are
 * withdrawn. */
ERR_FN bootstrap_add(struct ctx *cx, const struct bootstrap_new *in);

/* A token with the unit it stands for. */
struct bootstrap_found {
	bool found;
	uint8_t mac[32];
	const char *label;
	struct bytes key_sha256; /* bound to; empty: not yet */
	int64_t expires_at;
	bool used, withdrawn, proven;
	int64_t birth_id;
	const char *manufacturer_id, *manufacturer_name;
	bool manufacturer_frozen;
	const char *model_id, *model_name, *client_id, *profile, *labels;
	const char *policy, *support_until;
	bool model_active;
	const char *serial, *batch, *made_at, *boot_test;
	bool quarantined, lost, revoked, decommissioned;
	const char *device_id; /* the present ownership, or NULL */
};

/* The tokens of n ids, each in its own request's arena, since the requests
 * end one by one; out[i].found says whether there is one. */
ERR_FN bootstrap_find(struct ctx *const *cx, const char *const *ids, size_t n,
    struct bootstrap_found *out);

/* Binds the token to the key unless it is bound; *bound says whether this is
 * now its key. */
ERR_FN bootstrap_bind(
    struct ctx *cx, const char *id, const uint8_t key_sha256[32], bool *bound);

/* Uses it up for its key, within a transaction; *used false: it is no longer
 * good. */
ERR_FN bootstrap_use(
    struct ctx *cx, const char *id, const uint8_t key_sha256[32], bool *used);

/* What operators see; never the password. */
struct bootstrap_row {
	const char *id, *label, *manufacturer_id, *serial, *state;
	int64_t created_at, expires_at, used_at;
};

struct bootstrap_query {
	const char *after;                    /* a token's id, or NULL */
	const char *manufacturer_id, *serial; /* or NULL: any */
	int64_t limit;
};

ERR_FN bootstrap_list(struct ctx *cx, const struct bootstrap_query *q,
    struct bootstrap_row **out, size_t *n);

/* *changed false: used, withdrawn or expired before; ERR_NOT_FOUND. */
ERR_FN bootstrap_withdraw(struct ctx *cx, const char *id, bool *changed);

#endif
