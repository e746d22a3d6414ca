/*
 * The audit trail: rows written in the transaction of the change they tell
 * of, and never changed (SECURITY.md R2).  No personal data, no raw address
 * (V1): identifiers refer to rows that can be erased.
 */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include "store/db.h"

struct event {
	const char *kind;            /* greppable constant: device.released */
	const char *manufacturer_id; /* NULL where unknown, here and below */
	int64_t birth_id;            /* 0: none */
	const char *device_id, *owner_id, *approval_id, *admin_token_id;
	const char *code;   /* of the refusal, where it was one */
	const char *detail; /* private reason, for operators */
};

extern const struct stmt *const event_stmts[];

/* Adds the event with the request's id, in the open transaction if any. */
ERR_FN event_add(struct ctx *cx, const struct event *ev);

#endif
