/*
 * What evidence was found to be: a record of each attempt, for a time, and of
 * each unit what it proved last, which later requests are judged by.
 */
#ifndef STORE_VERDICT_H
#define STORE_VERDICT_H

#include "store/db.h"

extern const struct stmt *const verdict_stmts[];

/* One attempt; the request's id is its id. */
struct verdict_row {
	const char *id, *at, *cursor; /* as read; cursor continues after it */
	const char *manufacturer_id, *model_id;
	const char *birth_id, *device_id, *format; /* or NULL */
	int64_t policy_version;
	bool accepted;
	const char *verdict; /* JSON (attest/verdict_json); NULL in lists */
};

struct verdict_new {
	const char *manufacturer_id, *model_id;
	int64_t birth_id;        /* 0: not known */
	const char *device_id;   /* or NULL */
	struct bytes key_sha256; /* to be certified, or none */
	const char *format;      /* NULL: no evidence came */
	int64_t policy_version;
	struct bytes evidence_sha256; /* or none */
	bool accepted;
	struct bytes verdict; /* JSON */
};

ERR_FN verdict_record(struct ctx *cx, const struct verdict_new *v);

/* Makes it what its unit proved last for that key.  What it proved for other
 * keys is forgotten after ten days: no approval is older. */
ERR_FN verdict_keep(struct ctx *cx, const struct verdict_new *v);

/* What a unit proved last, for one key or (empty) for any, and what its model
 * asks now.  verdict NULL: nothing. */
struct proved_row {
	const char *manufacturer_id, *model_id, *device_id;
	const char *evidence; /* the policy's, JSON; NULL: nothing is asked */
	int64_t policy_version;
	const char *sw_version; /* the highest that it has shown, or NULL */
	int64_t sw_scheme;
	const char *verdict, *format;
	int64_t at, under_version; /* when, and under which policy */
	struct bytes evidence_sha256;
};
/* ERR_NOT_FOUND. */
ERR_FN proved_get(struct ctx *cx, int64_t birth_id, struct bytes key_sha256,
    struct proved_row *out);

/* Attempts, the newest first; NULL: any. */
struct verdict_query {
	const char *device_id, *birth_id, *model_id;
	const char *after; /* a row's cursor, or NULL */
	int64_t limit;
};
ERR_FN verdict_list(struct ctx *cx, const struct verdict_query *q,
    struct verdict_row **out, size_t *n);

/* Those of a device, while this owner has it, with those that led to it. */
ERR_FN verdict_list_owner(struct ctx *cx, const char *owner_id,
    const struct verdict_query *q, struct verdict_row **out, size_t *n);

/* ERR_NOT_FOUND. */
ERR_FN verdict_get(struct ctx *cx, const char *id, struct verdict_row *out);

#endif
