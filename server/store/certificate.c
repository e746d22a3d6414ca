#include "store/certificate.h"

#include "base/mem.h"
#include "store/certificate_sql.h"

static const struct stmt CERTIFICATE_NEWEST = { "certificate_newest",
	"SELECT serial, der, extract(epoch FROM not_before)::bigint, "
	"extract(epoch FROM not_after)::bigint, key_sha256, profile, "
	"approval_id, revoked_at IS NOT NULL FROM certificate "
	"WHERE device_id = $1::uuid "
	"ORDER BY not_before DESC, successor IS NULL DESC LIMIT 1",
	1 };

/* The event stands in the same commit. */
#define STORED_WITH_EVENT(from, event)                                        \
	"c AS (INSERT INTO certificate (serial, not_before, not_after, "      \
	"device_id, profile, key_sha256, der, approval_id, predecessor) "     \
	"SELECT $3, to_timestamp($4::bigint), to_timestamp($5::bigint), "     \
	"$1::uuid, $6, $2, $7, $8::uuid, $9 FROM " from " RETURNING serial) " \
	"INSERT INTO event (kind, request_id, birth_id, device_id, "          \
	"approval_id, detail) SELECT '" event "', $10, d.birth_id, d.id, "    \
	"$8::uuid, 'serial ' || encode(c.serial, 'hex') FROM c, d"

static const struct stmt CERTIFICATE_ENROLL = { "certificate_enroll",
	LOCKED_DEVICE("AND b.quarantined_at IS NULL ") CLAIMED_KEY
	"a AS (UPDATE approval SET state = 'consumed', "
	"certificate_serial = $3, "
	"certificate_not_before = to_timestamp($4::bigint) FROM k "
	"WHERE id = $8::uuid AND approval.device_id = k.device_id AND "
	"key_sha256 = $2 AND state = 'approved' AND "
	"expires_at > now() RETURNING id), " STORED_WITH_EVENT(
	    "a", "certificate.issued"),
	10 };

static const struct stmt DEVICE_LOCK = { "device_lock",
	"SELECT FROM device WHERE id = $1::uuid FOR UPDATE", 1 };

static const struct stmt CERTIFICATE_REVOKE_OTHER_KEYS = {
	"certificate_revoke_other_keys",
	"WITH c AS (UPDATE certificate SET revoked_at = now() WHERE "
	"device_id = $1::uuid AND key_sha256 <> $2 AND "
	"revoked_at IS NULL AND not_after > now() "
	"RETURNING serial, not_after) "
	"INSERT INTO revocation (kind, serial, until, reason) "
	"SELECT 'certificate', serial, not_after + interval '28 days', "
	"'superseded' FROM c",
	2
};

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

const struct err *
certificate_enroll(
    struct ctx *cx, const struct certificate_new *in, bool *issued)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CERTIFICATE_ENROLL, &r,
	    DB_TEXT(in->device_id), DB_SHA(in->key_sha256),
	    DB_BYTES(in->serial), DB_INT(in->not_before), DB_INT(in->not_after),
	    DB_TEXT(in->profile), DB_BYTES(in->der), DB_TEXT(in->approval_id),
	    DB_BYTES(in->predecessor), DB_TEXT(cx->rid));

	if (e != NULL)
		return e;
	*issued = rows_affected(r) == 1;
	return NULL;
}

const struct err *
certificate_replace(
    struct ctx *cx, const struct certificate_new *in, bool *issued)
{
	const struct err *e;
	TX tx;

	e = tx_begin(cx, &tx);
	if (e != NULL)
		return e;
	/* Renewals by the old key are over once this lock is had, and the
	 * statements after it see what they stored. */
	e = DB_RUN(cx, &DEVICE_LOCK, NULL, DB_TEXT(in->device_id));
	if (e == NULL)
		e = certificate_enroll(cx, in, issued);
	if (e == NULL && *issued)
		e = DB_RUN(cx, &CERTIFICATE_REVOKE_OTHER_KEYS, NULL,
		    DB_TEXT(in->device_id), DB_SHA(in->key_sha256));
	return e != NULL ? e : tx_commit(&tx);
}

const struct stmt *const certificate_stmts[] = { &CERTIFICATE_NEWEST,
	&CERTIFICATE_ENROLL, &DEVICE_LOCK, &CERTIFICATE_REVOKE_OTHER_KEYS,
	NULL };
