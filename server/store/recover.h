/*
 * Taking up what survived after the database was restored to an older point
 * (SECURITY.md R6), with the migrator's role: rows of journals are staged,
 * and the rules are the database's own (0019_recovery.sql).
 */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include "store/db.h"
#include "store/view.h"

extern const struct stmt *const recover_stmts[];

struct recover_plan {
	struct view_mark head;  /* the database's */
	const char *last_known; /* the last moment it knows of */
	int64_t staged, lost;   /* entries that survived, and are missing */
	int64_t gap; /* of those below the highest mark, that did not survive */
	int64_t certificates; /* that survived and are missing */
};

/* Within a transaction: nobody else writes the feed from here on. */
ERR_FN recover_begin(struct ctx *cx, struct tx *tx);

/* Rows of COPY, of entries and then of certificates. */
enum recover_table { RECOVER_ENTRIES, RECOVER_CERTIFICATES };
ERR_FN recover_stage_begin(struct ctx *cx, enum recover_table table);
ERR_FN recover_stage(struct ctx *cx, const char *row);
ERR_FN recover_stage_end(struct ctx *cx);

/* What was staged, compared; highest is the highest mark that survived. */
ERR_FN recover_look(
    struct ctx *cx, const struct view_mark *highest, struct recover_plan *out);

struct recovered {
	int64_t entries, certificates;
	struct view_mark head;
};

/* Takes it up, in a new epoch above all that was seen. */
ERR_FN
recover_apply(struct ctx *cx, int64_t above, struct recovered *out);

#endif
