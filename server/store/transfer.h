/*
 * Offers of devices to whoever has their code (SECURITY.md P5): a keyed hash
 * of the code, the facts as they were proved last, and what came of it.
 */
#ifndef STORE_TRANSFER_H
#define STORE_TRANSFER_H

#include "store/db.h"

struct transfer {
	const char *id, *device_id, *facts;
	int64_t proved_at, expires_at;
	/* NULL until it was accepted: by whom, and what it is to them. */
	const char *owner_id, *new_device_id;
};

extern const struct stmt *const transfer_stmts[];

/* What the device proved when it enrolled last, and when; ERR_NOT_FOUND: it
 * never did under this id. */
ERR_FN transfer_facts(struct ctx *cx, const char *device_id, const char **facts,
    int64_t *proved_at);

/* Within a transaction: takes the device's open offer back; *done false: there
 * was none. */
ERR_FN transfer_withdraw(struct ctx *cx, const char *device_id, bool *done);

/* Within the same: another one; ERR_CONFLICT: somebody else made one now. */
ERR_FN transfer_add(
    struct ctx *cx, const struct transfer *t, const uint8_t code_mac[32]);

/* The one of this code that is open, or was accepted within its time.
 * ERR_NOT_FOUND. */
ERR_FN
transfer_get(struct ctx *cx, const uint8_t code_mac[32], struct transfer *out);

/* Within a transaction: it is taken; *done false: it was, or is over. */
ERR_FN transfer_accept(struct ctx *cx, const struct transfer *t,
    const char *owner_id, const char *new_device_id, bool *done);

#endif
