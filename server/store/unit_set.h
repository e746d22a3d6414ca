/*
 * Sets of units that lose trust together (SECURITY.md R3).  A set that is
 * open blocks whatever issues to its units (SET_SPARES, store/set_sql.h);
 * its members are found once no transaction is left that began before the
 * block, and then swept in slices, each one transaction with its events and
 * its entries in the feed.
 */
#ifndef STORE_UNIT_SET_H
#define STORE_UNIT_SET_H

#include "store/db.h"

struct unit_set {
	const char *id, *action, *reason;
	/* All that is not NULL must be so. */
	const char *manufacturer_id, *model_id, *batch, *sw_version;
	const char *owner_id, *anchor_id;
	const char **serials;
	size_t n_serials; /* 0: any */
	/* Or certificates alone, by serial number. */
	struct bytes *certificates;
	size_t n_certificates;
	bool preemptive; /* those as well that are not known */
	const char *admin_token_id;
	const char *second_token_id; /* who confirmed it, or NULL (H4) */
	int64_t counted;
	int64_t deadline; /* to reenroll, else 0 */
	/* Not read when it is added. */
	const char *state;
	bool settled; /* found is known */
	bool of_certificates;
	int64_t found, swept, created_at, finished_at;
	int64_t renewed, left; /* devices, with a new certificate or without */
	int64_t ended;         /* devices cut off at the deadline */
	bool followed;         /* once done: all had read of its last */
};

extern const struct stmt *const unit_set_stmts[];

/* Adds the set, which blocks its units once it is committed; if there is one
 * of that id, *same says whether it is this one. */
ERR_FN
unit_set_add(struct ctx *cx, const struct unit_set *s, bool *added, bool *same);

/* What is known of it, without whose units it is of; ERR_NOT_FOUND. */
ERR_FN unit_set_get(struct ctx *cx, const char *id, struct unit_set *out);

/* How many units and living devices are in a set that was added, perhaps in
 * this transaction. */
ERR_FN unit_set_count(
    struct ctx *cx, const char *id, int64_t *units, int64_t *devices);

/* The oldest open set that no other node is at, locked to the end of the
 * transaction; ERR_NOT_FOUND if there is none. */
ERR_FN unit_set_take(struct ctx *cx, struct unit_set *out);

/* The transactions of this service that run now, as *running. */
ERR_FN unit_set_running(struct ctx *cx, const char **running);
/* How many of them are not over yet. */
ERR_FN
unit_set_still_running(struct ctx *cx, const char *running, int64_t *n);

/* Within the transaction of unit_set_take: notes its units, *found of
 * them; it is then to be swept. */
ERR_FN unit_set_settle(struct ctx *cx, const char *id, int64_t *found);

/* Within the transaction of unit_set_take: changes the next units, *left
 * false if none was left. */
ERR_FN unit_set_sweep(struct ctx *cx, const struct unit_set *s, bool *left);

/* Whether all who follow the feed have read of the last of it. */
ERR_FN unit_set_followed(struct ctx *cx, const char *id, bool followed);

/* The set is over, and blocks no more. */
ERR_FN unit_set_finish(struct ctx *cx, const char *id, const char *state);

#endif
