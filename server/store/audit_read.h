/*
 * Reading the audit trail that store/event writes.
 */
#ifndef STORE_AUDIT_READ_H
#define STORE_AUDIT_READ_H

#include "store/db.h"

struct audit_row {
	const char *id, *at, *kind;
	const char *request_id, *manufacturer_id, *birth_id, *device_id;
	const char *owner_id, *approval_id, *admin_token_id, *code, *detail;
	const char *cursor; /* continues after this row */
};

struct audit_query {
	const char *device_id, *request_id, *kind; /* NULL: any */
	const char *after;                         /* a row's cursor, or NULL */
	int64_t limit;
};

extern const struct stmt *const audit_stmts[];

/* Whether the text has the form of a cursor. */
bool audit_cursor_valid(const char *cursor);

/* Rows in the order of their time, in the arena. */
ERR_FN audit_list(struct ctx *cx, const struct audit_query *q,
    struct audit_row **out, size_t *n);

/* What happened to one device, the newest first. */
struct audit_step {
	int64_t at;
	const char *kind;
	const char *cursor; /* continues after this step */
};
ERR_FN audit_of_device(struct ctx *cx, const struct audit_query *q,
    struct audit_step **out, size_t *n);

#endif
