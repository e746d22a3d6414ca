/*
 * Records of enrollments: nothing is stored for them.  An attempt is a
 * request for an owner's yes with what befell its unit meanwhile, or what came
 * of a request without one; both are read from the approvals and from the
 * audit trail, which are written anyhow.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store/db.h"

extern const struct stmt *const record_stmts[];

/* The id is the approval's, else that of the request that was refused or
 * issued without one. */
struct record_row {
	const char *id, *at, *state, *cursor;
	const char *approval_id;       /* while there is one, or NULL */
	const char *request_id;        /* that it began with, or NULL */
	const char *kind, *code;       /* of its first event; or NULL */
	int64_t birth_id;              /* 0: refused before it was known */
	const char *model_id, *serial; /* or NULL, as the rest */
	const char *device_id, *owner_id, *label, *certificate_serial;
	struct bytes key_sha256;
	bool shown;                                    /* to an owner */
	const char *created_at, *expires_at, *used_at; /* the last: or NULL */
	/* Between these, in seconds, the unit's events belong to it. */
	int64_t from, to;
};

/* The newest first. */
struct record_query {
	const char *device_id, *model_id, *state; /* NULL: any */
	int64_t from, to;                         /* seconds; 0: no bound */
	const char *after;                        /* a row's cursor, or NULL */
	int64_t limit;
};

struct record_page {
	struct record_row *v;
	size_t n;
	const char *next; /* NULL: at the end; a page may be short */
};

ERR_FN record_list(
    struct ctx *cx, const struct record_query *q, struct record_page *out);

/* By the approval's id or a request's; by a user code that waits or was given
 * out within a day.  ERR_NOT_FOUND. */
ERR_FN record_get(struct ctx *cx, const char *id, struct record_row *out);
ERR_FN record_by_code(
    struct ctx *cx, const uint8_t user_code_mac[32], struct record_row *out);

struct record_step {
	const char *at, *kind, *code, *detail, *request_id;
};
/* What befell it, in order of time; at most max. */
ERR_FN record_steps(struct ctx *cx, const struct record_row *r, int64_t max,
    struct record_step **out, size_t *n);

/* Records a refusal of what a unit, or its device, asked for; but of each unit
 * only so many in an hour, the last of which says so. */
struct record_refusal {
	int64_t birth_id;
	const char *device_id; /* or NULL */
	const char *code, *detail;
};
ERR_FN record_refuse(struct ctx *cx, const struct record_refusal *r);

#endif
