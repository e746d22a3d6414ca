#include "store/renewal.h"

#include "base/mem.h"
#include "store/certificate_sql.h"

static const struct stmt RENEWAL_JUDGE = { "renewal_judge",
	"SELECT c.device_id, " OWN_LABEL ", c.key_sha256, sha256(c.der), "
	"c.revoked_at IS NOT NULL, d.state = 'owned', "
	"b.quarantined_at IS NOT NULL, "
	"num_nonnulls(b.lost_at, b.revoked_at, b.decommissioned_at) > 0, "
	"b.id, c.predecessor IS NOT NULL AND c.first_used_at IS NULL, "
	"s.first_used_at IS NOT NULL, s.der, s.key_sha256, s.serial, "
	"c.predecessor, extract(epoch FROM c.predecessor_not_before)::bigint, "
	"d.model_id, b.manufacturer_id, b.serial, m.asks_evidence, "
	"c.profile = '" QUARANTINE_LABEL "' "
	"FROM certificate c JOIN device d ON d.id = c.device_id "
	"JOIN model m ON m.id = d.model_id "
	"JOIN birth b ON b.id = d.birth_id LEFT JOIN certificate s "
	"ON s.serial = c.successor AND "
	"s.not_before = c.successor_not_before WHERE c.serial = $1 AND "
	"c.not_before = to_timestamp($2::bigint)",
	2 };

/* $2, $3: the certificate; $4, $5: its predecessor; $6: to be revoked. */
static const struct stmt RENEWAL_FIRST_USE = { "renewal_first_use",
	LOCKED_DEVICE(
	    "") "c AS (UPDATE certificate SET first_used_at = now() FROM d "
		"WHERE serial = $2 AND not_before = to_timestamp($3::bigint) "
		"AND "
		"certificate.device_id = d.id AND first_used_at IS NULL "
		"RETURNING serial), "
		"p AS (UPDATE certificate SET revoked_at = now() FROM c "
		"WHERE $6::boolean AND certificate.serial = $4 AND "
		"not_before = to_timestamp($5::bigint) AND revoked_at IS NULL "
		"AND "
		"not_after > now() RETURNING certificate.serial, not_after), "
		"e AS (INSERT INTO event (kind, request_id, birth_id, "
		"device_id, "
		"detail) SELECT 'certificate.superseded', $7, d.birth_id, "
		"d.id, "
		"'serial ' || encode(p.serial, 'hex') FROM p, d) "
		"INSERT INTO revocation (kind, serial, until, reason) "
		"SELECT 'certificate', serial, not_after + interval '28 days', "
		"'superseded' FROM p",
	7 };

/* $6: the label, which is quarantine's for a quarantined unit and no other;
 * $10: the predecessor's notBefore; $11: whether it may have expired or
 * be overdue, which no quarantined unit's may; $12: the registration authority,
 * whose right to the device's own label is looked at again. */
static const struct stmt RENEWAL_ADD = { "renewal_add",
	LOCKED_DEVICE("AND (b.quarantined_at IS NULL OR NOT $11::boolean) "
		      "AND (b.quarantined_at IS NOT NULL) = "
		      "($6 = '" QUARANTINE_LABEL "') ") CLAIMED_KEY
	"r AS (SELECT FROM service WHERE name = $12 AND "
	"withdrawn_at IS NULL AND (CASE $6 WHEN '" QUARANTINE_LABEL "' THEN "
	"(SELECT profile FROM device WHERE id = $1::uuid) ELSE $6 END) = "
	"ANY (ra_labels) FOR SHARE), "
	"p AS (UPDATE certificate SET successor = $3, "
	"successor_not_before = to_timestamp($4::bigint), "
	"first_used_at = coalesce(first_used_at, now()) FROM k "
	"WHERE serial = $8 AND not_before = to_timestamp($10::bigint) AND "
	"certificate.device_id = k.device_id AND successor IS NULL AND "
	"(revoked_at IS NULL OR $11::boolean AND overdue) AND "
	"(not_after > now() OR $11::boolean) AND "
	"($12::text IS NULL OR EXISTS (SELECT FROM r)) "
	"RETURNING serial), "
	"c AS (INSERT INTO certificate (serial, not_before, not_after, "
	"device_id, profile, key_sha256, der, predecessor, "
	"predecessor_not_before) "
	"SELECT $3, to_timestamp($4::bigint), to_timestamp($5::bigint), "
	"$1::uuid, $6, $2, $7, $8, to_timestamp($10::bigint) FROM p "
	"RETURNING serial) "
	"INSERT INTO event (kind, request_id, birth_id, device_id, detail) "
	"SELECT 'certificate.renewed', $9, d.birth_id, d.id, "
	"'serial ' || encode(c.serial, 'hex') || "
	"coalesce(', by the registration authority ' || $12, '') FROM c, d",
	12 };

static const struct stmt RENEWAL_LOCK = { "renewal_lock",
	"SELECT FROM device WHERE id = $1::uuid FOR UPDATE", 1 };

static const struct stmt RENEWAL_RETURN = { "renewal_return",
	LOCKED_DEVICE("AND b.quarantined_at IS NULL AND d.owner_id IS NULL "
		      "AND NOT EXISTS (SELECT FROM certificate "
		      "WHERE device_id = d.id) ") CLAIMED_KEY
	"c AS (INSERT INTO certificate (serial, not_before, not_after, "
	"device_id, profile, key_sha256, der) "
	"SELECT $3, to_timestamp($4::bigint), to_timestamp($5::bigint), "
	"$1::uuid, $6, $2, $7 FROM k RETURNING serial) "
	"INSERT INTO event (kind, request_id, birth_id, device_id, detail) "
	"SELECT 'certificate.issued', $8, d.birth_id, d.id, "
	"'serial ' || encode(c.serial, 'hex') FROM c, d",
	8 };

const struct err *
renewal_judge(struct ctx *cx, struct bytes serial, int64_t not_before,
    struct certificate_state *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &RENEWAL_JUDGE, &r, DB_BYTES(serial), DB_INT(not_before));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	out->device_id = rows_text(cx, r, 0, 0);
	out->profile = rows_text(cx, r, 0, 1);
	rows_sha(cx, r, 0, 2, out->key_sha256);
	rows_sha(cx, r, 0, 3, out->der_sha256);
	out->revoked = rows_bool(r, 0, 4);
	out->device_owned = rows_bool(r, 0, 5);
	out->quarantined = rows_bool(r, 0, 6);
	out->refused = rows_bool(r, 0, 7);
	out->birth_id = rows_int(r, 0, 8);
	out->first_use = rows_bool(r, 0, 9);
	out->successor_used = rows_bool(r, 0, 10);
	out->successor_der = rows_bytes(cx, r, 0, 11);
	rows_sha(cx, r, 0, 12, out->successor_key_sha256);
	out->successor = rows_bytes(cx, r, 0, 13);
	out->predecessor = rows_bytes(cx, r, 0, 14);
	out->predecessor_not_before = rows_int(r, 0, 15);
	out->model_id = rows_text(cx, r, 0, 16);
	out->manufacturer_id = rows_text(cx, r, 0, 17);
	out->unit_serial = rows_text(cx, r, 0, 18);
	out->asks_evidence = rows_bool(r, 0, 19);
	out->narrowed = rows_bool(r, 0, 20);
	return NULL;
}

const struct err *
renewal_first_use(struct ctx *cx, struct bytes serial, int64_t not_before,
    const struct certificate_state *s, bool revoke)
{
	return DB_RUN(cx, &RENEWAL_FIRST_USE, NULL, DB_TEXT(s->device_id),
	    DB_BYTES(serial), DB_INT(not_before), DB_BYTES(s->predecessor),
	    DB_INT(s->predecessor_not_before), DB_BOOL(revoke),
	    DB_TEXT(cx->rid));
}

const struct err *
renewal_add(struct ctx *cx, const struct certificate_new *in, bool *issued)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &RENEWAL_ADD, &r,
	    DB_TEXT(in->device_id), DB_SHA(in->key_sha256),
	    DB_BYTES(in->serial), DB_INT(in->not_before), DB_INT(in->not_after),
	    DB_TEXT(in->profile), DB_BYTES(in->der), DB_BYTES(in->predecessor),
	    DB_TEXT(cx->rid), DB_INT(in->predecessor_not_before),
	    DB_BOOL(in->predecessor_ended_ok), DB_TEXT(in->ra));

	if (e != NULL)
		return e;
	*issued = rows_affected(r) == 1;
	return NULL;
}

const struct err *
renewal_return(struct ctx *cx, const struct certificate_new *in, bool *issued)
{
	AUTO_STRUCT(rows) *r = NULL;
	/* Whoever waited for the lock sees what was stored under it. */
	const struct err *e =
	    DB_RUN(cx, &RENEWAL_LOCK, NULL, DB_TEXT(in->device_id));

	if (e == NULL)
		e = DB_RUN(cx, &RENEWAL_RETURN, &r, DB_TEXT(in->device_id),
		    DB_SHA(in->key_sha256), DB_BYTES(in->serial),
		    DB_INT(in->not_before), DB_INT(in->not_after),
		    DB_TEXT(in->profile), DB_BYTES(in->der), DB_TEXT(cx->rid));
	if (e != NULL)
		return e;
	*issued = rows_affected(r) == 1;
	return NULL;
}

const struct stmt *const renewal_stmts[] = { &RENEWAL_JUDGE, &RENEWAL_FIRST_USE,
	&RENEWAL_ADD, &RENEWAL_LOCK, &RENEWAL_RETURN, NULL };
