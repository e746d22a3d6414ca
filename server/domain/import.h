/*
 * Allowlist imports: a manufacturer's births, read as a stream from a
 * spooled body and stored all or nothing.  Repeating an import changes
 * nothing.  The service's memory does not grow with the file.
 */
#ifndef DOMAIN_IMPORT_H
#define DOMAIN_IMPORT_H

#include "domain/caller.h"
#include "store/import.h"

extern const struct err ERR_IMPORT;      /* KIND_INVALID "bad-import" */
extern const struct err ERR_IMPORT_ID;   /* KIND_CONFLICT "import-id-used" */
extern const struct err ERR_IMPORT_BUSY; /* KIND_UNAVAILABLE "import-busy" */

struct import_in {
	const char *id; /* UUID of the caller's choice */
	const char *manufacturer_id;
	const char *content_type; /* text/csv or application/x-ndjson */
	const char *skip_bad;     /* yes, no or NULL */
	int fd;                   /* the body, from offset 0 */
};

/* Runs the import to its end.  A file with bad lines is not refused: out
 * tells (state failed, bad, errors). */
ERR_FN import_run(struct ctx *cx, const struct admin_caller *by,
    const struct import_in *in, struct import *out);

/* An import as it stands, while it runs too.  ERR_NOT_FOUND. */
ERR_FN import_status(struct ctx *cx, const struct admin_caller *by,
    const char *id, struct import *out);

#endif
