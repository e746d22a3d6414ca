/*
 * Allowlist imports.  Lines are staged in batches that commit, so that the
 * progress can be read while it runs; then one transaction judges them
 * against each other and against what is stored, and stores them.  One
 * import runs at a time in the whole installation, held by a lock of this
 * connection: if the connection or the database is lost nothing is stored,
 * and the import is repeated.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include "base/buf.h"
#include "base/limits.h"
#include "store/db.h"

struct import {
	const char *id, *manufacturer_id, *token_id;
	const char *state; /* staging, storing, done, failed */
	bool skip_bad;
	uint8_t body_sha256[32];
	int64_t lines, added, unchanged, bad;
	const char *errors; /* JSON: [{line, reason}], the first ones */
};

struct import_error {
	int64_t line;
	const char *reason; /* printable ASCII */
};

/* What is wrong with the file: the first LIMIT_IMPORT_ERRORS that reading
 * finds, then as many that judging finds. */
struct import_errors {
	struct import_error v[2 * LIMIT_IMPORT_ERRORS];
	size_t n;
};

/* One line as it is staged: what the maker said, the claim code as its
 * keyed hash. */
struct import_unit {
	int64_t line;
	const char *model_id, *serial, *batch, *boot_test, *dac_subject;
	int64_t made_at; /* 0: not said */
	struct bytes key_sha256, ueid, ek_sha256;
	struct bytes certificate_sha256, claim_code_mac;
};

extern const struct stmt *const import_stmts[];

/* Takes the lock; busy says that another import has it.  pid identifies
 * this connection to the functions below: after a lost connection they
 * refuse with ERR_STORE instead of working without the lock. */
ERR_FN import_lock(struct ctx *cx, int64_t *pid, bool *busy);
void import_unlock(struct ctx *cx);

/* found says whether there is one. */
ERR_FN
import_find(struct ctx *cx, const char *id, bool *found, struct import *out);

/* Records a new import as staging, or an interrupted or failed one anew,
 * closes those that were interrupted, and forgets what was staged.  Within
 * a transaction. */
ERR_FN import_start(struct ctx *cx, const struct import *im);

/* Stages units, within a transaction: begin, any number of send, end. */
ERR_FN import_stage_begin(struct ctx *cx);
/* Adds the unit's row to the text that import_stage_send takes. */
void import_stage_unit(
    struct buf *text, const char *import_id, const struct import_unit *u);
ERR_FN import_stage_send(struct ctx *cx, struct bytes text);
ERR_FN import_stage_end(struct ctx *cx);

/* Records how far it is: state, lines and bad. */
ERR_FN import_progress(struct ctx *cx, const struct import *im, int64_t pid);

/* Within the storing transaction: sets im->unchanged, adds to im->bad and to
 * the errors what cannot be stored, and takes both out of what is staged.
 * staged is how many lines there must be. */
ERR_FN import_judge(struct ctx *cx, struct import *im, int64_t staged,
    struct import_errors *errors);

/* Within the same, after it: stores what is left and sets im->added. */
ERR_FN import_store(struct ctx *cx, struct import *im);

/* Records the outcome, im->state done or failed, and sets im->errors. */
ERR_FN import_finish(struct ctx *cx, struct import *im, int64_t pid,
    struct import_errors *errors);

#endif
