#include "store/feed.h"

#include "base/arena.h"

/* Refusals are kept four weeks past notAfter: the longest grace and clock
 * skew (R4). */
static const struct stmt FEED_ADD = { "feed_add",
	"INSERT INTO revocation (kind, device_id, serial, service_name, "
	"until, reason) VALUES ($1, $2::uuid, $3, $4, "
	"to_timestamp(nullif($5::bigint, 0)) + interval '28 days', $6)",
	6 };

const struct err *
feed_refuse_device(struct ctx *cx, const char *device_id, const char *reason)
{
	return DB_RUN(cx, &FEED_ADD, NULL, DB_TEXT("device"),
	    DB_TEXT(device_id), DB_NULL, DB_NULL, DB_INT(0), DB_TEXT(reason));
}

const struct err *
feed_quarantine(
    struct ctx *cx, const char *device_id, bool entering, const char *reason)
{
	return DB_RUN(cx, &FEED_ADD, NULL,
	    DB_TEXT(entering ? "quarantine" : "lift"), DB_TEXT(device_id),
	    DB_NULL, DB_NULL, DB_INT(0), DB_TEXT(reason));
}

const char *
feed_operator_reason(struct ctx *cx, const char *reason)
{
	return strcmp(reason, "lost") == 0 || strcmp(reason, "found") == 0
		   ? arena_printf(cx->arena, "operator: %s", reason)
		   : reason;
}

const struct err *
feed_refuse_certificate(
    struct ctx *cx, struct bytes serial, int64_t not_after, const char *reason)
{
	return DB_RUN(cx, &FEED_ADD, NULL, DB_TEXT("certificate"), DB_NULL,
	    DB_BYTES(serial), DB_NULL, DB_INT(not_after), DB_TEXT(reason));
}

static const struct stmt FEED_HAS_SERIAL = { "feed_has_serial",
	"SELECT EXISTS (SELECT FROM revocation WHERE serial = $1)", 1 };

const struct err *
feed_refuses_certificate(struct ctx *cx, struct bytes serial, bool *yes)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &FEED_HAS_SERIAL, &r, DB_BYTES(serial));

	if (e == NULL)
		*yes = rows_bool(r, 0, 0);
	return e;
}

const struct err *
feed_service_changed(struct ctx *cx, const char *name, bool withdrawn)
{
	return DB_RUN(cx, &FEED_ADD, NULL, DB_TEXT("service"), DB_NULL, DB_NULL,
	    DB_TEXT(name), DB_INT(0),
	    DB_TEXT(withdrawn ? "withdrawn" : "changed"));
}

static const struct stmt FEED_REMOVED = { "feed_removed",
	"INSERT INTO revocation (kind, subject, until, reason) "
	"VALUES ('removed', $1 || ':' || $2, "
	"to_timestamp(nullif($3::bigint, 0)) + interval '28 days', 'removed')",
	3 };

const struct err *
feed_removed(struct ctx *cx, const char *what, const char *id, int64_t until)
{
	return DB_RUN(
	    cx, &FEED_REMOVED, NULL, DB_TEXT(what), DB_TEXT(id), DB_INT(until));
}

const struct stmt *const feed_stmts[] = { &FEED_ADD, &FEED_HAS_SERIAL,
	&FEED_REMOVED, NULL };
