/*
 * Labels as they are stored: a name, a version, and the settings' text.
 */
#ifndef STORE_LABEL_H
#define STORE_LABEL_H

#include "store/db.h"

struct label_row {
	const char *name, *settings;
	const char *updated_by; /* operator's token, or NULL: shipped */
	int64_t version, updated_at;
	bool withdrawn;
	/* An active model that names it has a policy on evidence; label_list
	 * alone says so. */
	bool evidence;
};

extern const struct stmt *const label_stmts[];

/* Adds, or changes when something differs; a withdrawn one comes back.  Beyond
 * LIMIT_LABELS none is added. */
ERR_FN label_put(
    struct ctx *cx, const struct label_row *in, bool *created, bool *changed);

/* found says whether there is one, withdrawn or not. */
ERR_FN label_find(
    struct ctx *cx, const char *name, bool *found, struct label_row *out);

/* Those after the name (NULL: from the first), at most limit. */
ERR_FN label_list(struct ctx *cx, const char *after, int64_t limit,
    struct label_row **out, size_t *n);

/* *model is an active model that names the label, or NULL and *changed says
 * whether it was withdrawn now. */
ERR_FN label_withdraw(struct ctx *cx, const char *name, const char *token_id,
    const char **model, bool *changed);

/* Locks the label against being withdrawn until commit, as whoever comes to
 * name it must; *found false if there is none or it is withdrawn. */
ERR_FN label_lock(struct ctx *cx, const char *name, bool *found);

#endif
