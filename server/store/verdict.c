#include "store/verdict.h"

#include "base/arena.h"

static const struct stmt VERDICT_RECORD = { "verdict_record",
	"INSERT INTO attestation (id, manufacturer_id, model_id, birth_id, "
	"device_id, key_sha256, format, policy_version, accepted, verdict) "
	"VALUES ($1::uuid, $2, $3, nullif($4, 0), $5::uuid, $6, $7, $8, "
	"$9::boolean, $10::jsonb)",
	10 };

static const struct stmt VERDICT_KEEP = { "verdict_keep",
	"WITH old AS (DELETE FROM attested WHERE birth_id = $1 AND "
	"key_sha256 <> $2 AND "
	"at < to_timestamp($3::bigint) - interval '10 days') "
	"INSERT INTO attested (birth_id, key_sha256, at, policy_version, "
	"format, verdict, evidence_sha256) VALUES ($1, $2, "
	"to_timestamp($3::bigint), $4, $5, $6::jsonb, $7) ON CONFLICT "
	"(birth_id, key_sha256) DO UPDATE SET "
	"at = excluded.at, policy_version = excluded.policy_version, "
	"format = excluded.format, verdict = excluded.verdict, "
	"evidence_sha256 = excluded.evidence_sha256",
	7 };

static const struct stmt PROVED_GET = { "proved_get",
	"SELECT b.manufacturer_id, b.model_id, "
	"(SELECT id FROM device WHERE birth_id = b.id AND state = 'owned'), "
	"(p.policy -> 'evidence')::text, p.version, b.sw_version, "
	"b.sw_scheme, a.verdict::text, a.format, "
	"extract(epoch FROM a.at)::bigint, a.policy_version, "
	"a.evidence_sha256 FROM birth b JOIN model m ON m.id = b.model_id "
	"JOIN model_policy p ON p.model_id = m.id AND "
	"p.version = m.policy_version "
	"LEFT JOIN LATERAL (SELECT * FROM attested WHERE birth_id = b.id AND "
	"($2::bytea IS NULL OR key_sha256 = $2) ORDER BY at DESC LIMIT 1) a "
	"ON true WHERE b.id = $1",
	2 };

/* The cursor is as that of events (store/audit_read). */
#define COLUMNS                                                      \
	"a.id, to_char(a.at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), " \
	"a.manufacturer_id, a.model_id, a.birth_id, a.device_id, "   \
	"a.format, a.policy_version, a.accepted, "                   \
	"(extract(epoch FROM a.at) * 1000000)::bigint || '_' || a.id, "
#define AFTER(n)                                               \
	"(" n "::text IS NULL OR (a.at, a.id) < (timestamptz " \
	"'1970-01-01Z' + split_part(" n ", '_', 1)::bigint * " \
	"interval '1 microsecond', split_part(" n ", '_', 2)::uuid)) "

static const struct stmt VERDICT_LIST = { "verdict_list",
	"SELECT " COLUMNS "NULL FROM attestation a WHERE "
	"($1::uuid IS NULL OR a.device_id = $1::uuid) AND "
	"($2::bigint IS NULL OR a.birth_id = $2::bigint) AND "
	"($3::text IS NULL OR a.model_id = $3) AND " AFTER(
	    "$4") "ORDER BY a.at DESC, a.id DESC LIMIT $5",
	5 };

/* Before it had an owner, a unit was what this owner approved. */
static const struct stmt VERDICT_LIST_OWNER = { "verdict_list_owner",
	"SELECT " COLUMNS "a.verdict::text FROM device d "
	"JOIN attestation a ON a.birth_id = d.birth_id "
	"WHERE d.id = $1::uuid AND d.owner_id = $2::uuid AND "
	"d.state = 'owned' AND (a.device_id = d.id OR (a.device_id IS NULL AND "
	"EXISTS (SELECT FROM "
	"approval p WHERE p.device_id = d.id AND "
	"p.key_sha256 = a.key_sha256))) AND " AFTER(
	    "$3") "ORDER BY a.at DESC, a.id DESC LIMIT $4",
	4 };

static const struct stmt VERDICT_GET = { "verdict_get",
	"SELECT " COLUMNS "a.verdict::text FROM attestation a "
	"WHERE a.id = $1::uuid ORDER BY a.at DESC LIMIT 1",
	1 };

const struct err *
verdict_record(struct ctx *cx, const struct verdict_new *v)
{
	return DB_RUN(cx, &VERDICT_RECORD, NULL, DB_TEXT(cx->rid),
	    DB_TEXT(v->manufacturer_id), DB_TEXT(v->model_id),
	    DB_INT(v->birth_id), DB_TEXT(v->device_id), DB_BYTES(v->key_sha256),
	    DB_TEXT(v->format), DB_INT(v->policy_version), DB_BOOL(v->accepted),
	    DB_TEXT((const char *)v->verdict.p));
}

const struct err *
verdict_keep(struct ctx *cx, const struct verdict_new *v)
{
	return DB_RUN(cx, &VERDICT_KEEP, NULL, DB_INT(v->birth_id),
	    DB_BYTES(v->key_sha256), DB_INT(cx->now), DB_INT(v->policy_version),
	    DB_TEXT(v->format), DB_TEXT((const char *)v->verdict.p),
	    DB_BYTES(v->evidence_sha256));
}

const struct err *
proved_get(struct ctx *cx, int64_t birth_id, struct bytes key_sha256,
    struct proved_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &PROVED_GET, &r, DB_INT(birth_id), DB_BYTES(key_sha256));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no such unit");
	*out = (struct proved_row){
		.manufacturer_id = rows_text(cx, r, 0, 0),
		.model_id = rows_text(cx, r, 0, 1),
		.device_id = rows_text(cx, r, 0, 2),
		.evidence = rows_text(cx, r, 0, 3),
		.policy_version = rows_int(r, 0, 4),
		.sw_version = rows_text(cx, r, 0, 5),
		.sw_scheme = rows_int(r, 0, 6),
		.verdict = rows_text(cx, r, 0, 7),
		.format = rows_text(cx, r, 0, 8),
		.at = rows_int(r, 0, 9),
		.under_version = rows_int(r, 0, 10),
		.evidence_sha256 = rows_bytes(cx, r, 0, 11),
	};
	return NULL;
}

static void
read_rows(
    struct ctx *cx, const struct rows *r, struct verdict_row **out, size_t *n)
{
	struct verdict_row *v;
	int i;

	*n = (size_t)rows_count(r);
	*out = v = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++, v++)
		*v = (struct verdict_row){
			.id = rows_text(cx, r, i, 0),
			.at = rows_text(cx, r, i, 1),
			.manufacturer_id = rows_text(cx, r, i, 2),
			.model_id = rows_text(cx, r, i, 3),
			.birth_id = rows_text(cx, r, i, 4),
			.device_id = rows_text(cx, r, i, 5),
			.format = rows_text(cx, r, i, 6),
			.policy_version = rows_int(r, i, 7),
			.accepted = rows_bool(r, i, 8),
			.cursor = rows_text(cx, r, i, 9),
			.verdict = rows_text(cx, r, i, 10),
		};
}

const struct err *
verdict_list(struct ctx *cx, const struct verdict_query *q,
    struct verdict_row **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &VERDICT_LIST, &r,
	    DB_TEXT(q->device_id), DB_TEXT(q->birth_id), DB_TEXT(q->model_id),
	    DB_TEXT(q->after), DB_INT(q->limit));

	if (e == NULL)
		read_rows(cx, r, out, n);
	return e;
}

const struct err *
verdict_list_owner(struct ctx *cx, const char *owner_id,
    const struct verdict_query *q, struct verdict_row **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &VERDICT_LIST_OWNER, &r, DB_TEXT(q->device_id),
		DB_TEXT(owner_id), DB_TEXT(q->after), DB_INT(q->limit));

	if (e == NULL)
		read_rows(cx, r, out, n);
	return e;
}

const struct err *
verdict_get(struct ctx *cx, const char *id, struct verdict_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &VERDICT_GET, &r, DB_TEXT(id));
	struct verdict_row *rows;
	size_t n;

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no attempt %s", id);
	read_rows(cx, r, &rows, &n);
	*out = rows[0];
	return NULL;
}

const struct stmt *const verdict_stmts[] = { &VERDICT_RECORD, &VERDICT_KEEP,
	&PROVED_GET, &VERDICT_LIST, &VERDICT_LIST_OWNER, &VERDICT_GET, NULL };
