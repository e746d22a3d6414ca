#include "store/birth_admin.h"

#include "base/arena.h"

static const struct stmt BIRTH_LIST = { "birth_list",
	"SELECT b.id, b.serial, b.model_id, b.batch, "
	"to_char(b.made_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), b.boot_test, "
	"b.key_sha256, b.ueid, b.certificate_sha256, b.pinned_key_sha256, "
	"b.claim_code_mac IS NOT NULL, b.quarantined_at IS NOT NULL, "
	"b.lost_at IS NOT NULL, b.revoked_at IS NOT NULL, "
	"b.decommissioned_at IS NOT NULL, "
	"(SELECT d.id FROM device d WHERE d.birth_id = b.id AND "
	"d.state = 'owned'), b.ek_sha256, b.dac_subject, "
	"extract(epoch FROM b.pinned_at)::bigint, "
	"extract(epoch FROM b.opened_at)::bigint "
	"FROM birth b WHERE b.manufacturer_id = $1 AND "
	"($2::text IS NULL OR b.serial = $2) AND b.id > $3::bigint "
	"ORDER BY b.id LIMIT $4",
	4 };

static void
read_birth(struct ctx *cx, const struct rows *r, int i, struct birth_row *b)
{
	b->id = rows_text(cx, r, i, 0);
	b->serial = rows_text(cx, r, i, 1);
	b->model_id = rows_text(cx, r, i, 2);
	b->batch = rows_text(cx, r, i, 3);
	b->made_at = rows_text(cx, r, i, 4);
	b->boot_test = rows_text(cx, r, i, 5);
	b->key_sha256 = rows_bytes(cx, r, i, 6);
	b->ueid = rows_bytes(cx, r, i, 7);
	b->certificate_sha256 = rows_bytes(cx, r, i, 8);
	b->pinned_key_sha256 = rows_bytes(cx, r, i, 9);
	b->claim_code = rows_bool(r, i, 10);
	b->quarantined = rows_bool(r, i, 11);
	b->lost = rows_bool(r, i, 12);
	b->revoked = rows_bool(r, i, 13);
	b->decommissioned = rows_bool(r, i, 14);
	b->device_id = rows_text(cx, r, i, 15);
	b->ek_sha256 = rows_bytes(cx, r, i, 16);
	b->dac_subject = rows_text(cx, r, i, 17);
	b->pinned_at = rows_int(r, i, 18);
	b->opened_at = rows_int(r, i, 19);
}

const struct err *
birth_list(struct ctx *cx, const struct birth_query *q, struct birth_row **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_LIST, &r,
	    DB_TEXT(q->manufacturer_id), DB_TEXT(q->serial),
	    DB_TEXT(q->after == NULL ? "0" : q->after), DB_INT(q->limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_birth(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct stmt *const birth_admin_stmts[] = { &BIRTH_LIST, NULL };
