/*
 * What operators tell us about the world: manufacturers and their models, and
 * owners (their trust anchors are domain/trust's).  Every change is idempotent
 * and writes an event with the token's id in the same commit.  Refusals carry a
 * reason that helps the operator (SECURITY.md A11).
 */
#ifndef DOMAIN_REGISTRY_H
#define DOMAIN_REGISTRY_H

#include "domain/caller.h"
#include "store/birth_admin.h"
#include "store/owner.h"
#include "store/registry.h"

extern const struct err ERR_REGISTRY; /* KIND_INVALID "bad-registration" */

/* A page of a listing; after is NULL for the first.  A page that is full has
 * more after its last row. */
struct page {
	const char *after;
	int64_t limit; /* 0: the most */
};

struct manufacturer_in {
	const char *id, *name;
	const char *frozen; /* true, false, or NULL to keep it as it is */
};

ERR_FN registry_put_manufacturer(struct ctx *cx, const struct admin_caller *by,
    const struct manufacturer_in *in, bool *created);
ERR_FN registry_get_manufacturer(
    struct ctx *cx, const char *id, struct manufacturer *out);
ERR_FN registry_list_manufacturers(struct ctx *cx, const struct page *page,
    struct manufacturer **out, size_t *n);

/* Unset fields take their defaults: client_id the model's id, profile
 * "device", status active.  A policy that is not said stays as it is. */
ERR_FN registry_put_model(struct ctx *cx, const struct admin_caller *by,
    const struct model *in, bool *created);
ERR_FN registry_get_model(struct ctx *cx, const char *id, struct model *out);
ERR_FN registry_list_models(
    struct ctx *cx, const struct page *page, struct model **out, size_t *n);

ERR_FN registry_list_births(
    struct ctx *cx, struct birth_query *q, struct birth_row **out, size_t *n);

struct owner_in {
	const char *name;
	const char *app_key; /* PEM, P-256 */
};

/* The same key again gives the same owner; "app-keys-off", FORBIDDEN, unless
 * the setting app_keys allows such owners. */
ERR_FN registry_add_owner(struct ctx *cx, const struct admin_caller *by,
    const struct owner_in *in, struct owner *out, bool *created);
ERR_FN registry_list_owners(
    struct ctx *cx, const struct page *page, struct owner **out, size_t *n);

#endif
