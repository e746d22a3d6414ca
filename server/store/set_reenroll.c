#include "store/set_reenroll.h"

/* The device's row first, against whoever issues to it (A3). */
static const struct stmt REENROLL_LOCK = { "set_reenroll_lock",
	"SELECT FROM device WHERE state = 'owned' AND "
	"birth_id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE",
	1 };

#define REENROLL_HAS_NEW                           \
	"EXISTS (SELECT FROM certificate n WHERE " \
	"n.device_id = d.id AND n.issued_at >= s.created_at)"

/* Also what was renewed and is not revoked by its label, and what was renewed
 * without the reply arriving: none of them is to be good any more. */
static const struct stmt REENROLL_END = { "set_reenroll_end",
	"WITH d AS (SELECT d.id, d.birth_id, s.id::text AS set_id, "
	"s.created_at, " REENROLL_HAS_NEW
	" AS renewed FROM device d, unit_set s WHERE s.id = $2::uuid AND "
	"d.state = 'owned' AND d.birth_id = ANY ($1::bigint[])), "
	"c AS (UPDATE certificate c SET revoked_at = now(), "
	"overdue = NOT d.renewed AND c.successor IS NULL FROM d "
	"WHERE c.device_id = d.id AND c.issued_at < d.created_at AND "
	"c.revoked_at IS NULL AND c.not_after > now() "
	"RETURNING c.serial, c.not_after, c.overdue, d.id, d.birth_id, "
	"d.set_id), "
	"e AS (INSERT INTO event (kind, request_id, birth_id, device_id, "
	"admin_token_id, detail) SELECT 'device.overdue', set_id, birth_id, "
	"id, "
	"$3, 'serial ' || encode(serial, 'hex') FROM c WHERE overdue), "
	"u AS (UPDATE unit_set SET "
	"renewed = renewed + (SELECT count(*) FROM d WHERE d.renewed), "
	"ended = ended + (SELECT count(DISTINCT id) FROM c WHERE overdue) "
	"WHERE id = $2::uuid) "
	"INSERT INTO revocation (kind, serial, until, reason) "
	"SELECT 'certificate', serial, not_after + interval '28 days', "
	"'superseded' FROM c",
	3 };

const struct err *
set_reenroll_end(
    struct ctx *cx, const struct unit_set *s, const struct column *units)
{
	const struct err *e =
	    DB_RUN(cx, &REENROLL_LOCK, NULL, DB_COLUMN(units));

	return e != NULL ? e
			 : DB_RUN(cx, &REENROLL_END, NULL, DB_COLUMN(units),
			       DB_TEXT(s->id), DB_TEXT(s->admin_token_id));
}

static const struct stmt REENROLL_ANNOUNCE = { "set_reenroll_announce",
	"INSERT INTO event (kind, request_id, birth_id, device_id, "
	"admin_token_id, detail) SELECT 'device.renew_by', s.id::text, "
	"d.birth_id, "
	"d.id, $2, to_char(s.deadline AT TIME ZONE 'UTC', "
	"'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM unit_set s "
	"JOIN unit_set_member m ON m.set_id = s.id "
	"JOIN device d ON d.birth_id = m.birth_id AND d.state = 'owned' "
	"WHERE s.id = $1::uuid",
	2 };

static const struct stmt REENROLL_PROGRESS = { "set_reenroll_progress",
	"SELECT count(*) FILTER (WHERE renewed), "
	"count(*) FILTER (WHERE NOT renewed AND due) FROM ("
	"SELECT " REENROLL_HAS_NEW
	" AS renewed, EXISTS (SELECT FROM certificate c "
	"WHERE c.device_id = d.id AND c.issued_at < s.created_at AND "
	"c.revoked_at IS NULL AND c.not_after > now()) AS due "
	"FROM unit_set s JOIN unit_set_member m ON m.set_id = s.id "
	"JOIN device d ON d.birth_id = m.birth_id AND d.state = 'owned' "
	"WHERE s.id = $1::uuid) x",
	1 };

static const struct stmt REENROLL_CANCEL = { "set_reenroll_cancel",
	"UPDATE unit_set SET state = 'cancelled', finished_at = now() "
	"WHERE id = $1::uuid AND action = 'reenroll' AND "
	"state IN ('waiting', 'renewing')",
	1 };

static const struct stmt REENROLL_HASTENS = { "set_reenroll_hastens",
	"SELECT EXISTS (SELECT FROM unit_set s, certificate c "
	"JOIN device d ON d.id = c.device_id "
	"JOIN birth b ON b.id = d.birth_id WHERE s.finished_at IS NULL AND "
	"s.action = 'reenroll' AND c.serial = $1 AND "
	"c.not_before = to_timestamp($2::bigint) AND "
	"c.issued_at < s.created_at AND unit_set_has(s, b))",
	2 };

const struct err *
set_reenroll_announce(struct ctx *cx, const struct unit_set *s)
{
	return DB_RUN(cx, &REENROLL_ANNOUNCE, NULL, DB_TEXT(s->id),
	    DB_TEXT(s->admin_token_id));
}

const struct err *
set_reenroll_progress(struct ctx *cx, struct unit_set *s)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &REENROLL_PROGRESS, &r, DB_TEXT(s->id));

	if (e != NULL)
		return e;
	s->renewed += rows_int(r, 0, 0);
	s->left = rows_int(r, 0, 1);
	return NULL;
}

const struct err *
set_reenroll_cancel(struct ctx *cx, const char *id, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &REENROLL_CANCEL, &r, DB_TEXT(id));

	if (e == NULL)
		*changed = rows_affected(r) == 1;
	return e;
}

const struct err *
set_reenroll_hastens(
    struct ctx *cx, struct bytes serial, int64_t not_before, bool *hastens)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &REENROLL_HASTENS, &r, DB_BYTES(serial), DB_INT(not_before));

	if (e == NULL)
		*hastens = rows_bool(r, 0, 0);
	return e;
}

const struct stmt *const set_reenroll_stmts[] = { &REENROLL_LOCK, &REENROLL_END,
	&REENROLL_ANNOUNCE, &REENROLL_PROGRESS, &REENROLL_CANCEL,
	&REENROLL_HASTENS, NULL };
