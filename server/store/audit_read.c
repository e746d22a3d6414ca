#include "store/audit_read.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/text.h"

/* The cursor is the primary key: microseconds since 1970, "_", the id. */
#define CURSOR "(extract(epoch FROM at) * 1000000)::bigint || '_' || id"
#define COLUMNS                                                        \
	"id, to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), kind, " \
	"request_id, manufacturer_id, birth_id, device_id, owner_id, " \
	"approval_id, admin_token_id, second_token_id, code, detail, " CURSOR

/* Bounds are always there, so that a plan for all of them skips the days
 * outside: $1 and $2 microseconds, $3 and $4 the cursor. */
#define MOMENT(n) "timestamptz 'epoch' + " n " * interval '1 microsecond'"
#define RANGE(after)                                       \
	"at >= " MOMENT("$1::bigint") " AND at < " MOMENT( \
	    "$2::bigint") " AND (at, id) " after           \
			  " (" MOMENT("$3::bigint") ", $4::uuid) "
#define FILTERS                                                         \
	"($6::uuid IS NULL OR device_id = $6) AND "                     \
	"($7::text IS NULL OR request_id = $7) AND "                    \
	"($8::text IS NULL OR kind = $8) AND "                          \
	"($9::text IS NULL OR admin_token_id = $9 OR "                  \
	"second_token_id = $9) AND "                                    \
	"($10::uuid IS NULL OR owner_id = $10 OR device_id IN (SELECT " \
	"id FROM device WHERE owner_id = $10)) "
#define ORDER(way) "ORDER BY at " way ", id " way " "

/* Those of a device and of a request have an index.  All else is looked for
 * in so many rows, and then the page ends where the search did: the trail
 * grows by every certificate, and no certificate pays for an index that only
 * a search needs. */
#define SCANNED "20000"
#define BY(column, after, way)                        \
	"SELECT " COLUMNS " FROM event WHERE " column \
	" AND " RANGE(after) "AND " FILTERS           \
	ORDER(way) "LIMIT $5"
#define SEARCH(after, way)                                                 \
	"SELECT " COLUMNS " FROM (SELECT * FROM event WHERE " RANGE(after) \
	    ORDER(way) "LIMIT " SCANNED ") AS seen WHERE " FILTERS         \
	    ORDER(way) "LIMIT $5"
#define SEARCH_END(after, way)                             \
	"SELECT " CURSOR " FROM event WHERE " RANGE(after) \
	    ORDER(way) "LIMIT 1 OFFSET " SCANNED " - 1"

static const struct stmt AUDIT_DEVICE = { "audit_device",
	BY("device_id = $6::uuid", ">", "ASC"), 10 };
static const struct stmt AUDIT_DEVICE_BACK = { "audit_device_back",
	BY("device_id = $6::uuid", "<", "DESC"), 10 };
static const struct stmt AUDIT_REQUEST = { "audit_request",
	BY("request_id = $7::text", ">", "ASC"), 10 };
static const struct stmt AUDIT_REQUEST_BACK = { "audit_request_back",
	BY("request_id = $7::text", "<", "DESC"), 10 };
static const struct stmt AUDIT_SEARCH = { "audit_search", SEARCH(">", "ASC"),
	10 };
static const struct stmt AUDIT_SEARCH_BACK = { "audit_search_back",
	SEARCH("<", "DESC"), 10 };
static const struct stmt AUDIT_SEARCH_END = { "audit_search_end",
	SEARCH_END(">", "ASC"), 4 };
static const struct stmt AUDIT_SEARCH_END_BACK = { "audit_search_end_back",
	SEARCH_END("<", "DESC"), 4 };

/* An event has its time when it is written, and is seen when its transaction
 * is over: before the oldest that is under way now, none will appear any more
 * (as SECURITY.md R1 has it of the feed).  The statement that reads comes
 * after this one.  The second is for the command line's own events, whose
 * transactions the service's role does not see. */
static const struct stmt AUDIT_SETTLED = { "audit_settled",
	"SELECT (extract(epoch FROM least(now() - interval '1 second', "
	"min(xact_start))) * 1000000)::bigint FROM pg_stat_activity "
	"WHERE datname = current_database() AND usename = current_user AND "
	"pid <> pg_backend_pid()",
	0 };

/* What a hub trades for its sensors each two minutes would be all that their
 * owner sees. */
static const struct stmt AUDIT_OF_DEVICE = { "audit_of_device",
	"SELECT extract(epoch FROM at)::bigint, kind, code, "
	"(extract(epoch FROM at) * 1000000)::bigint || '_' || id FROM event "
	"WHERE device_id = $1::uuid AND kind <> 'child.token_issued' AND "
	"($2::text IS NULL OR (at, id) < "
	"(timestamptz '1970-01-01Z' + split_part($2, '_', 1)::bigint * "
	"interval '1 microsecond', split_part($2, '_', 2)::uuid)) "
	"ORDER BY at DESC, id DESC LIMIT $3",
	3 };

bool
audit_cursor_valid(const char *cursor)
{
	const char *id = strchrnul(cursor, '_');
	const char *p;

	if (*id == '\0' || id == cursor || id - cursor > 18)
		return false;
	for (p = cursor; p < id; p++)
		if (!isdigit((unsigned char)*p))
			return false;
	return text_is_uuid(bytes_str(id + 1));
}

static void
read_audit(struct ctx *cx, const struct rows *r, int i, struct audit_row *a)
{
	a->id = rows_text(cx, r, i, 0);
	a->at = rows_text(cx, r, i, 1);
	a->kind = rows_text(cx, r, i, 2);
	a->request_id = rows_text(cx, r, i, 3);
	a->manufacturer_id = rows_text(cx, r, i, 4);
	a->birth_id = rows_text(cx, r, i, 5);
	a->device_id = rows_text(cx, r, i, 6);
	a->owner_id = rows_text(cx, r, i, 7);
	a->approval_id = rows_text(cx, r, i, 8);
	a->admin_token_id = rows_text(cx, r, i, 9);
	a->second_token_id = rows_text(cx, r, i, 10);
	a->code = rows_text(cx, r, i, 11);
	a->detail = rows_text(cx, r, i, 12);
	a->cursor = rows_text(cx, r, i, 13);
}

/* Both ends of time that PostgreSQL's arithmetic is exact for. */
#define FIRST_US INT64_C(0)
#define LAST_US (INT64_C(1) << 52)
#define US 1000000

/* What the statements are given of time. */
struct bounds {
	int64_t from, to, after;
	const char *after_id;
};

static struct bounds
bounds_of(const struct audit_query *q)
{
	struct bounds b = { FIRST_US, LAST_US, FIRST_US,
		"00000000-0000-0000-0000-000000000000" };

	if (q->newest) {
		b.after = LAST_US;
		b.after_id = "ffffffff-ffff-ffff-ffff-ffffffffffff";
	}
	if (q->after != NULL) {
		b.after = strtoll(q->after, NULL, 10);
		b.after_id = strchr(q->after, '_') + 1;
	}
	if (q->from != 0)
		b.from = q->from * US;
	if (q->to != 0)
		b.to = q->to * US;
	/* The cursor bounds the days, too. */
	if (q->after != NULL && !q->newest && b.after > b.from)
		b.from = b.after;
	if (q->after != NULL && q->newest && b.after < b.to)
		b.to = b.after + 1;
	return b;
}

static ERR_FN
settle(struct ctx *cx, struct bounds *b)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &AUDIT_SETTLED, NULL, 0, &r);

	if (e == NULL && rows_int(r, 0, 0) < b->to)
		b->to = rows_int(r, 0, 0);
	return e;
}

/* Where a search stopped that did not find a page full; NULL: at the end. */
static ERR_FN
search_end(struct ctx *cx, const struct audit_query *q, const struct bounds *b,
    const char **next)
{
	const struct stmt *s =
	    q->newest ? &AUDIT_SEARCH_END_BACK : &AUDIT_SEARCH_END;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, s, &r, DB_INT(b->from), DB_INT(b->to),
	    DB_INT(b->after), DB_TEXT(b->after_id));

	if (e == NULL && rows_count(r) > 0)
		*next = rows_text(cx, r, 0, 0);
	return e;
}

static const struct stmt *
statement_for(const struct audit_query *q)
{
	if (q->device_id != NULL)
		return q->newest ? &AUDIT_DEVICE_BACK : &AUDIT_DEVICE;
	if (q->request_id != NULL)
		return q->newest ? &AUDIT_REQUEST_BACK : &AUDIT_REQUEST;
	return q->newest ? &AUDIT_SEARCH_BACK : &AUDIT_SEARCH;
}

const struct err *
audit_list(struct ctx *cx, const struct audit_query *q, struct audit_page *out)
{
	bool search = q->device_id == NULL && q->request_id == NULL;
	struct bounds b = bounds_of(q);
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	TX tx = { 0 };
	size_t i;

	*out = (struct audit_page){ .next = NULL };
	e = tx_begin(cx, &tx);
	if (e == NULL && search)
		e = tx_in_order(&tx);
	if (e == NULL && q->settled)
		e = settle(cx, &b);
	if (e == NULL)
		e = DB_RUN(cx, statement_for(q), &r, DB_INT(b.from),
		    DB_INT(b.to), DB_INT(b.after), DB_TEXT(b.after_id),
		    DB_INT(q->limit), DB_TEXT(q->device_id),
		    DB_TEXT(q->request_id), DB_TEXT(q->kind),
		    DB_TEXT(q->admin_token_id), DB_TEXT(q->owner_id));
	if (e != NULL)
		return e;
	out->n = (size_t)rows_count(r);
	out->v = arena_alloc(cx->arena, (out->n + 1) * sizeof(*out->v));
	for (i = 0; i < out->n; i++)
		read_audit(cx, r, (int)i, &out->v[i]);
	if (out->n > 0)
		out->last = out->v[out->n - 1].cursor;
	if (out->n == (size_t)q->limit)
		out->next = out->last;
	else if (search)
		e = search_end(cx, q, &b, &out->next);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
audit_of_device(struct ctx *cx, const struct audit_query *q,
    struct audit_step **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &AUDIT_OF_DEVICE, &r,
	    DB_TEXT(q->device_id), DB_TEXT(q->after), DB_INT(q->limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		(*out)[i] = (struct audit_step){ rows_int(r, (int)i, 0),
			rows_text(cx, r, (int)i, 1),
			rows_text(cx, r, (int)i, 2),
			rows_text(cx, r, (int)i, 3) };
	return NULL;
}

const struct stmt *const audit_stmts[] = { &AUDIT_DEVICE, &AUDIT_DEVICE_BACK,
	&AUDIT_REQUEST, &AUDIT_REQUEST_BACK, &AUDIT_SEARCH, &AUDIT_SEARCH_BACK,
	&AUDIT_SEARCH_END, &AUDIT_SEARCH_END_BACK, &AUDIT_SETTLED,
	&AUDIT_OF_DEVICE, NULL };
