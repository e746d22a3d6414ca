#include "store/grant.h"

#include "store/column.h"

/* Whoever asks clears some of what is over. */
static const struct stmt AUTHORIZATION_ADD = { "authorization_add",
	"WITH over AS (DELETE FROM authorization_request WHERE mac IN "
	"(SELECT mac FROM authorization_request WHERE "
	"expires_at < to_timestamp($11::bigint) LIMIT 10 "
	"FOR UPDATE SKIP LOCKED)) "
	"INSERT INTO authorization_request (mac, client_id, pushed, "
	"redirect_uri, scope, code_challenge, state, nonce, jkt, expires_at, "
	"asked_at, max_age) "
	"VALUES ($1, $2, $3::boolean, $4, $5, $6, $7, $8, $9, "
	"to_timestamp($10::bigint), to_timestamp($11::bigint), "
	"nullif($12::bigint, -1))",
	12 };

static const struct stmt AUTHORIZATION_SHOW = { "authorization_show",
	"UPDATE authorization_request SET mac = $2, pushed = false, "
	"expires_at = to_timestamp($4::bigint) WHERE mac = $1 AND pushed AND "
	"client_id = $3 AND expires_at > to_timestamp($5::bigint)",
	5 };

static const struct stmt AUTHORIZATION_GET = { "authorization_get",
	"SELECT a.client_id, c.name, a.redirect_uri, a.scope, "
	"a.code_challenge, a.state, a.nonce, a.jkt, "
	"extract(epoch FROM a.asked_at)::bigint, coalesce(a.max_age, -1) "
	"FROM authorization_request a JOIN client c ON c.id = a.client_id "
	"WHERE a.mac = $1 AND NOT a.pushed AND c.withdrawn_at IS NULL AND "
	"a.expires_at > to_timestamp($2::bigint)",
	2 };

static const struct stmt AUTHORIZATION_END = { "authorization_end",
	"DELETE FROM authorization_request WHERE mac = $1 AND NOT pushed", 1 };

static const struct stmt FAMILY_ADD = { "family_add",
	"WITH over AS (DELETE FROM token_family WHERE id IN (SELECT id "
	"FROM token_family WHERE expires_at < to_timestamp($12::bigint) "
	"LIMIT 10 FOR UPDATE SKIP LOCKED)), "
	"f AS (INSERT INTO token_family (id, client_id, owner_id, scope, "
	"nonce, code_mac, code_challenge, code_expires_at, redirect_uri, "
	"signed_in_at, jkt, expires_at) VALUES ($1::uuid, $2, $3::uuid, $4, "
	"$5, $6, $7, to_timestamp($8::bigint), $9, to_timestamp($14::bigint), "
	"$10, to_timestamp($11::bigint)) RETURNING client_id, owner_id) "
	"INSERT INTO event (kind, request_id, owner_id, detail) "
	"SELECT 'app.allowed', $13, owner_id, client_id FROM f",
	14 };

#define FAMILY_COLUMNS                                                      \
	"f.id, f.client_id, f.owner_id, f.scope, f.nonce, f.redirect_uri, " \
	"f.code_challenge, f.jkt, f.x5t, "                                  \
	"extract(epoch FROM f.code_expires_at)::bigint, "                   \
	"extract(epoch FROM f.signed_in_at)::bigint, "                      \
	"extract(epoch FROM f.expires_at)::bigint, f.generation, "          \
	"extract(epoch FROM f.issued_at)::bigint, "                         \
	"f.ended_at IS NULL AND f.expires_at > to_timestamp($2::bigint) "   \
	"AND c.withdrawn_at IS NULL AND o.disabled_at IS NULL "             \
	"FROM token_family f JOIN client c ON c.id = f.client_id "          \
	"JOIN owner o ON o.id = f.owner_id "

static const struct stmt FAMILY_BY_CODE = { "family_by_code",
	"SELECT " FAMILY_COLUMNS "WHERE f.code_mac = $1", 2 };

static const struct stmt FAMILY_GET_ALL = { "family_get_all",
	"SELECT i.n - 1, x.* FROM unnest($1::uuid[]) WITH ORDINALITY "
	"AS i (wanted, n) CROSS JOIN LATERAL (SELECT " FAMILY_COLUMNS
	"WHERE f.id = i.wanted) x",
	2 };

static const struct stmt FAMILY_GET = { "family_get",
	"SELECT " FAMILY_COLUMNS "WHERE f.id = $1::uuid", 2 };

/* What ends the owner or the client waits for this, or this sees it (A3). */
static const struct stmt FAMILY_NEXT = { "family_next",
	"WITH o AS (SELECT o.id FROM token_family f JOIN owner o "
	"ON o.id = f.owner_id JOIN client c ON c.id = f.client_id "
	"WHERE f.id = $1::uuid AND o.disabled_at IS NULL AND "
	"c.withdrawn_at IS NULL FOR SHARE OF o, c), "
	"f AS (UPDATE token_family f SET generation = $2::int + 1, "
	"issued_at = to_timestamp($3::bigint), jkt = $4, x5t = $5 FROM o "
	"WHERE f.id = $1::uuid AND f.generation = $2::int AND "
	"f.ended_at IS NULL AND f.expires_at > to_timestamp($3::bigint) "
	"RETURNING f.owner_id, f.client_id) "
	"INSERT INTO event (kind, request_id, owner_id, detail) "
	"SELECT 'app.token_issued', $6, owner_id, client_id FROM f",
	6 };

static const struct stmt FAMILY_END = { "family_end",
	"WITH f AS (UPDATE token_family SET ended_at = now() "
	"WHERE id = $1::uuid AND ended_at IS NULL "
	"RETURNING owner_id, client_id) "
	"INSERT INTO event (kind, request_id, owner_id, detail) "
	"SELECT $2, $3, owner_id, client_id FROM f",
	3 };

static const struct stmt FAMILY_END_ALL = { "family_end_all",
	"WITH f AS (UPDATE token_family SET ended_at = now() "
	"WHERE owner_id = $1::uuid AND ended_at IS NULL AND "
	"expires_at > to_timestamp($2::bigint) "
	"RETURNING owner_id, client_id) "
	"INSERT INTO event (kind, request_id, owner_id, detail) "
	"SELECT 'app.signed_out', $3, owner_id, client_id FROM f",
	3 };

const struct err *
authorization_add(struct ctx *cx, const struct authorization *a,
    const uint8_t mac[32], bool pushed, int64_t until)
{
	return DB_RUN(cx, &AUTHORIZATION_ADD, NULL, DB_SHA(mac),
	    DB_TEXT(a->client_id), DB_BOOL(pushed), DB_TEXT(a->redirect_uri),
	    DB_TEXT(a->scope), DB_BYTES(a->code_challenge), DB_TEXT(a->state),
	    DB_TEXT(a->nonce), DB_BYTES(a->jkt), DB_INT(until), DB_INT(cx->now),
	    DB_INT(a->max_age));
}

const struct err *
authorization_show(
    struct ctx *cx, const struct authorization_shown *in, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &AUTHORIZATION_SHOW, &r,
	    DB_SHA(in->old_mac), DB_SHA(in->mac), DB_TEXT(in->client_id),
	    DB_INT(in->until), DB_INT(cx->now));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
authorization_get(
    struct ctx *cx, const uint8_t mac[32], struct authorization *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &AUTHORIZATION_GET, &r, DB_SHA(mac), DB_INT(cx->now));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*out = (struct authorization){
		.client_id = rows_text(cx, r, 0, 0),
		.client_name = rows_text(cx, r, 0, 1),
		.redirect_uri = rows_text(cx, r, 0, 2),
		.scope = rows_text(cx, r, 0, 3),
		.code_challenge = rows_bytes(cx, r, 0, 4),
		.state = rows_text(cx, r, 0, 5),
		.nonce = rows_text(cx, r, 0, 6),
		.jkt = rows_bytes(cx, r, 0, 7),
		.asked_at = rows_int(r, 0, 8),
		.max_age = rows_int(r, 0, 9),
	};
	return NULL;
}

const struct err *
authorization_end(struct ctx *cx, const uint8_t mac[32], bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &AUTHORIZATION_END, &r, DB_SHA(mac));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
family_add(struct ctx *cx, const struct family *f, const uint8_t code_mac[32])
{
	return DB_RUN(cx, &FAMILY_ADD, NULL, DB_TEXT(f->id),
	    DB_TEXT(f->client_id), DB_TEXT(f->owner_id), DB_TEXT(f->scope),
	    DB_TEXT(f->nonce), DB_SHA(code_mac), DB_BYTES(f->code_challenge),
	    DB_INT(f->code_expires_at), DB_TEXT(f->redirect_uri),
	    DB_BYTES(f->jkt), DB_INT(f->expires_at), DB_INT(cx->now),
	    DB_TEXT(cx->rid), DB_INT(f->signed_in_at));
}

/* From the column on. */
static void
read_columns(
    struct ctx *cx, const struct rows *r, int i, int at, struct family *f)
{
	*f = (struct family){
		.id = rows_text(cx, r, i, at),
		.client_id = rows_text(cx, r, i, at + 1),
		.owner_id = rows_text(cx, r, i, at + 2),
		.scope = rows_text(cx, r, i, at + 3),
		.nonce = rows_text(cx, r, i, at + 4),
		.redirect_uri = rows_text(cx, r, i, at + 5),
		.code_challenge = rows_bytes(cx, r, i, at + 6),
		.jkt = rows_bytes(cx, r, i, at + 7),
		.x5t = rows_bytes(cx, r, i, at + 8),
		.code_expires_at = rows_int(r, i, at + 9),
		.signed_in_at = rows_int(r, i, at + 10),
		.expires_at = rows_int(r, i, at + 11),
		.generation = rows_int(r, i, at + 12),
		.issued_at = rows_int(r, i, at + 13),
		.alive = rows_bool(r, i, at + 14),
	};
}

static ERR_FN
read_family(struct ctx *cx, const struct rows *r, struct family *f)
{
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	read_columns(cx, r, 0, 0, f);
	return NULL;
}

const struct err *
family_by_code(struct ctx *cx, const uint8_t code_mac[32], struct family *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &FAMILY_BY_CODE, &r, DB_SHA(code_mac), DB_INT(cx->now));

	return e != NULL ? e : read_family(cx, r, out);
}

const struct err *
family_get(struct ctx *cx, const char *id, struct family *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &FAMILY_GET, &r, DB_TEXT(id), DB_INT(cx->now));

	return e != NULL ? e : read_family(cx, r, out);
}

const struct err *
family_get_all(struct ctx *cx, struct family_ask *v, size_t n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	struct column id;
	size_t i;
	int row;

	column_init(cx, &id, COLUMN_UUID, n);
	for (i = 0; i < n; i++) {
		column_text(&id, v[i].id);
		v[i].found = false;
	}
	e = DB_RUN(cx, &FAMILY_GET_ALL, &r, DB_COLUMN(&id), DB_INT(cx->now));
	for (row = 0; e == NULL && row < rows_count(r); row++) {
		struct family_ask *q = &v[rows_int(r, row, 0)];

		read_columns(q->cx, r, row, 1, q->out);
		q->found = true;
	}
	return e;
}

const struct err *
family_next(struct ctx *cx, const struct family *f, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &FAMILY_NEXT, &r, DB_TEXT(f->id),
	    DB_INT(f->generation), DB_INT(cx->now), DB_BYTES(f->jkt),
	    DB_BYTES(f->x5t), DB_TEXT(cx->rid));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
family_end(struct ctx *cx, const struct family *f, const char *kind)
{
	return DB_RUN(cx, &FAMILY_END, NULL, DB_TEXT(f->id), DB_TEXT(kind),
	    DB_TEXT(cx->rid));
}

const struct err *
family_end_all(struct ctx *cx, const char *owner_id)
{
	return DB_RUN(cx, &FAMILY_END_ALL, NULL, DB_TEXT(owner_id),
	    DB_INT(cx->now), DB_TEXT(cx->rid));
}

const struct stmt *const grant_stmts[] = { &AUTHORIZATION_ADD,
	&AUTHORIZATION_SHOW, &AUTHORIZATION_GET, &AUTHORIZATION_END,
	&FAMILY_ADD, &FAMILY_BY_CODE, &FAMILY_GET, &FAMILY_GET_ALL,
	&FAMILY_NEXT, &FAMILY_END, &FAMILY_END_ALL, NULL };
