#include "store/status.h"

#include "base/arena.h"
#include "base/mem.h"

static const struct stmt STATUS_GET = { "status_get",
	"WITH c AS (SELECT der, device_id, not_after FROM certificate "
	"WHERE serial = $1 UNION ALL SELECT der, NULL, not_after FROM "
	"service_certificate WHERE serial = $1 LIMIT 1), "
	"r AS (SELECT at, reason FROM revocation WHERE serial = $1 UNION ALL "
	"SELECT r.at, r.reason FROM c JOIN revocation r ON "
	"r.device_id = c.device_id AND r.kind = 'device') "
	"SELECT c.der, c.device_id::text, "
	"extract(epoch FROM c.not_after)::bigint, "
	"floor(extract(epoch FROM f.at))::bigint, f.reason FROM (VALUES (1)) "
	"AS one LEFT JOIN c ON true LEFT JOIN "
	"(SELECT at, reason FROM r ORDER BY at LIMIT 1) f ON true",
	1 };

const struct err *
status_get(struct ctx *cx, struct bytes serial, struct status *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &STATUS_GET, &r, DB_BYTES(serial));

	if (e != NULL)
		return e;
	must(rows_count(r) == 1);
	out->der = rows_bytes(cx, r, 0, 0);
	out->device_id = rows_text(cx, r, 0, 1);
	out->not_after = rows_int(r, 0, 2);
	out->revoked_at = rows_int(r, 0, 3);
	out->reason = rows_text(cx, r, 0, 4);
	return NULL;
}

/* A page of the feed, and what it is about.  Of $5 entries; a refused serial
 * that we have no certificate of expires as its entry says, four weeks
 * earlier (store/feed).  An entry that is about none has one row. */
static const struct stmt STATUS_REVOKED = { "status_revoked",
	"SELECT r.epoch, r.position, coalesce(c.serial, r.serial), "
	"extract(epoch FROM coalesce(c.not_after, r.until - "
	"interval '28 days'))::bigint, floor(extract(epoch FROM "
	"r.at))::bigint, "
	"r.reason, c.head FROM (SELECT * FROM revocation WHERE "
	"(epoch, position) > ($1::int, $2::bigint) AND "
	"(epoch, position) <= ($3::int, $4::bigint) "
	"ORDER BY epoch, position LIMIT $5::bigint) r LEFT JOIN LATERAL ("
	"SELECT serial, not_after, substring(der FOR 256) AS head "
	"FROM certificate WHERE r.kind = 'certificate' AND serial = r.serial "
	"UNION ALL SELECT serial, not_after, substring(der FOR 256) "
	"FROM service_certificate WHERE r.kind = 'certificate' AND "
	"serial = r.serial UNION ALL "
	"SELECT serial, not_after, substring(der FOR 256) FROM certificate "
	"WHERE r.kind = 'device' AND device_id = r.device_id AND "
	"not_after >= to_timestamp($6::bigint)) c ON true "
	"ORDER BY r.epoch, r.position",
	6 };

#define PAGE 2000

const struct err *
status_read_revoked(struct ctx *cx, struct view_mark *at,
    const struct view_mark *upto, struct status_page *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &STATUS_REVOKED, &r, DB_INT(at->epoch),
	    DB_INT(at->position), DB_INT(upto->epoch), DB_INT(upto->position),
	    DB_INT(PAGE), DB_INT(out->expired_before));
	int i, n;

	if (e != NULL)
		return e;
	n = rows_count(r);
	out->n = 0;
	out->more = n > 0;
	out->v = arena_alloc(cx->arena, ((size_t)n + 1) * sizeof(*out->v));
	for (i = 0; i < n; i++) {
		struct status_revoked *v = &out->v[out->n];

		at->epoch = rows_int(r, i, 0);
		at->position = rows_int(r, i, 1);
		v->serial = rows_bytes(cx, r, i, 2);
		v->not_after =
		    rows_null(r, i, 3) ? INT64_MAX : rows_int(r, i, 3);
		v->revoked_at = rows_int(r, i, 4);
		v->reason = rows_text(cx, r, i, 5);
		v->head = rows_bytes(cx, r, i, 6);
		if (v->serial.n > 0 && v->not_after >= out->expired_before)
			out->n++;
	}
	return NULL;
}

const struct stmt *const status_stmts[] = { &STATUS_GET, &STATUS_REVOKED,
	NULL };
