/*
 * What operators do with labels.  A change holds on all nodes within
 * moments, on this one before the answer leaves, and writes an event with
 * the token's id in the same commit.
 */
#ifndef DOMAIN_LABEL_ADMIN_H
#define DOMAIN_LABEL_ADMIN_H

#include "domain/caller.h"
#include "domain/registry.h"
#include "store/label.h"

extern const struct err ERR_LABEL_IN_USE; /* KIND_CONFLICT */

/* Makes the label or changes it to these settings (JSON); what they leave
 * out has its default.  A withdrawn label comes back. */
ERR_FN label_admin_set(struct ctx *cx, const struct admin_caller *by,
    const char *name, struct bytes settings, bool *created);

/* out->settings has every setting, defaults included. */
ERR_FN label_admin_get(struct ctx *cx, const char *name, struct label_row *out);
ERR_FN label_admin_list(
    struct ctx *cx, const struct page *page, struct label_row **out, size_t *n);

/* From now on it enrolls and renews nobody.  Refused while an active model
 * names it; again: no change. */
ERR_FN label_admin_withdraw(
    struct ctx *cx, const struct admin_caller *by, const char *name);

/* Within a transaction: refuses a name that is no label of today, and keeps
 * it one until commit. */
ERR_FN
label_admin_require(struct ctx *cx, const char *member, const char *name);

#endif
