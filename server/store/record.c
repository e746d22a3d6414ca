#include "store/record.h"

#include "base/arena.h"
#include "store/audit_read.h"

#define TEXT(at) "to_char(" at ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define MOMENT(n) "timestamptz 'epoch' + " n " * interval '1 microsecond'"
/* The whole second before: rounding may go beyond what it bounds. */
#define SECONDS(at) "floor(extract(epoch FROM " at "))::bigint"

/* What an attempt begins with. */
#define BEGINS                                                     \
	"(e.kind IN ('approval.requested', 'enrollment.refused', " \
	"'attestation.refused', 'bootstrap.refused') OR "          \
	"(e.kind = 'certificate.issued' AND e.approval_id IS NULL)) "

/* Of an event e with its approval a, where there is one. */
#define STATE                                                                \
	"CASE WHEN a.state = 'consumed' THEN 'enrolled' "                    \
	"WHEN a.state = 'denied' THEN 'denied' "                             \
	"WHEN a.state = 'superseded' THEN 'replaced' "                       \
	"WHEN a.state IS NOT NULL AND a.expires_at <= now() THEN 'expired' " \
	"WHEN a.state = 'pending' THEN 'waiting' "                           \
	"WHEN a.state = 'approved' THEN 'approved' "                         \
	"WHEN e.kind = 'certificate.issued' THEN 'enrolled' "                \
	"WHEN e.code IS NOT NULL THEN 'refused' ELSE 'replaced' END"

/* clang-format off */
/* The unit's requests before and after this one bound what belongs to it. */
#define FROM "greatest(e.at - interval '1 day', (SELECT max(created_at) " \
	"FROM approval WHERE birth_id = b.id AND " \
	"created_at < coalesce(a.created_at, e.at)))"
#define TO "coalesce((SELECT min(created_at) FROM approval WHERE " \
	"birth_id = b.id AND created_at > coalesce(a.created_at, e.at)) + " \
	"interval '1 second', now() + interval '1 day')"
#define COLUMNS \
	"coalesce(a.id::text, e.request_id), " TEXT("e.at") ", " STATE ", " \
	"(extract(epoch FROM e.at) * 1000000)::bigint || '_' || e.id, a.id, " \
	"e.request_id, e.kind, e.code, coalesce(a.birth_id, e.birth_id), " \
	"b.model_id, b.serial, coalesce(a.device_id, e.device_id), " \
	"coalesce(a.owner_id, a.shown_to, d.owner_id), " \
	"coalesce(a.label, d.profile), encode(a.certificate_serial, 'hex'), " \
	"a.key_sha256, a.shown_to IS NOT NULL, " \
	TEXT("coalesce(a.created_at, e.at)") ", " TEXT("a.expires_at") ", " \
	TEXT("c.first_used_at") ", " SECONDS(FROM) ", " SECONDS(TO) " "
/* clang-format on */
#define JOINS                                                              \
	"LEFT JOIN approval a ON a.id = e.approval_id "                    \
	"LEFT JOIN birth b ON b.id = coalesce(a.birth_id, e.birth_id) "    \
	"LEFT JOIN device d ON d.id = coalesce(a.device_id, e.device_id) " \
	"LEFT JOIN certificate c ON c.serial = a.certificate_serial AND "  \
	"c.not_before = a.certificate_not_before "

/* As the audit trail is searched: so many events a page, in their order.  $1
 * and $2 bound the time, $3 and $4 are the cursor, all in microseconds. */
#define SCANNED "20000"
/* clang-format off */
#define RANGE "e.at >= " MOMENT("$1::bigint") " AND " \
	"e.at < " MOMENT("$2::bigint") " AND " \
	"(e.at, e.id) < (" MOMENT("$3::bigint") ", $4::uuid) "
/* clang-format on */
#define LISTED                                                           \
	"WHERE " BEGINS "AND ($6::text IS NULL OR b.model_id = $6) AND " \
	"($7::text IS NULL OR " STATE " = $7) "                          \
	"ORDER BY e.at DESC, e.id DESC LIMIT $5"

static const struct stmt RECORD_LIST = { "record_list",
	"SELECT " COLUMNS "FROM (SELECT * FROM event e WHERE " RANGE
	"ORDER BY e.at DESC, e.id DESC LIMIT " SCANNED ") e " JOINS LISTED,
	7 };
static const struct stmt RECORD_LIST_END = { "record_list_end",
	"SELECT (extract(epoch FROM e.at) * 1000000)::bigint || '_' || e.id "
	"FROM event e WHERE " RANGE
	"ORDER BY e.at DESC, e.id DESC LIMIT 1 OFFSET " SCANNED " - 1",
	4 };
static const struct stmt RECORD_LIST_UNIT = { "record_list_unit",
	"SELECT " COLUMNS "FROM (SELECT * FROM event e WHERE "
	"e.birth_id = (SELECT birth_id FROM device WHERE id = $8::uuid) "
	"AND " RANGE "ORDER BY e.at DESC, e.id DESC) e " JOINS LISTED,
	8 };

/* The request that opened it is looked for among the unit's events. */
static const struct stmt RECORD_BY_APPROVAL = { "record_by_approval",
	"SELECT " COLUMNS "FROM approval p JOIN event e ON "
	"e.birth_id = p.birth_id AND e.approval_id = p.id AND "
	"e.at >= p.created_at - interval '1 hour' AND "
	"e.at <= p.created_at + interval '1 hour' AND "
	"e.kind = 'approval.requested' " JOINS "WHERE p.id = $1::uuid "
	"ORDER BY e.at DESC LIMIT 1",
	1 };
/* Of several events of a request, the one that says most of it. */
static const struct stmt RECORD_BY_REQUEST = { "record_by_request",
	"SELECT " COLUMNS "FROM event e " JOINS "WHERE e.request_id = $1 "
	"ORDER BY e.approval_id IS NULL, e.code IS NULL, e.birth_id IS NULL, "
	"e.at LIMIT 1",
	1 };
static const struct stmt RECORD_BY_CODE = { "record_by_code",
	"SELECT id FROM (SELECT id, created_at FROM approval "
	"WHERE user_code_mac = $1 AND pending UNION ALL "
	"SELECT id, created_at FROM approval WHERE user_code_mac = $1 AND "
	"created_at > now() - interval '1 day') x ORDER BY created_at DESC "
	"LIMIT 1",
	1 };

#define STEP TEXT("at") ", kind, code, detail, request_id "
static const struct stmt RECORD_STEPS = { "record_steps",
	"SELECT " STEP "FROM event WHERE birth_id = $1 AND "
	"at >= to_timestamp($2::bigint) AND at < to_timestamp($3::bigint) AND "
	"(approval_id IS NULL OR approval_id = $4::uuid) "
	"ORDER BY at, id LIMIT $5",
	5 };
static const struct stmt RECORD_STEPS_OF_REQUEST = { "record_steps_of_request",
	"SELECT " STEP "FROM event WHERE request_id = $1 ORDER BY at, id "
	"LIMIT $2",
	2 };

#define REFUSALS_AN_HOUR 20
static const struct stmt RECORD_REFUSE = { "record_refuse",
	"WITH n AS (SELECT count(*) AS n FROM event WHERE birth_id = $2 AND "
	"kind = 'enrollment.refused' AND at > now() - interval '1 hour') "
	"INSERT INTO event (kind, request_id, birth_id, device_id, code, "
	"detail) SELECT 'enrollment.refused', $1, $2, $3::uuid, $4, "
	"CASE WHEN n < $6::bigint - 1 THEN $5::text ELSE concat($5::text, ' "
	"(further ones "
	"of this hour are in the log alone)') END FROM n WHERE n < $6::bigint",
	6 };

static void
read_record(struct ctx *cx, const struct rows *r, int i, struct record_row *out)
{
	*out = (struct record_row){
		.id = rows_text(cx, r, i, 0),
		.at = rows_text(cx, r, i, 1),
		.state = rows_text(cx, r, i, 2),
		.cursor = rows_text(cx, r, i, 3),
		.approval_id = rows_text(cx, r, i, 4),
		.request_id = rows_text(cx, r, i, 5),
		.kind = rows_text(cx, r, i, 6),
		.code = rows_text(cx, r, i, 7),
		.birth_id = rows_null(r, i, 8) ? 0 : rows_int(r, i, 8),
		.model_id = rows_text(cx, r, i, 9),
		.serial = rows_text(cx, r, i, 10),
		.device_id = rows_text(cx, r, i, 11),
		.owner_id = rows_text(cx, r, i, 12),
		.label = rows_text(cx, r, i, 13),
		.certificate_serial = rows_text(cx, r, i, 14),
		.key_sha256 = rows_bytes(cx, r, i, 15),
		.shown = rows_bool(r, i, 16),
		.created_at = rows_text(cx, r, i, 17),
		.expires_at = rows_text(cx, r, i, 18),
		.used_at = rows_text(cx, r, i, 19),
		.from = rows_int(r, i, 20),
		.to = rows_int(r, i, 21),
	};
}

static ERR_FN
read_one(struct ctx *cx, const struct stmt *s, const char *id,
    struct record_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, s, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	read_record(cx, r, 0, out);
	return NULL;
}

const struct err *
record_get(struct ctx *cx, const char *id, struct record_row *out)
{
	const struct err *e = read_one(cx, &RECORD_BY_APPROVAL, id, out);

	if (e == &ERR_NOT_FOUND)
		e = read_one(cx, &RECORD_BY_REQUEST, id, out);
	/* Any request of an attempt leads to what it began with. */
	if (e == NULL && out->approval_id != NULL &&
	    strcmp(out->kind, "approval.requested") != 0)
		e = read_one(cx, &RECORD_BY_APPROVAL,
		    arena_strdup(cx->arena, out->approval_id), out);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_NOT_FOUND,
		    "no enrollment and no request %s is recorded", id);
	return e;
}

const struct err *
record_by_code(
    struct ctx *cx, const uint8_t user_code_mac[32], struct record_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &RECORD_BY_CODE, &r, DB_SHA(user_code_mac));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND,
		    "no such code was given out within a day");
	return record_get(cx, rows_text(cx, r, 0, 0), out);
}

/* Microseconds and the id of the cursor. */
struct bounds {
	int64_t from, to, after;
	const char *after_id;
};

static struct bounds
bounds_of(const struct record_query *q)
{
	struct bounds b = { q->from * 1000000, INT64_C(1) << 52,
		INT64_C(1) << 52, "ffffffff-ffff-ffff-ffff-ffffffffffff" };

	if (q->to != 0)
		b.to = q->to * 1000000;
	if (q->after != NULL) {
		b.after = strtoll(q->after, NULL, 10);
		b.after_id = strchr(q->after, '_') + 1;
	}
	if (b.after < b.to)
		b.to = b.after + 1;
	return b;
}

static ERR_FN
search_end(struct ctx *cx, const struct bounds *b, const char **next)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &RECORD_LIST_END, &r, DB_INT(b->from),
	    DB_INT(b->to), DB_INT(b->after), DB_TEXT(b->after_id));

	if (e == NULL && rows_count(r) > 0)
		*next = rows_text(cx, r, 0, 0);
	return e;
}

static ERR_FN
run_list(struct ctx *cx, const struct record_query *q, const struct bounds *b,
    struct rows **r)
{
	const struct db_arg args[] = { DB_INT(b->from), DB_INT(b->to),
		DB_INT(b->after), DB_TEXT(b->after_id), DB_INT(q->limit),
		DB_TEXT(q->model_id), DB_TEXT(q->state),
		DB_TEXT(q->device_id) };

	return q->device_id != NULL ? db_run(cx, &RECORD_LIST_UNIT, args, 8, r)
				    : db_run(cx, &RECORD_LIST, args, 7, r);
}

const struct err *
record_list(
    struct ctx *cx, const struct record_query *q, struct record_page *out)
{
	struct bounds b = bounds_of(q);
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	TX tx = { 0 };
	size_t i;

	*out = (struct record_page){ .next = NULL };
	e = tx_begin(cx, &tx);
	if (e == NULL && q->device_id == NULL)
		e = tx_in_order(&tx);
	if (e == NULL)
		e = run_list(cx, q, &b, &r);
	if (e != NULL)
		return e;
	out->n = (size_t)rows_count(r);
	out->v = arena_alloc(cx->arena, (out->n + 1) * sizeof(*out->v));
	for (i = 0; i < out->n; i++)
		read_record(cx, r, (int)i, &out->v[i]);
	if (out->n == (size_t)q->limit)
		out->next = out->v[out->n - 1].cursor;
	else if (q->device_id == NULL)
		e = search_end(cx, &b, &out->next);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
record_steps(struct ctx *cx, const struct record_row *rec, int64_t max,
    struct record_step **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	int i;

	if (rec->birth_id != 0)
		e = DB_RUN(cx, &RECORD_STEPS, &r, DB_INT(rec->birth_id),
		    DB_INT(rec->from), DB_INT(rec->to),
		    DB_TEXT(rec->approval_id), DB_INT(max));
	else
		e = DB_RUN(cx, &RECORD_STEPS_OF_REQUEST, &r,
		    DB_TEXT(rec->request_id), DB_INT(max));
	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++)
		(*out)[i] = (struct record_step){
			rows_text(cx, r, i, 0),
			rows_text(cx, r, i, 1),
			rows_text(cx, r, i, 2),
			rows_text(cx, r, i, 3),
			rows_text(cx, r, i, 4),
		};
	return NULL;
}

const struct err *
record_refuse(struct ctx *cx, const struct record_refusal *r)
{
	return DB_RUN(cx, &RECORD_REFUSE, NULL, DB_TEXT(cx->rid),
	    DB_INT(r->birth_id), DB_TEXT(r->device_id), DB_TEXT(r->code),
	    DB_TEXT(r->detail), DB_INT(REFUSALS_AN_HOUR));
}

const struct stmt *const record_stmts[] = { &RECORD_LIST, &RECORD_LIST_END,
	&RECORD_LIST_UNIT, &RECORD_BY_APPROVAL, &RECORD_BY_REQUEST,
	&RECORD_BY_CODE, &RECORD_STEPS, &RECORD_STEPS_OF_REQUEST,
	&RECORD_REFUSE, NULL };
