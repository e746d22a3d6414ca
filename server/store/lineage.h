/*
 * Whether the database is the one whose feed was seen before, or an older
 * one (SECURITY.md R6); and the feed's entries as a node keeps them on its
 * own disk.
 */
#ifndef STORE_LINEAGE_H
#define STORE_LINEAGE_H

#include "store/db.h"
#include "store/view.h"

extern const struct stmt *const lineage_stmts[];
extern const struct stmt *const lineage_doubt_stmts[];

/* What a node knows of itself. */
struct lineage_ask {
	const char *name;             /* among those who follow the feed */
	const struct view_mark *mark; /* NULL: none survives */
	const char *since; /* of an earlier answer, or NULL: the first */
};

struct lineage_answer {
	struct view_mark head;
	bool holds;        /* the feed has the mark's entry */
	bool doubted;      /* by somebody who has seen more */
	bool vouched;      /* a node that is not in doubt has come by since */
	bool fresh;        /* nothing was ever issued or refused */
	int64_t window_to; /* of the newest recovery; 0: none */
	const char *now;
};

ERR_FN lineage_read(
    struct ctx *cx, const struct lineage_ask *ask, struct lineage_answer *out);

/* The database has not what was seen up to there; all who follow the feed
 * hear of it, once. */
ERR_FN
lineage_doubt(struct ctx *cx, const char *name, const struct view_mark *seen);

/* Whether somebody has said so. */
ERR_FN lineage_doubted(struct ctx *cx, bool *yes);

/* Asks the other nodes to say that they are here. */
ERR_FN lineage_call(struct ctx *cx);
#define LINEAGE_CALL "latchkey_call"

/* The entries after one place and up to another, a page of them, each as a
 * row of COPY for recover_entry; *after moves on.  *n is 0 at the end. */
ERR_FN lineage_entries(struct ctx *cx, struct view_mark *after,
    const struct view_mark *upto, const char ***rows, size_t *n);

#endif
