#include "store/external.h"

static const struct stmt EXTERNAL_GET = { "external_get",
	"SELECT o.id, o.disabled_at IS NOT NULL FROM owner_external x "
	"JOIN owner o ON o.id = x.owner_id "
	"WHERE x.issuer = $1 AND x.subject = $2",
	2 };

static const struct stmt EXTERNAL_OWNER = { "external_owner",
	"WITH o AS (INSERT INTO owner (id, name) VALUES ($1::uuid, $2) "
	"RETURNING id) "
	"INSERT INTO event (kind, request_id, owner_id) "
	"SELECT 'owner.added', $3, id FROM o",
	3 };

static const struct stmt EXTERNAL_ADD = { "external_add",
	"INSERT INTO owner_external (issuer, subject, owner_id) "
	"VALUES ($1, $2, $3::uuid) ON CONFLICT DO NOTHING",
	3 };

const struct err *
external_get(struct ctx *cx, const char *issuer, const char *subject,
    const char **owner_id, bool *disabled)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &EXTERNAL_GET, &r, DB_TEXT(issuer), DB_TEXT(subject));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*owner_id = rows_text(cx, r, 0, 0);
	*disabled = rows_bool(r, 0, 1);
	return NULL;
}

const struct err *
external_add(struct ctx *cx, const struct external_new *in, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	TX tx = { 0 };

	*done = false;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = DB_RUN(cx, &EXTERNAL_OWNER, NULL, DB_TEXT(in->owner_id),
		    DB_TEXT(in->name), DB_TEXT(cx->rid));
	if (e == NULL)
		e = DB_RUN(cx, &EXTERNAL_ADD, &r, DB_TEXT(in->issuer),
		    DB_TEXT(in->subject), DB_TEXT(in->owner_id));
	if (e != NULL || rows_affected(r) == 0)
		return e;
	*done = true;
	return tx_commit(&tx);
}

const struct stmt *const external_stmts[] = { &EXTERNAL_GET, &EXTERNAL_OWNER,
	&EXTERNAL_ADD, NULL };
