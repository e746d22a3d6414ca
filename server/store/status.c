#include "store/status.h"

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

const struct stmt *const status_stmts[] = { &STATUS_GET, NULL };
