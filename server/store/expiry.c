#include "store/expiry.h"

static const struct stmt EXPIRY_CLAIM = { "expiry_claim",
	"UPDATE expiry_ahead SET next_at = now() + interval '10 minutes' "
	"WHERE next_at <= now() RETURNING (SELECT extract(epoch FROM "
	"min(to_date(right(c.relname, 8), 'YYYYMMDD')))::bigint "
	"FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
	"WHERE i.inhparent = 'certificate'::regclass)",
	0 };

static const struct stmt EXPIRY_COUNT = { "expiry_count",
	"SELECT count(*) FILTER (WHERE not_after <= now() + "
	"interval '1 hour'), count(*) FILTER (WHERE not_after <= now() + "
	"interval '1 day'), count(*) FROM certificate WHERE "
	"not_before >= to_timestamp($1::bigint) AND "
	"not_before < to_timestamp($1::bigint + 86400) AND "
	"not_after > now() AND not_after <= now() + interval '7 days' AND "
	"successor IS NULL AND revoked_at IS NULL",
	1 };

static const struct stmt EXPIRY_KEEP = { "expiry_keep",
	"UPDATE expiry_ahead SET counted_at = now(), hour = $1::bigint, "
	"day = $2::bigint, week = $3::bigint, "
	"next_at = now() + $4::bigint * interval '1 second'",
	4 };

static const struct stmt EXPIRY_GET = { "expiry_get",
	"SELECT extract(epoch FROM counted_at)::bigint, hour, day, week "
	"FROM expiry_ahead",
	0 };

const struct err *
expiry_claim(struct ctx *cx, bool *due, int64_t *first)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &EXPIRY_CLAIM, NULL, 0, &r);

	if (e != NULL)
		return e;
	/* Without a partition there is nothing to count, either. */
	*due = rows_count(r) == 1 && !rows_null(r, 0, 0);
	*first = *due ? rows_int(r, 0, 0) : 0;
	return NULL;
}

const struct err *
expiry_count(struct ctx *cx, int64_t since, struct expiry *sum)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &EXPIRY_COUNT, &r, DB_INT(since));

	if (e != NULL)
		return e;
	sum->hour += rows_int(r, 0, 0);
	sum->day += rows_int(r, 0, 1);
	sum->week += rows_int(r, 0, 2);
	return NULL;
}

const struct err *
expiry_keep(struct ctx *cx, const struct expiry *sum, int64_t rest)
{
	return DB_RUN(cx, &EXPIRY_KEEP, NULL, DB_INT(sum->hour),
	    DB_INT(sum->day), DB_INT(sum->week), DB_INT(rest));
}

const struct err *
expiry_get(struct ctx *cx, struct expiry *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &EXPIRY_GET, NULL, 0, &r);

	if (e != NULL)
		return e;
	*out = (struct expiry){ rows_int(r, 0, 0), rows_int(r, 0, 1),
		rows_int(r, 0, 2), rows_int(r, 0, 3) };
	return NULL;
}

const struct stmt *const expiry_stmts[] = { &EXPIRY_CLAIM, &EXPIRY_COUNT,
	&EXPIRY_KEEP, &EXPIRY_GET, NULL };
