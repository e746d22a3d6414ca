/*
 * Devices as their owners and operators see and end them.
 */
#ifndef DOMAIN_OWNERSHIP_H
#define DOMAIN_OWNERSHIP_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/touch.h"
#include "store/audit_read.h"
#include "store/device.h"

/* A page of the owner's living devices. */
ERR_FN ownership_list(struct ctx *cx, const struct owner_caller *owner,
    const char *after, int64_t limit, struct device **out, size_t *n);

/* One of them; not theirs is ERR_NOT_FOUND (E5). */
ERR_FN ownership_get(struct ctx *cx, const struct owner_caller *owner,
    const char *id, struct device *out);

/* A page of what happened to the device of the query, the newest first. */
ERR_FN ownership_history(struct ctx *cx, const struct owner_caller *owner,
    const struct audit_query *q, struct audit_step **out, size_t *n);

/* Lost, or found again (P4, R5): a flag of the unit, which its owner alone
 * sets and clears.  It narrows the device as quarantine does, so that its
 * sessions are cut, and nothing is issued to it meanwhile.  Repeating it
 * changes nothing and succeeds. */
ERR_FN ownership_lost(struct ctx *cx, const struct owner_caller *owner,
    const char *id, bool lost, const struct touch_answer *touch);

/* Ends the ownership: certificates, approvals and open sessions with it, in
 * one commit.  touch is for who is signed in at the pages.  A repeat is
 * ERR_NOT_FOUND. */
ERR_FN ownership_release(struct ctx *cx, const struct owner_caller *owner,
    const char *id, const struct touch_answer *touch);

/* The same for an account that ends. */
ERR_FN ownership_end(struct ctx *cx, const char *owner_id, const char *id);

/* Within a transaction: ends the ownership as a release does, and makes
 * another one of the same unit (A5), which *new_id is, under the same label.
 * *flagged: the unit is quarantined, lost, revoked or decommissioned, and all
 * of it is to be undone.  ERR_NOT_FOUND: not this owner's, or not any more. */
ERR_FN ownership_hand_over(struct ctx *cx, const struct device *d,
    const char *to, const char **new_id, bool *flagged);

/* The same for a device that nobody owns, whose unit may then enroll anew with
 * another key; ERR_CONFLICT's kind for one that has an owner, which is the
 * owner's to end (H4). */
ERR_FN ownership_release_ownerless(
    struct ctx *cx, const struct admin_caller *by, const char *id);

/* What operators see: every device, or those of one manufacturer. */
ERR_FN ownership_list_all(struct ctx *cx, const char *manufacturer_id,
    const char *after, int64_t limit, struct device **out, size_t *n);
ERR_FN ownership_get_any(struct ctx *cx, const char *id, struct device *out);

#endif
