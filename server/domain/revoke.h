/*
 * Taking trust away, and giving it back where that is possible: flags of the
 * unit, apart from ownership (SECURITY.md R5), each with its entry in the
 * feed and its event in the same commit.
 */
#ifndef DOMAIN_REVOKE_H
#define DOMAIN_REVOKE_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

extern const struct err ERR_BAD_REASON; /* bad-reason, INVALID */

/* One of RFC 5280 section 5.3.1, without those that are a CA's or not
 * final. */
bool revoke_is_reason(const char *s);

/* A serial number without leading zeros, as it is stored; false if it is none
 * that the feed could have. */
bool revoke_read_serial(struct ctx *cx, const char *hex, struct bytes *out);

/* Revokes the device and its unit: certificates, approvals, sessions, for
 * good.  Repeating it changes nothing and succeeds. */
ERR_FN revoke_device(struct ctx *cx, const struct admin_caller *admin,
    const char *id, const char *reason);

/* The same as the end of the unit's life: it is never enrolled again. */
ERR_FN revoke_decommission(
    struct ctx *cx, const struct admin_caller *admin, const char *id);

struct revoke_serial {
	const char *serial; /* hex */
	const char *reason;
	bool preemptive; /* accepted although nobody here issued it */
};

struct revoked_serial {
	const char *serial, *device_id; /* NULL: not issued here */
	int64_t not_after;
};

/* Revokes one certificate; its device keeps the others.  ERR_NOT_FOUND where
 * no device was issued it, unless that is what preemptive says.  Repeating
 * it changes nothing and succeeds. */
ERR_FN
revoke_certificate(struct ctx *cx, const struct admin_caller *admin,
    const struct revoke_serial *in, struct revoked_serial *out);

/* Narrows the device to its quarantine topics. */
ERR_FN revoke_quarantine(struct ctx *cx, const struct admin_caller *admin,
    const char *id, const char *reason);

/* Lifts the quarantine, and nothing else.  Of a device whose ownership has
 * ended and that is its unit's last, it clears what is left on the unit: the
 * quarantine, and "lost" if who set it was erased (R5). */
ERR_FN
revoke_lift(struct ctx *cx, const struct admin_caller *admin, const char *id);

#endif
