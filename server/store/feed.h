/*
 * Writing the feed of what is refused (SECURITY.md R1).  The position is
 * given by the database under a lock held to commit, so append last in a
 * transaction: others wait from here on.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "store/db.h"

extern const struct stmt *const feed_stmts[];

/* The device id is refused for good. */
ERR_FN
feed_refuse_device(struct ctx *cx, const char *device_id, const char *reason);

/* The device id is narrowed to quarantine, or has all of it again. */
ERR_FN feed_quarantine(
    struct ctx *cx, const char *device_id, bool entering, const char *reason);

/* An operator's reason for that, told from the owners' own ("lost" and
 * "found"), by which a recovery knows whose flag it was. */
const char *feed_operator_reason(struct ctx *cx, const char *reason);

/* A certificate is refused until it has expired; for good with 0. */
ERR_FN feed_refuse_certificate(
    struct ctx *cx, struct bytes serial, int64_t not_after, const char *reason);

/* Whether a serial number is refused by an entry of its own. */
ERR_FN
feed_refuses_certificate(struct ctx *cx, struct bytes serial, bool *yes);

/* A service's topics changed or it was withdrawn: readers load it anew. */
ERR_FN
feed_service_changed(struct ctx *cx, const char *name, bool withdrawn);

/* What is no device's, and is not to come back with an older database (R6):
 * a "passkey", "account", "approval" (denied), "client", "anchor" or "child".
 * until is when it would have ended by itself; 0: never. */
ERR_FN
feed_removed(struct ctx *cx, const char *what, const char *id, int64_t until);

#endif
