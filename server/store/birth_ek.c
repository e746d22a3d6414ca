#include "store/birth_ek.h"

static const struct stmt BIRTH_EK = { "birth_ek",
	"SELECT b.id, b.manufacturer_id, b.model_id, "
	"(SELECT id FROM device WHERE birth_id = b.id AND state = 'owned'), "
	"m.frozen AND b.pinned_at IS NULL, mo.status = 'active', "
	"b.revoked_at IS NOT NULL OR b.lost_at IS NOT NULL OR "
	"b.decommissioned_at IS NOT NULL, a.certificate, "
	"a.intermediate_spki_sha256 "
	"FROM birth b JOIN manufacturer m ON m.id = b.manufacturer_id "
	"JOIN model mo ON mo.id = b.model_id "
	"LEFT JOIN anchor a ON a.manufacturer_id = m.id AND "
	"a.kind = 'certificate' AND a.vendor_id IS NULL AND "
	"coalesce(a.valid_from, '-infinity') <= to_timestamp($2::bigint) AND "
	"coalesce(a.valid_until, 'infinity') > to_timestamp($2::bigint) "
	"WHERE b.ek_sha256 = $1",
	2 };

const struct err *
birth_ek_get(struct ctx *cx, const uint8_t ek_sha256[32], struct birth_ek *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &BIRTH_EK, &r, DB_SHA(ek_sha256), DB_INT(cx->now));
	int i;

	*out = (struct birth_ek){ .birth_id = 0 };
	if (e != NULL || rows_count(r) == 0)
		return e;
	out->birth_id = rows_int(r, 0, 0);
	out->manufacturer_id = rows_text(cx, r, 0, 1);
	out->model_id = rows_text(cx, r, 0, 2);
	out->device_id = rows_text(cx, r, 0, 3);
	out->frozen = rows_bool(r, 0, 4);
	out->model_active = rows_bool(r, 0, 5);
	out->refused = rows_bool(r, 0, 6);
	for (i = 0; i < rows_count(r) && i < LIMIT_ANCHORS; i++) {
		out->anchor[i] = rows_bytes(cx, r, i, 7);
		out->scope_spki_sha256[i] = rows_bytes(cx, r, i, 8);
		if (out->anchor[i].n > 0)
			out->n_anchors++;
	}
	return NULL;
}

const struct stmt *const birth_ek_stmts[] = { &BIRTH_EK, NULL };
