#include "store/certificate.h"

#include "base/mem.h"

static const struct stmt CERTIFICATE_NEWEST = { "certificate_newest",
	"SELECT serial, der, extract(epoch FROM not_before)::bigint, "
	"extract(epoch FROM not_after)::bigint, key_sha256, profile, "
	"approval_id, revoked_at IS NOT NULL FROM certificate "
	"WHERE device_id = $1::uuid "
	"ORDER BY not_before DESC, successor IS NULL DESC LIMIT 1",
	1 };

const struct err *
certificate_newest(
    struct ctx *cx, const char *device_id, struct certificate_latest *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CERTIFICATE_NEWEST, &r, DB_TEXT(device_id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	out->serial = rows_bytes(cx, r, 0, 0);
	out->der = rows_bytes(cx, r, 0, 1);
	out->not_before = rows_int(r, 0, 2);
	out->not_after = rows_int(r, 0, 3);
	rows_sha(cx, r, 0, 4, out->key_sha256);
	out->profile = rows_text(cx, r, 0, 5);
	out->approval_id = rows_text(cx, r, 0, 6);
	out->revoked = rows_bool(r, 0, 7);
	return NULL;
}

const struct stmt *const certificate_stmts[] = { &CERTIFICATE_NEWEST, NULL };
