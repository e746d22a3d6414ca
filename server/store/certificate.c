#include "store/certificate.h"

#include "base/mem.h"

static const struct stmt CERTIFICATE_NEWEST = { "certificate_newest",
	"SELECT serial, der, extract(epoch FROM not_before)::bigint, "
	"extract(epoch FROM not_after)::bigint, key_sha256, " OWN_LABEL ", "
	"approval_id, revoked_at IS NOT NULL, c.profile = '" QUARANTINE_LABEL
	"', overdue FROM certificate c "
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
	out->narrowed = rows_bool(r, 0, 8);
	out->overdue = rows_bool(r, 0, 9);
	return NULL;
}

static const struct stmt CERTIFICATE_OF_SERIAL = { "certificate_of_serial",
	"SELECT c.serial, c.device_id, d.birth_id, "
	"extract(epoch FROM c.not_before)::bigint, "
	"extract(epoch FROM c.not_after)::bigint, c.key_sha256, "
	"c.revoked_at IS NOT NULL FROM certificate c "
	"JOIN device d ON d.id = c.device_id WHERE c.serial = $1",
	1 };

const struct err *
certificate_of_serial(
    struct ctx *cx, struct bytes serial, struct certificate_issued *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CERTIFICATE_OF_SERIAL, &r, DB_BYTES(serial));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	out->serial = rows_bytes(cx, r, 0, 0);
	out->device_id = rows_text(cx, r, 0, 1);
	out->birth_id = rows_int(r, 0, 2);
	out->not_before = rows_int(r, 0, 3);
	out->not_after = rows_int(r, 0, 4);
	rows_sha(cx, r, 0, 5, out->key_sha256);
	out->revoked = rows_bool(r, 0, 6);
	return NULL;
}

static const struct stmt CERTIFICATE_LOCK = { "certificate_lock",
	"SELECT FROM device WHERE id = $1::uuid FOR UPDATE", 1 };
static const struct stmt CERTIFICATE_REVOKE = { "certificate_revoke",
	"UPDATE certificate SET revoked_at = now(), overdue = false "
	"WHERE serial = $1 AND not_before = to_timestamp($2::bigint) AND "
	"(revoked_at IS NULL OR overdue)",
	2 };

const struct err *
certificate_revoke(
    struct ctx *cx, const struct certificate_issued *c, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CERTIFICATE_LOCK, NULL, DB_TEXT(c->device_id));

	if (e == NULL)
		e = DB_RUN(cx, &CERTIFICATE_REVOKE, &r, DB_BYTES(c->serial),
		    DB_INT(c->not_before));
	if (e == NULL)
		*changed = rows_affected(r) == 1;
	return e;
}

static const struct stmt CERTIFICATE_REFUSE_KEY = { "certificate_refuse_key",
	"UPDATE key_use SET compromised = true WHERE key_sha256 = $1", 1 };

const struct err *
certificate_refuse_key(struct ctx *cx, const struct certificate_issued *c)
{
	return DB_RUN(cx, &CERTIFICATE_REFUSE_KEY, NULL, DB_SHA(c->key_sha256));
}

const struct stmt *const certificate_stmts[] = { &CERTIFICATE_NEWEST,
	&CERTIFICATE_OF_SERIAL, &CERTIFICATE_LOCK, &CERTIFICATE_REVOKE,
	&CERTIFICATE_REFUSE_KEY, NULL };
