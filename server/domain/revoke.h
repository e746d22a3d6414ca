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

/* Revokes the device and its unit: certificates, approvals, sessions, for
 * good.  Repeating it changes nothing and succeeds. */
ERR_FN revoke_device(struct ctx *cx, const struct admin_caller *admin,
    const char *id, const char *reason);

/* Narrows the device to its quarantine topics. */
ERR_FN revoke_quarantine(struct ctx *cx, const struct admin_caller *admin,
    const char *id, const char *reason);

/* Lifts the quarantine, and nothing else. */
ERR_FN
revoke_lift(struct ctx *cx, const struct admin_caller *admin, const char *id);

#endif
