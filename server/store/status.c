#include "store/status.h"

#include "base/arena.h"
#include "base/mem.h"
#include "store/feed_page.h"

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

#define PAGE FEED_PAGE("", "2000")

/* Not in the days to come, which have tables already. */
#define ISSUED "not_before < now() + interval '1 day'"

/* A page of the feed, and the certificates that it is about.  These are looked
 * up for the page at once, in their order: every day's table is asked, and one
 * by one a million takes twice the time.  Rows come by what they are about: the
 * entries, the first one last, then the certificates, which have no epoch.  A
 * refused serial that we have no certificate of expires as its entry says, four
 * weeks earlier (store/feed), if it says so. */
static const struct stmt STATUS_REVOKED = { "status_revoked",
	"WITH page AS MATERIALIZED (SELECT epoch, position, at, kind, "
	"device_id, CASE kind WHEN 'certificate' THEN serial "
	"WHEN 'device' THEN uuid_send(device_id) END AS id, until, reason "
	"FROM " PAGE "WHERE " FEED_PAGE_END "), "
	"refused AS (SELECT ARRAY(SELECT id FROM page "
	"WHERE kind = 'certificate' ORDER BY id) AS serials), "
	"found AS MATERIALIZED (SELECT serial AS id, serial, not_after, der "
	"FROM certificate WHERE serial = ANY ((SELECT serials FROM "
	"refused)::bytea[]) AND " ISSUED " UNION ALL "
	"SELECT serial, serial, not_after, der FROM service_certificate "
	"WHERE serial = ANY ((SELECT serials FROM refused)::bytea[]) UNION ALL "
	"SELECT uuid_send(device_id), serial, not_after, der "
	"FROM certificate WHERE device_id = ANY (ARRAY(SELECT device_id "
	"FROM page WHERE kind = 'device')) AND " ISSUED ") "
	"SELECT id, epoch, position, floor(extract(epoch FROM at))::bigint, "
	"reason, CASE WHEN kind = 'certificate' AND id NOT IN "
	"(SELECT id FROM found) THEN id END, extract(epoch FROM until - "
	"interval '28 days')::bigint, NULL FROM page UNION ALL "
	"SELECT id, NULL, NULL, NULL, NULL, serial, "
	"extract(epoch FROM not_after)::bigint, substring(der FOR 256) "
	"FROM found ORDER BY 1, 2 DESC NULLS LAST, 3 DESC",
	4 };

enum { ID, EPOCH, POSITION, AT, REASON, SERIAL, NOT_AFTER, HEAD };

/* The last entry of a page is where the next one begins. */
static void
move_on(struct view_mark *at, const struct rows *r, int i)
{
	int64_t epoch = rows_int(r, i, EPOCH);
	int64_t position = rows_int(r, i, POSITION);

	if (epoch < at->epoch ||
	    (epoch == at->epoch && position < at->position))
		return;
	at->epoch = epoch;
	at->position = position;
}

const struct err *
status_read_revoked(struct ctx *cx, struct view_mark *at,
    const struct view_mark *upto, struct status_page *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &STATUS_REVOKED, &r, DB_INT(at->epoch),
	    DB_INT(at->position), DB_INT(upto->epoch), DB_INT(upto->position));
	struct status_revoked v = { .reason = NULL };
	int i, n;

	if (e != NULL)
		return e;
	n = rows_count(r);
	out->n = 0;
	out->more = n > 0;
	out->v = arena_alloc(cx->arena, ((size_t)n + 1) * sizeof(*out->v));
	for (i = 0; i < n; i++) {
		if (!rows_null(r, i, EPOCH)) {
			move_on(at, r, i);
			v.revoked_at = rows_int(r, i, AT);
			v.reason = rows_text(cx, r, i, REASON);
		}
		v.serial = rows_bytes(cx, r, i, SERIAL);
		v.not_after = rows_null(r, i, NOT_AFTER)
				  ? INT64_MAX
				  : rows_int(r, i, NOT_AFTER);
		v.head = rows_bytes(cx, r, i, HEAD);
		if (v.serial.n > 0 && v.not_after >= out->expired_before)
			out->v[out->n++] = v;
	}
	return NULL;
}

const struct stmt *const status_stmts[] = { &STATUS_GET, &STATUS_REVOKED,
	NULL };
