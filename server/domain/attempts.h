/*
 * Attempts to prove something, as operators read them, and as an owner reads
 * those of own devices, in plain words (SECURITY.md E5).
 */
#ifndef DOMAIN_ATTEMPTS_H
#define DOMAIN_ATTEMPTS_H

#include "domain/caller.h"
#include "domain/registry.h"
#include "store/verdict.h"

/* The newest first. */
ERR_FN attempts_list(struct ctx *cx, const struct verdict_query *q,
    struct verdict_row **out, size_t *n);
ERR_FN attempts_get(struct ctx *cx, const char *id, struct verdict_row *out);

/* What an owner is told of one. */
struct attempt_words {
	const char *id, *at, *grade;
	bool accepted;
	const char **words;
	size_t n_words;
};

/* ERR_NOT_FOUND: no such device, or not this owner's. */
ERR_FN attempts_of_owner(struct ctx *cx, const struct owner_caller *owner,
    const struct verdict_query *q, struct attempt_words **out, size_t *n,
    const char **next);

#endif
