#include "store/set_certificates.h"

#include "base/arena.h"
#include "store/column.h"

/* Of one transaction: some 20 ms. */
#define SLICE 100

/* What was listed, once each, and whether it is known. */
#define LISTED                                                          \
	"FROM (SELECT s.id AS set_id, x.serial, bool_or(s.preemptive) " \
	"AS preemptive, EXISTS (SELECT FROM certificate c WHERE "       \
	"c.serial = x.serial) AS known FROM unit_set s, "               \
	"unnest(s.certificates) AS x (serial) WHERE s.id = $1::uuid "   \
	"GROUP BY 1, 2) l "

static const struct stmt CERTIFICATES_COUNT = { "set_certificates_count",
	"SELECT count(*) FILTER (WHERE known OR preemptive), "
	"(SELECT count(DISTINCT d.id) FROM unit_set s JOIN certificate c "
	"ON c.serial = ANY (s.certificates) JOIN device d "
	"ON d.id = c.device_id AND d.state = 'owned' "
	"WHERE s.id = $1::uuid) " LISTED,
	1 };

static const struct stmt CERTIFICATES_UNKNOWN = { "set_certificates_unknown",
	"SELECT encode(serial, 'hex') " LISTED "WHERE NOT known ORDER BY 1",
	1 };

const struct err *
set_certificates_count(struct ctx *cx, const char *id, int64_t *certificates,
    int64_t *devices, const char ***unknown, size_t *n_unknown)
{
	AUTO_STRUCT(rows) *r = NULL, *u = NULL;
	const struct err *e = DB_RUN(cx, &CERTIFICATES_COUNT, &r, DB_TEXT(id));
	int i;

	if (e == NULL)
		e = DB_RUN(cx, &CERTIFICATES_UNKNOWN, &u, DB_TEXT(id));
	if (e != NULL)
		return e;
	*certificates = rows_int(r, 0, 0);
	*devices = rows_int(r, 0, 1);
	*n_unknown = (size_t)rows_count(u);
	*unknown = arena_alloc(cx->arena, (*n_unknown + 1) * sizeof(**unknown));
	for (i = 0; i < rows_count(u); i++)
		(*unknown)[i] = rows_text(cx, u, i, 0);
	return NULL;
}

static const struct stmt CERTIFICATES_SETTLE = { "set_certificates_settle",
	"WITH m AS (INSERT INTO unit_set_certificate (set_id, serial) "
	"SELECT set_id, serial " LISTED "WHERE known OR preemptive "
	"RETURNING 1) UPDATE unit_set SET state = 'sweeping', "
	"found = (SELECT count(*) FROM m) WHERE id = $1::uuid RETURNING found",
	1 };

const struct err *
set_certificates_settle(struct ctx *cx, const char *id, int64_t *found)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CERTIFICATES_SETTLE, &r, DB_TEXT(id));

	if (e == NULL)
		*found = rows_int(r, 0, 0);
	return e;
}

static const struct stmt CERTIFICATES_NEXT = { "set_certificates_next",
	"WITH m AS (DELETE FROM unit_set_certificate WHERE set_id = $1::uuid "
	"AND serial IN (SELECT serial FROM unit_set_certificate WHERE "
	"set_id = $1::uuid ORDER BY serial LIMIT $2::int) RETURNING serial), "
	"u AS (UPDATE unit_set SET swept = swept + (SELECT count(*) FROM m) "
	"WHERE id = $1::uuid) SELECT serial FROM m",
	2 };

/* The device's row first, against whoever issues to it (A3). */
static const struct stmt CERTIFICATES_LOCK = { "set_certificates_lock",
	"SELECT FROM device WHERE id IN (SELECT device_id FROM certificate "
	"WHERE serial = ANY ($1::bytea[])) ORDER BY id FOR UPDATE",
	1 };

/* Those that are known, and then the others, once. */
static const struct stmt CERTIFICATES_REVOKE = { "set_certificates_revoke",
	"WITH c AS (UPDATE certificate SET revoked_at = now(), "
	"overdue = false WHERE serial = ANY ($1::bytea[]) AND "
	"(revoked_at IS NULL OR overdue) "
	"RETURNING serial, not_after, device_id, key_sha256), "
	"k AS (UPDATE key_use u SET compromised = true FROM c WHERE "
	"$4 = 'keyCompromise' AND u.key_sha256 = c.key_sha256), "
	"a AS (SELECT serial, not_after + interval '28 days' AS until, "
	"device_id FROM c UNION ALL SELECT x.serial, NULL, NULL "
	"FROM unnest($1::bytea[]) AS x (serial) WHERE NOT EXISTS (SELECT "
	"FROM certificate o WHERE o.serial = x.serial) AND NOT EXISTS "
	"(SELECT FROM revocation r WHERE r.serial = x.serial)), "
	"e AS (INSERT INTO event (kind, request_id, birth_id, device_id, "
	"admin_token_id, detail) SELECT 'certificate.revoked', $2, "
	"d.birth_id, a.device_id, $3, "
	"format('serial %s, %s', encode(a.serial, 'hex'), $4) "
	"FROM a LEFT JOIN device d ON d.id = a.device_id) "
	"INSERT INTO revocation (kind, serial, until, reason) "
	"SELECT 'certificate', serial, until, $4 FROM a",
	4 };

const struct err *
set_certificates_sweep(struct ctx *cx, const struct unit_set *s, bool *left)
{
	AUTO_STRUCT(rows) *next = NULL;
	struct column serials;
	const struct err *e;
	int i;

	e = DB_RUN(
	    cx, &CERTIFICATES_NEXT, &next, DB_TEXT(s->id), DB_INT(SLICE));
	if (e != NULL)
		return e;
	*left = rows_count(next) > 0;
	if (!*left)
		return NULL;
	column_init(cx, &serials, COLUMN_BYTES, (size_t)rows_count(next));
	for (i = 0; i < rows_count(next); i++)
		column_bytes(&serials, rows_bytes(cx, next, i, 0));
	e = DB_RUN(cx, &CERTIFICATES_LOCK, NULL, DB_COLUMN(&serials));
	return e != NULL ? e
			 : DB_RUN(cx, &CERTIFICATES_REVOKE, NULL,
			       DB_COLUMN(&serials), DB_TEXT(s->id),
			       DB_TEXT(s->admin_token_id), DB_TEXT(s->reason));
}

const struct stmt *const set_certificates_stmts[] = { &CERTIFICATES_COUNT,
	&CERTIFICATES_UNKNOWN, &CERTIFICATES_SETTLE, &CERTIFICATES_NEXT,
	&CERTIFICATES_LOCK, &CERTIFICATES_REVOKE, NULL };
