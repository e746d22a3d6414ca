/*
 * Ownerships.  A device row is one ownership of a unit (SECURITY.md A5); the
 * unit's flags live on its birth row.  Whoever takes trust away updates one
 * of those two rows first; whoever issues locks both FOR SHARE and looks
 * again (A3).
 */
#ifndef STORE_DEVICE_H
#define STORE_DEVICE_H

#include "store/db.h"

struct device {
	const char *id, *owner_id, *manufacturer_id, *model_id, *serial;
	const char *state; /* owned, released */
	int64_t birth_id;
	bool quarantined, lost, revoked, decommissioned;
	const char *quarantine_reason; /* NULL: not quarantined */
	int64_t quarantined_at;
	int64_t created_at;
	int64_t certificate_not_after; /* 0: none issued */
	struct bytes certificate_serial;
	/* For people; the last may be NULL. */
	const char *manufacturer_name, *model_name, *support_until;
	int64_t transfer_until;   /* offered to somebody; 0: not */
	int64_t children_waiting; /* for their owner's yes */
};

/* A page of devices, oldest first; filters that are NULL do not filter. */
struct device_query {
	const char *id, *owner_id, *manufacturer_id;
	const char *after; /* the last id of the page before */
	int64_t limit;
};

extern const struct stmt *const device_stmts[];

ERR_FN device_select(struct ctx *cx, const struct device_query *q,
    struct device **out, size_t *n);

/* A new ownership under a label (NULL: the model's own); ERR_CONFLICT if the
 * unit has one. */
ERR_FN device_create(struct ctx *cx, const char *id, int64_t birth_id,
    const char *owner_id, const char *label);

/* The unit's living device, or NULL. */
ERR_FN device_of_unit(struct ctx *cx, int64_t birth_id, const char **id);

/* Under which it is. */
ERR_FN device_label(struct ctx *cx, const char *id, const char **label);

/* The label that its owner approved anew, for another key. */
ERR_FN device_set_label(struct ctx *cx, const char *id, const char *label);

/* Within a transaction, before anything else there: ends the ownership.
 * ERR_NOT_FOUND if it is not this owner's living one (NULL: nobody's). */
ERR_FN device_release(
    struct ctx *cx, const char *id, const char *owner_id, int64_t *birth_id);

enum unit_flag {
	FLAG_REVOKED,
	FLAG_DECOMMISSIONED,
	FLAG_QUARANTINED,
	FLAG_LOST,
};

/* Within a transaction, before anything else there: sets or clears a flag of
 * the device's unit.  *changed false: it was so already.  ERR_NOT_FOUND: no
 * such device, or its ownership has ended. */
ERR_FN device_flag_unit(struct ctx *cx, const char *id, enum unit_flag flag,
    bool set, int64_t *birth_id, bool *changed);

/* Within a transaction: whether the unit has any of its flags, which it
 * keeps until the end. */
ERR_FN
device_unit_flagged(struct ctx *cx, int64_t birth_id, bool *flagged);

/* The same for a unit whose last ownership, this one, has ended: clears what
 * the operator set, and "lost" where who set it was erased, so that nobody
 * else can clear it.  ERR_NOT_FOUND: no such device, or not its unit's last, or
 * it is owned. */
ERR_FN device_unflag_ended(
    struct ctx *cx, const char *id, int64_t *birth_id, bool *changed);

/* Within the same, as a later statement that sees what others committed
 * before the lock was had: revokes the living certificates, and voids the
 * unit's open approvals. */
ERR_FN device_revoke_certificates(struct ctx *cx, const char *id);
/* The device's keys are refused for good, for any device (A9). */
ERR_FN device_refuse_keys(struct ctx *cx, const char *id);
ERR_FN device_void_approvals(struct ctx *cx, int64_t birth_id);

#endif
