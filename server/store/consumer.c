#include "store/consumer.h"

#include "base/arena.h"

static const struct stmt CONSUMER_SEEN = { "consumer_seen",
	"SELECT feed_seen($1, $2, $3::int, $4::bigint)", 4 };

const struct err *
consumer_seen(struct ctx *cx, const char *name, const char *version,
    const struct view_mark *at)
{
	return DB_RUN(cx, &CONSUMER_SEEN, NULL, DB_TEXT(name), DB_TEXT(version),
	    DB_INT(at->epoch), DB_INT(at->position));
}

const struct stmt *const consumer_seen_stmts[] = { &CONSUMER_SEEN, NULL };

/* Positions count from the epoch's start, so that those of another epoch are
 * not to be subtracted: it has all of this one to read. */
static const struct stmt CONSUMER_LIST = { "consumer_list",
	"SELECT c.kind, c.name, c.version, c.epoch, c.position, "
	"greatest(h.position - CASE WHEN c.epoch = h.epoch THEN c.position "
	"ELSE 0 END, 0), "
	"coalesce(extract(epoch FROM now() - feed_unread_since(c)), 0)::bigint,"
	" extract(epoch FROM c.seen_at)::bigint, "
	"greatest(extract(epoch FROM now() - c.seen_at), 0)::bigint, c.alert "
	"FROM feed_consumer c CROSS JOIN feed_head h ORDER BY c.kind, c.name "
	"LIMIT 500", /* LIMIT_CONSUMERS */
	0 };

const struct err *
consumer_list(struct ctx *cx, struct consumer **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &CONSUMER_LIST, NULL, 0, &r);
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++)
		(*out)[i] = (struct consumer){
			.kind = rows_text(cx, r, i, 0),
			.name = rows_text(cx, r, i, 1),
			.version = rows_text(cx, r, i, 2),
			.epoch = rows_int(r, i, 3),
			.position = rows_int(r, i, 4),
			.lag = rows_int(r, i, 5),
			.behind_seconds = rows_int(r, i, 6),
			.seen_at = rows_int(r, i, 7),
			.silent_seconds = rows_int(r, i, 8),
			.alert = rows_text(cx, r, i, 9),
		};
	return NULL;
}

/* Whoever locks the row first tells of it: to others it is no change.  Epoch 0
 * is one that has just begun. */
static const struct stmt CONSUMER_WATCH = { "consumer_watch",
	"WITH found AS (SELECT kind, name, CASE "
	"WHEN seen_at < now() - $1::bigint * interval '1 second' THEN 'silent' "
	"WHEN epoch > 0 AND feed_unread_since(c) < "
	"now() - $1::bigint * interval '1 second' "
	"THEN 'behind' END AS alert FROM feed_consumer c), "
	"told AS (UPDATE feed_consumer c SET alert = f.alert FROM found f "
	"WHERE c.kind = f.kind AND c.name = f.name AND "
	"c.alert IS DISTINCT FROM f.alert "
	"RETURNING c.kind, c.name, c.epoch, c.position, c.alert), "
	"e AS (INSERT INTO event (kind, detail) "
	"SELECT 'consumer.' || coalesce(alert, 'well'), "
	"format('%s %s, at %s:%s', kind, name, epoch, position) FROM told) "
	"SELECT kind, name, epoch, position, alert FROM told",
	1 };

const struct err *
consumer_watch(struct ctx *cx, int64_t most, consumer_fn *fn, void *arg)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CONSUMER_WATCH, &r, DB_INT(most));
	int i;

	for (i = 0; e == NULL && i < rows_count(r); i++)
		fn(arg, &(struct consumer){ .kind = rows_text(cx, r, i, 0),
			    .name = rows_text(cx, r, i, 1),
			    .epoch = rows_int(r, i, 2),
			    .position = rows_int(r, i, 3),
			    .alert = rows_text(cx, r, i, 4) });
	return e;
}

static const struct stmt CONSUMER_LOWEST = { "consumer_lowest",
	"SELECT DISTINCT ON (live) live, epoch, position FROM (SELECT "
	"seen_at >= now() - $1::bigint * interval '1 second' AS live, "
	"epoch, position FROM feed_consumer) c ORDER BY live, epoch, position",
	1 };

const struct err *
consumer_lowest(struct ctx *cx, int64_t seconds, struct consumer_lowest *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CONSUMER_LOWEST, &r, DB_INT(seconds));
	int i;

	*out = (struct consumer_lowest){ { INT64_MAX, 0 }, { INT64_MAX, 0 } };
	for (i = 0; e == NULL && i < rows_count(r); i++) {
		int64_t epoch = rows_int(r, i, 1), position = rows_int(r, i, 2);

		if (rows_bool(r, i, 0)) {
			out->live.epoch = epoch;
			out->live.position = position;
		}
		if (epoch < out->all.epoch ||
		    (epoch == out->all.epoch && position < out->all.position)) {
			out->all.epoch = epoch;
			out->all.position = position;
		}
	}
	return e;
}

static const struct stmt CONSUMER_ALERTS = { "consumer_alerts",
	"SELECT count(*) FROM feed_consumer WHERE alert IS NOT NULL", 0 };

const struct err *
consumer_alerts(struct ctx *cx, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &CONSUMER_ALERTS, NULL, 0, &r);

	if (e == NULL)
		*n = rows_int(r, 0, 0);
	return e;
}

static const struct stmt CONSUMER_IS_WELL = { "consumer_is_well",
	"SELECT EXISTS (SELECT FROM feed_consumer WHERE kind = $1 AND "
	"name = $2 AND alert IS NULL)",
	2 };

const struct err *
consumer_is_well(struct ctx *cx, const char *kind, const char *name, bool *well)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CONSUMER_IS_WELL, &r, DB_TEXT(kind), DB_TEXT(name));

	if (e == NULL)
		*well = rows_bool(r, 0, 0);
	return e;
}

static const struct stmt CONSUMER_FORGET = { "consumer_forget",
	"DELETE FROM feed_consumer WHERE kind = $1 AND name = $2", 2 };

const struct err *
consumer_forget(struct ctx *cx, const char *kind, const char *name)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CONSUMER_FORGET, &r, DB_TEXT(kind), DB_TEXT(name));

	if (e != NULL)
		return e;
	return rows_affected(r) == 1 ? NULL : &ERR_NOT_FOUND;
}

const struct stmt *const consumer_stmts[] = { &CONSUMER_SEEN, &CONSUMER_LIST,
	&CONSUMER_WATCH, &CONSUMER_LOWEST, &CONSUMER_ALERTS, &CONSUMER_IS_WELL,
	&CONSUMER_FORGET, NULL };
