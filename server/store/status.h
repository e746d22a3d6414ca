/*
 * What is known of one certificate by its serial number: whether we issued
 * it, and whether the feed refuses it, by itself or with its device.
 */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include "store/db.h"
#include "store/view.h"

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

/* A certificate that an entry of the feed refuses. */
struct status_revoked {
	struct bytes serial, head; /* head: the first bytes of its DER, or none
				    * if it is not one that we have */
	int64_t not_after; /* INT64_MAX: not known, it was refused beforehand */
	int64_t revoked_at;
	const char *reason;
};

struct status_page {
	int64_t expired_before; /* in: those are left out */
	struct status_revoked *v;
	size_t n;
	bool more;
};

/* The certificates of the next entries after one place and up to another,
 * with *at moved on; out->more says whether to call again.  A certificate may
 * come more than once. */
ERR_FN status_read_revoked(struct ctx *cx, struct view_mark *at,
    const struct view_mark *upto, struct status_page *out);

#endif
