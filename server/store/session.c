#include "store/session.h"

static const struct stmt SESSION_ADD = { "session_add",
	"WITH old AS (DELETE FROM session WHERE mac IN (SELECT mac FROM "
	"session WHERE expires_at < now() LIMIT 10 FOR UPDATE SKIP LOCKED)) "
	"INSERT INTO session (mac, owner_id, recovery, expires_at, "
	"created_at) VALUES ($1, $2::uuid, $3, to_timestamp($4::bigint), "
	"to_timestamp($5::bigint))",
	5 };

static const struct stmt SESSION_GET = { "session_get",
	"SELECT s.owner_id, s.recovery, "
	"extract(epoch FROM s.expires_at)::bigint, "
	"extract(epoch FROM s.created_at)::bigint FROM session s "
	"JOIN owner o ON o.id = s.owner_id WHERE s.mac = $1 AND "
	"s.expires_at > to_timestamp($2::bigint) AND o.disabled_at IS NULL "
	"AND o.erased_at IS NULL",
	2 };

static const struct stmt SESSION_END = { "session_end",
	"DELETE FROM session WHERE mac = $1", 1 };

static const struct stmt SESSION_END_OTHERS = { "session_end_others",
	"DELETE FROM session WHERE owner_id = $1::uuid AND "
	"mac IS DISTINCT FROM $2",
	2 };

const struct err *
session_add(struct ctx *cx, const uint8_t mac[32], const struct session_row *in)
{
	return DB_RUN(cx, &SESSION_ADD, NULL, DB_SHA(mac),
	    DB_TEXT(in->owner_id), DB_BOOL(in->recovery),
	    DB_INT(in->expires_at), DB_INT(in->signed_in_at));
}

const struct err *
session_get(struct ctx *cx, const uint8_t mac[32], struct session_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &SESSION_GET, &r, DB_SHA(mac), DB_INT(cx->now));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	out->owner_id = rows_text(cx, r, 0, 0);
	out->recovery = rows_bool(r, 0, 1);
	out->expires_at = rows_int(r, 0, 2);
	out->signed_in_at = rows_int(r, 0, 3);
	return NULL;
}

const struct err *
session_end(struct ctx *cx, const uint8_t mac[32])
{
	return DB_RUN(cx, &SESSION_END, NULL, DB_SHA(mac));
}

const struct err *
session_end_others(struct ctx *cx, const char *owner_id, const uint8_t *mac)
{
	struct bytes keep = { mac, mac == NULL ? 0 : 32 };

	return DB_RUN(
	    cx, &SESSION_END_OTHERS, NULL, DB_TEXT(owner_id), DB_BYTES(keep));
}

const struct stmt *const session_stmts[] = { &SESSION_ADD, &SESSION_GET,
	&SESSION_END, &SESSION_END_OTHERS, NULL };
