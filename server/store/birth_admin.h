/*
 * What operators see of births; enrollment reads them through store/birth.
 */
#ifndef STORE_BIRTH_ADMIN_H
#define STORE_BIRTH_ADMIN_H

#include "store/db.h"

struct birth_row {
	const char *id; /* the row's number, also the cursor of a listing */
	const char *serial, *model_id, *batch, *made_at, *boot_test;
	struct bytes key_sha256, ueid, certificate_sha256, pinned_key_sha256;
	struct bytes ek_sha256;
	const char *dac_subject;
	int64_t pinned_at, opened_at; /* 0: not */
	bool claim_code;              /* one is stored and not used */
	bool quarantined, lost, revoked, decommissioned;
	const char *device_id; /* of the live ownership, or NULL */
};

extern const struct stmt *const birth_admin_stmts[];

struct birth_query {
	const char *manufacturer_id;
	const char *serial; /* NULL: all */
	const char *after;  /* a row's id; NULL: from the first */
	int64_t limit;
};

/* The manufacturer's births in the order they came, in the arena. */
ERR_FN birth_list(struct ctx *cx, const struct birth_query *q,
    struct birth_row **out, size_t *n);

#endif
