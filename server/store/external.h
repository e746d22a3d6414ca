/*
 * Owners whom another issuer knows, by (issuer, subject) (SECURITY.md H5).
 */
#ifndef STORE_EXTERNAL_H
#define STORE_EXTERNAL_H

#include "store/db.h"

extern const struct stmt *const external_stmts[];

/* The owner, in the arena; *disabled whether the account is over.
 * ERR_NOT_FOUND. */
ERR_FN external_get(struct ctx *cx, const char *issuer, const char *subject,
    const char **owner_id, bool *disabled);

/* A new owner of that id and name for them, with its event; *done is false if
 * there is one meanwhile. */
struct external_new {
	const char *issuer, *subject, *owner_id, *name;
};
ERR_FN
external_add(struct ctx *cx, const struct external_new *in, bool *done);

#endif
