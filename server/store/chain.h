/*
 * The feed's chain of hashes as it stands, for whoever checks it: each entry
 * has the hash of the one before and of its own content (SECURITY.md R1), as
 * the database made it when it was appended.
 */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include "store/db.h"

struct chain_entry {
	int64_t epoch, position;
	struct bytes previous, sha256; /* as it says */
	const char *content;           /* what its hash covers */
};

extern const struct stmt *const chain_stmts[];

/* What comes next is to follow: no content, and previous is empty. */
ERR_FN chain_head(struct ctx *cx, struct chain_entry *out);

/* A page of the entries after one, up to and with the other. */
ERR_FN chain_read(struct ctx *cx, const struct chain_entry *after,
    const struct chain_entry *upto, struct chain_entry **out, size_t *n);

#endif
