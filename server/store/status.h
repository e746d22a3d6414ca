/*
 * What is known of one certificate by its serial number: whether we issued
 * it, and whether the feed refuses it, by itself or with its device.
 */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include "store/db.h"

extern const struct stmt *const status_stmts[];

struct status {
	struct bytes der;      /* or empty: not one that we have */
	const char *device_id; /* NULL: a service's, or not known */
	int64_t not_after;
	int64_t revoked_at; /* seconds; 0: not revoked */
	const char *reason; /* the feed's word, if revoked */
};

/* Every serial has an answer: one that is refused without ever having been
 * issued here, as a restored database may say, is revoked. */
ERR_FN status_get(struct ctx *cx, struct bytes serial, struct status *out);

#endif
