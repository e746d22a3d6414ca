/*
 * Reading the audit trail that store/event writes.
 */
#ifndef STORE_AUDIT_READ_H
#define STORE_AUDIT_READ_H

#include "store/db.h"

struct audit_row {
	const char *id, *at, *kind;
	const char *request_id, *manufacturer_id, *birth_id, *device_id;
	const char *owner_id, *approval_id, *admin_token_id;
	const char *second_token_id; /* who confirmed it (H4) */
	const char *code, *detail;
	const char *cursor; /* continues after this row */
};

struct audit_query {
	/* NULL: any.  An owner's are those that name the owner or a device of
	 * theirs. */
	const char *device_id, *owner_id, *admin_token_id;
	const char *request_id, *kind;
	int64_t from, to; /* seconds, to is not within; 0: no bound */
	bool newest;      /* the newest first */
	/* Without those that a transaction under way may still come before:
	 * who goes on from the last of them will have missed none. */
	bool settled;
	const char *after; /* a row's cursor, or NULL */
	int64_t limit;
};

struct audit_page {
	struct audit_row *v;
	size_t n;
	const char *last; /* the last row's cursor; NULL: no rows */
	/* Where it goes on.  Set as well where nothing (more) was found in as
	 * many events as one question looks at. */
	const char *next;
};

extern const struct stmt *const audit_stmts[];

/* Whether the text has the form of a cursor. */
bool audit_cursor_valid(const char *cursor);

/* Rows in the order of their time. */
ERR_FN
audit_list(struct ctx *cx, const struct audit_query *q, struct audit_page *out);

/* What happened to one device, the newest first. */
struct audit_step {
	int64_t at;
	const char *kind, *code; /* code: of the refusal, where it was one */
	const char *cursor;      /* continues after this step */
};
ERR_FN audit_of_device(struct ctx *cx, const struct audit_query *q,
    struct audit_step **out, size_t *n);

#endif
