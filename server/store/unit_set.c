#include "store/unit_set.h"

#include "base/mem.h"
#include "store/feed.h"
#include "store/set_reenroll.h"

/* Units of one transaction: some 20 ms, while which others that revoke wait
 * for the feed's head. */
#define SLICE 100

static const struct stmt SET_ADD = { "unit_set_add",
	"INSERT INTO unit_set (id, action, reason, manufacturer_id, model_id, "
	"batch, sw_version, owner_id, serials, admin_token_id, counted, "
	"deadline, anchor_id, second_token_id, certificates, preemptive) "
	"VALUES ($1::uuid, $2, $3, $4, "
	"$5, $6, $7, $8::uuid, $9::text[], $10, $11::bigint, "
	"to_timestamp(nullif($12::bigint, 0)), $13::uuid, $14, $15::bytea[], "
	"$16::boolean) ON CONFLICT (id) DO NOTHING",
	16 };

static const struct stmt SET_SAME = { "unit_set_same",
	"SELECT (action, reason, manufacturer_id, model_id, batch, "
	"sw_version, owner_id, serials, counted, deadline, anchor_id, "
	"certificates, preemptive) "
	"IS NOT DISTINCT FROM ($2, $3, $4, $5, $6, $7, $8::uuid, "
	"$9::text[], $11::bigint, to_timestamp(nullif($12::bigint, 0)), "
	"$13::uuid, $15::bytea[], $16::boolean) AND "
	"coalesce($10::text, $14::text) IS NOT NULL "
	"FROM unit_set WHERE id = $1::uuid",
	16 };

#define SET_COLUMNS                                              \
	"id, action, reason, admin_token_id, counted, state, "   \
	"found IS NOT NULL, found, swept, "                      \
	"extract(epoch FROM created_at)::bigint, "               \
	"extract(epoch FROM finished_at)::bigint, "              \
	"extract(epoch FROM deadline)::bigint, renewed, ended, " \
	"coalesce(followed, false), certificates IS NOT NULL FROM unit_set "

static const struct stmt SET_GET = { "unit_set_get",
	"SELECT " SET_COLUMNS "WHERE id = $1::uuid", 1 };

static const struct stmt SET_TAKE = { "unit_set_take",
	"SELECT " SET_COLUMNS "WHERE finished_at IS NULL AND "
	"(deadline IS NULL OR found IS NULL OR deadline <= now()) "
	"ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
	0 };

/* Units with these serial numbers by the index, else all of them. */
#define SET_UNITS                                                  \
	"FROM unit_set s CROSS JOIN LATERAL (SELECT * FROM birth " \
	"WHERE s.serials IS NULL UNION ALL "                       \
	"SELECT * FROM birth WHERE serial = ANY (s.serials)) u "   \
	"JOIN birth b ON b.id = u.id "                             \
	"WHERE s.id = $1::uuid AND unit_set_has(s, b)"

static const struct stmt SET_COUNT = { "unit_set_count",
	"SELECT count(*), count(d.id) FROM (SELECT b.id " SET_UNITS ") u "
	"LEFT JOIN device d ON d.birth_id = u.id AND d.state = 'owned'",
	1 };

static const struct stmt SET_SETTLE = { "unit_set_settle",
	"WITH m AS (INSERT INTO unit_set_member (set_id, birth_id) "
	"SELECT s.id, b.id " SET_UNITS " RETURNING 1) "
	"UPDATE unit_set SET state = CASE WHEN deadline IS NULL "
	"THEN 'sweeping' ELSE 'renewing' END, "
	"found = (SELECT count(*) FROM m) WHERE id = $1::uuid "
	"RETURNING found",
	1 };

/* Every transaction holds the lock of its own virtual id from before its
 * first snapshot to its end.  Other roles do not issue. */
static const struct stmt SET_RUNNING = { "unit_set_running",
	"SELECT coalesce(array_agg(l.virtualxid), '{}')::text "
	"FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
	"WHERE l.locktype = 'virtualxid' AND l.granted AND "
	"a.usename = current_user AND a.datname = current_database() AND "
	"l.pid <> pg_backend_pid()",
	0 };

static const struct stmt SET_STILL_RUNNING = { "unit_set_still_running",
	"SELECT count(*) FROM pg_locks WHERE locktype = 'virtualxid' AND "
	"granted AND virtualxid = ANY ($1::text[])",
	1 };

/* Events of the transaction are of both operators (0025). */
static const struct stmt SET_SECOND = { "unit_set_second",
	"SELECT set_config('latchkey.second_token', second_token_id, true) "
	"FROM unit_set WHERE id = $1::uuid AND second_token_id IS NOT NULL",
	1 };

static const struct stmt SET_FINISH = { "unit_set_finish",
	"UPDATE unit_set SET state = $2, finished_at = now() "
	"WHERE id = $1::uuid",
	2 };

static ERR_FN
run_whole(struct ctx *cx, const struct stmt *stmt, const struct unit_set *s,
    struct rows **out)
{
	struct column serials, certificates;
	size_t i;

	if (s->n_certificates > 0) {
		column_init(cx, &certificates, COLUMN_BYTES, s->n_certificates);
		for (i = 0; i < s->n_certificates; i++)
			column_bytes(&certificates, s->certificates[i]);
	}
	if (s->n_serials > 0) {
		column_init(cx, &serials, COLUMN_TEXT, s->n_serials);
		for (i = 0; i < s->n_serials; i++)
			column_text(&serials, s->serials[i]);
	}
	return DB_RUN(cx, stmt, out, DB_TEXT(s->id), DB_TEXT(s->action),
	    DB_TEXT(s->reason), DB_TEXT(s->manufacturer_id),
	    DB_TEXT(s->model_id), DB_TEXT(s->batch), DB_TEXT(s->sw_version),
	    DB_TEXT(s->owner_id),
	    s->n_serials > 0 ? DB_COLUMN(&serials) : DB_NULL,
	    DB_TEXT(s->admin_token_id), DB_INT(s->counted), DB_INT(s->deadline),
	    DB_TEXT(s->anchor_id), DB_TEXT(s->second_token_id),
	    s->n_certificates > 0 ? DB_COLUMN(&certificates) : DB_NULL,
	    DB_BOOL(s->preemptive));
}

const struct err *
unit_set_add(struct ctx *cx, const struct unit_set *s, bool *added, bool *same)
{
	AUTO_STRUCT(rows) *r = NULL, *was = NULL;
	const struct err *e = run_whole(cx, &SET_ADD, s, &r);

	if (e != NULL)
		return e;
	*added = rows_affected(r) == 1;
	*same = *added;
	if (*added)
		return NULL;
	e = run_whole(cx, &SET_SAME, s, &was);
	if (e == NULL)
		*same = rows_count(was) == 1 && rows_bool(was, 0, 0);
	return e;
}

static ERR_FN
read_set(struct ctx *cx, const struct rows *r, struct unit_set *out)
{
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*out = (struct unit_set){
		.id = rows_text(cx, r, 0, 0),
		.action = rows_text(cx, r, 0, 1),
		.reason = rows_text(cx, r, 0, 2),
		.admin_token_id = rows_text(cx, r, 0, 3),
		.counted = rows_int(r, 0, 4),
		.state = rows_text(cx, r, 0, 5),
		.settled = rows_bool(r, 0, 6),
		.found = rows_int(r, 0, 7),
		.swept = rows_int(r, 0, 8),
		.created_at = rows_int(r, 0, 9),
		.finished_at = rows_int(r, 0, 10),
		.deadline = rows_int(r, 0, 11),
		.renewed = rows_int(r, 0, 12),
		.ended = rows_int(r, 0, 13),
		.followed = rows_bool(r, 0, 14),
		.of_certificates = rows_bool(r, 0, 15),
	};
	return NULL;
}

const struct err *
unit_set_get(struct ctx *cx, const char *id, struct unit_set *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SET_GET, &r, DB_TEXT(id));

	return e != NULL ? e : read_set(cx, r, out);
}

const struct err *
unit_set_count(struct ctx *cx, const char *id, int64_t *units, int64_t *devices)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SET_COUNT, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	*units = rows_int(r, 0, 0);
	*devices = rows_int(r, 0, 1);
	return NULL;
}

const struct err *
unit_set_take(struct ctx *cx, struct unit_set *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &SET_TAKE, NULL, 0, &r);

	if (e == NULL)
		e = read_set(cx, r, out);
	return e != NULL ? e : DB_RUN(cx, &SET_SECOND, NULL, DB_TEXT(out->id));
}

const struct err *
unit_set_running(struct ctx *cx, const char **running)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &SET_RUNNING, NULL, 0, &r);

	if (e == NULL)
		*running = rows_text(cx, r, 0, 0);
	return e;
}

const struct err *
unit_set_still_running(struct ctx *cx, const char *running, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &SET_STILL_RUNNING, &r, DB_TEXT(running));

	if (e == NULL)
		*n = rows_int(r, 0, 0);
	return e;
}

const struct err *
unit_set_settle(struct ctx *cx, const char *id, int64_t *found)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SET_SETTLE, &r, DB_TEXT(id));

	if (e == NULL)
		*found = rows_int(r, 0, 0);
	return e;
}

const struct err *
unit_set_finish(struct ctx *cx, const char *id, const char *state)
{
	return DB_RUN(cx, &SET_FINISH, NULL, DB_TEXT(id), DB_TEXT(state));
}

static const struct stmt SET_FOLLOWED = { "unit_set_followed",
	"UPDATE unit_set SET followed = $2::boolean WHERE id = $1::uuid", 2 };

const struct err *
unit_set_followed(struct ctx *cx, const char *id, bool followed)
{
	return DB_RUN(cx, &SET_FOLLOWED, NULL, DB_TEXT(id), DB_BOOL(followed));
}

/* ------------------------------------------------------------- one slice */

static const struct stmt SET_NEXT = { "unit_set_next",
	"WITH m AS (DELETE FROM unit_set_member WHERE set_id = $1::uuid AND "
	"birth_id IN (SELECT birth_id FROM unit_set_member WHERE "
	"set_id = $1::uuid ORDER BY birth_id LIMIT $2::int) "
	"RETURNING birth_id), "
	"u AS (UPDATE unit_set SET state = 'sweeping', "
	"swept = swept + (SELECT count(*) FROM m) "
	"WHERE id = $1::uuid) "
	"SELECT birth_id FROM m",
	2 };

/* The unit's row first (A3); RETURNING names those that were not so yet. */
#define SET_FLAG(column, value, was)                            \
	"UPDATE birth SET " column " = " value                  \
	" WHERE id = ANY ($1::bigint[]) AND " column " IS " was \
	" RETURNING id"

static const struct stmt SET_FLAG_REVOKED = { "unit_set_flag_revoked",
	SET_FLAG("revoked_at", "now()", "NULL"), 1 };
static const struct stmt SET_FLAG_QUARANTINED = { "unit_set_flag_quarantined",
	SET_FLAG("quarantined_at", "now()", "NULL"), 1 };
static const struct stmt SET_FLAG_LIFTED = { "unit_set_flag_lifted",
	SET_FLAG("quarantined_at", "NULL", "NOT NULL"), 1 };

/* What hangs on it in later statements. */
static const struct stmt SET_REVOKE = { "unit_set_revoke",
	"WITH d AS (SELECT id FROM device WHERE state = 'owned' AND "
	"birth_id = ANY ($1::bigint[])), "
	"k AS (UPDATE key_use SET compromised = true FROM d "
	"WHERE $2::boolean AND device_id = d.id), "
	"a AS (UPDATE approval SET state = 'superseded' WHERE "
	"birth_id = ANY ($1::bigint[]) AND "
	"state IN ('pending', 'approved')) "
	"UPDATE certificate SET revoked_at = now() FROM d WHERE "
	"device_id = d.id AND revoked_at IS NULL AND not_after > now()",
	2 };

static const struct stmt SET_EVENTS = { "unit_set_events",
	"INSERT INTO event (kind, request_id, birth_id, device_id, "
	"admin_token_id, detail) SELECT $2, $3, b.id, d.id, $4, $5 "
	"FROM unnest($1::bigint[]) AS b (id) LEFT JOIN device d "
	"ON d.birth_id = b.id AND d.state = 'owned'",
	5 };

/* Last: from here on others that revoke wait (R1).  What its owner lost stays
 * cut off, whatever becomes of the operator's reason. */
static const struct stmt SET_FEED = { "unit_set_feed",
	"INSERT INTO revocation (kind, device_id, reason) "
	"SELECT $2, d.id, $3 FROM device d JOIN birth b ON b.id = d.birth_id "
	"WHERE d.state = 'owned' AND b.id = ANY ($1::bigint[]) AND "
	"($2 <> 'lift' OR b.lost_at IS NULL)",
	3 };

struct action {
	const char *name, *event, *feed;
	const struct stmt *flag;
};

static const struct action *
action_of(const char *name)
{
	static const struct action all[] = {
		{ "revoke", "device.revoked", "device", &SET_FLAG_REVOKED },
		{ "quarantine", "device.quarantined", "quarantine",
		    &SET_FLAG_QUARANTINED },
		{ "lift", "device.lifted", "lift", &SET_FLAG_LIFTED },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	must(false); /* the table's CHECK names them all, and to reenroll */
	return NULL;
}

/* The one column of ids that a statement returned, as a parameter. */
static void
ids_of(struct ctx *cx, const struct rows *r, struct column *out)
{
	int i;

	column_init(cx, out, COLUMN_INT, (size_t)rows_count(r));
	for (i = 0; i < rows_count(r); i++)
		column_int(out, rows_int(r, i, 0));
}

static ERR_FN
change(struct ctx *cx, const struct unit_set *s, const struct action *act,
    const struct column *units)
{
	const struct err *e = NULL;

	if (act->flag == &SET_FLAG_REVOKED)
		e = DB_RUN(cx, &SET_REVOKE, NULL, DB_COLUMN(units),
		    DB_BOOL(strcmp(s->reason, "keyCompromise") == 0));
	if (e == NULL)
		e = DB_RUN(cx, &SET_EVENTS, NULL, DB_COLUMN(units),
		    DB_TEXT(act->event), DB_TEXT(s->id),
		    DB_TEXT(s->admin_token_id), DB_TEXT(s->reason));
	if (e == NULL)
		e = DB_RUN(cx, &SET_FEED, NULL, DB_COLUMN(units),
		    DB_TEXT(act->feed),
		    DB_TEXT(feed_operator_reason(cx, s->reason)));
	return e;
}

const struct err *
unit_set_sweep(struct ctx *cx, const struct unit_set *s, bool *left)
{
	const struct action *act;
	AUTO_STRUCT(rows) *next = NULL, *changed = NULL;
	struct column units, flagged;
	const struct err *e;

	e = DB_RUN(cx, &SET_NEXT, &next, DB_TEXT(s->id), DB_INT(SLICE));
	if (e != NULL)
		return e;
	*left = rows_count(next) > 0;
	if (!*left)
		return NULL;
	ids_of(cx, next, &units);
	if (s->deadline != 0)
		return set_reenroll_end(cx, s, &units);
	act = action_of(s->action);
	e = DB_RUN(cx, act->flag, &changed, DB_COLUMN(&units));
	if (e != NULL || rows_count(changed) == 0)
		return e;
	ids_of(cx, changed, &flagged);
	return change(cx, s, act, &flagged);
}

const struct stmt *const unit_set_stmts[] = { &SET_ADD, &SET_SAME, &SET_GET,
	&SET_TAKE, &SET_COUNT, &SET_SETTLE, &SET_RUNNING, &SET_STILL_RUNNING,
	&SET_SECOND, &SET_FINISH, &SET_NEXT, &SET_FLAG_REVOKED,
	&SET_FLAG_QUARANTINED, &SET_FLAG_LIFTED, &SET_REVOKE, &SET_EVENTS,
	&SET_FEED, &SET_FOLLOWED, NULL };
