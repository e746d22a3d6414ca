/*
 * Owners as operators add and list them.
 */
#ifndef STORE_OWNER_H
#define STORE_OWNER_H

#include "store/db.h"

struct owner {
	const char *id, *name;
	struct bytes app_key; /* SPKI, DER */
	bool disabled;
	int64_t created_at;
};

extern const struct stmt *const owner_stmts[];

/* Adds the owner, or finds the one that has this app key: *out is what is
 * stored, created says which. */
ERR_FN owner_add(
    struct ctx *cx, const struct owner *o, struct owner *out, bool *created);
/* ERR_NOT_FOUND. */
ERR_FN owner_get(struct ctx *cx, const char *id, struct owner *out);
ERR_FN owner_list(struct ctx *cx, const char *after, int64_t limit,
    struct owner **out, size_t *n);

#endif
