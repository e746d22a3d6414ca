#include "store/enrollment.h"

#include "base/arena.h"
#include "base/mem.h"
#include "store/column.h"
#include "store/set_sql.h"

static const struct stmt ENROLLMENT_FIND = { "enrollment_find",
	"SELECT a.id, a.state, a.device_id, "
	"extract(epoch FROM a.created_at)::bigint, "
	"extract(epoch FROM a.expires_at)::bigint, "
	"d.created_at = a.decided_at, a.label, m.asks_evidence "
	"FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) WITH ORDINALITY "
	"AS i (birth_id, key_sha256, token_mac, n) "
	"LEFT JOIN LATERAL (SELECT * FROM approval WHERE "
	"birth_id = i.birth_id AND key_sha256 = i.key_sha256 AND "
	"(i.token_mac IS NULL OR (token_mac = i.token_mac AND "
	"token_expires_at > to_timestamp($4::bigint))) AND "
	"state <> 'superseded' ORDER BY created_at DESC LIMIT 1) a ON true "
	"LEFT JOIN device d ON d.id = a.device_id "
	"LEFT JOIN model m ON m.id = d.model_id ORDER BY i.n",
	4 };

/*
 * In the order of the steps: the requests; their bootstrap tokens, locked if
 * they are good for this key (A12); their units, locked and judged by what
 * the rows say once the lock is had; their devices, the same, or made where
 * nobody need own them; the keys, which become the devices' unless they are
 * another's, a birth key, or refused for good (A5, A9); the approvals and
 * tokens, used up; the certificates; their events.  Requests come in the
 * order of their units, so that two batches with the same ones do not wait
 * for each other.  "(x IN (SELECT ...)) IS TRUE" is answered by a hash of the
 * few there are; a join would compare each with each, since hash joins are
 * off (store/db.c).
 */
#define SPARED SET_SPARES("birth")
#define STORE(busy)                                                     \
	"WITH i AS (SELECT * FROM unnest($1::bigint[], $2::uuid[], "    \
	"$3::uuid[], $4::bytea[], $5::bytea[], $6::bigint[], "          \
	"$7::bigint[], $8::text[], $9::bytea[], $10::text[], "          \
	"$11::text[], $12::bigint[]) AS i (birth_id, device_id, "       \
	"approval_id, key_sha256, serial, not_before, not_after, "      \
	"profile, der, request_id, bootstrap_id, new_device)), "        \
	"t AS (SELECT bootstrap_id AS id FROM i CROSS JOIN LATERAL "    \
	"(SELECT FROM bootstrap_token WHERE id = i.bootstrap_id AND "   \
	"used_at IS NULL AND withdrawn_at IS NULL AND expires_at > "    \
	"now() AND coalesce(key_sha256, i.key_sha256) = i.key_sha256 "  \
	"FOR UPDATE" busy ") x), "                                      \
	"b AS (SELECT i.birth_id AS id, x.model_id, i.device_id, "      \
	"i.new_device, i.key_sha256, i.profile FROM i CROSS JOIN "      \
	"LATERAL (SELECT model_id FROM birth WHERE id = i.birth_id "    \
	"AND quarantined_at IS NULL AND lost_at IS NULL AND "           \
	"revoked_at IS NULL AND decommissioned_at IS NULL AND " SPARED  \
	"FOR SHARE" busy ") x WHERE i.bootstrap_id IS NULL OR "         \
	"i.bootstrap_id IN (SELECT id FROM t)), "                       \
	"dl AS (SELECT b.device_id AS id FROM b CROSS JOIN LATERAL "    \
	"(SELECT FROM device WHERE id = b.device_id AND birth_id = "    \
	"b.id AND state = 'owned' FOR SHARE" busy ") x), "              \
	"dn AS (INSERT INTO device (id, birth_id, model_id, profile, "  \
	"state) SELECT device_id, id, model_id, profile, 'owned' FROM " \
	"b WHERE new_device = 1 ON CONFLICT (birth_id) WHERE state = "  \
	"'owned' DO NOTHING RETURNING id), "                            \
	"k AS (INSERT INTO key_use AS u (key_sha256, device_id) "       \
	"SELECT key_sha256, device_id FROM b WHERE (device_id IN "      \
	"(SELECT id FROM dl UNION ALL SELECT id FROM dn)) IS TRUE AND " \
	"NOT EXISTS (SELECT FROM birth WHERE key_sha256 = "             \
	"b.key_sha256) AND NOT EXISTS (SELECT FROM birth WHERE "        \
	"pinned_key_sha256 = b.key_sha256) ORDER BY key_sha256 ON "     \
	"CONFLICT (key_sha256) DO UPDATE SET device_id = u.device_id "  \
	"WHERE u.device_id = excluded.device_id AND NOT u.compromised " \
	"RETURNING key_sha256), "                                       \
	"a AS (UPDATE approval SET state = 'consumed', "                \
	"certificate_serial = i.serial, certificate_not_before = "      \
	"to_timestamp(i.not_before) FROM i WHERE (i.key_sha256 IN "     \
	"(SELECT key_sha256 FROM k)) IS TRUE AND approval.id = "        \
	"i.approval_id AND approval.device_id = i.device_id AND "       \
	"approval.key_sha256 = i.key_sha256 AND approval.state = "      \
	"'approved' AND approval.expires_at > now() RETURNING "         \
	"approval.key_sha256), "                                        \
	"g AS (SELECT * FROM i WHERE (key_sha256 IN (SELECT "           \
	"key_sha256 FROM k)) IS TRUE AND (new_device = 1 OR "           \
	"key_sha256 IN (SELECT key_sha256 FROM a))), "                  \
	"tu AS (UPDATE bootstrap_token SET used_at = now(), "           \
	"key_sha256 = g.key_sha256 FROM g WHERE bootstrap_token.id = "  \
	"g.bootstrap_id), "                                             \
	"c AS (INSERT INTO certificate (serial, not_before, "           \
	"not_after, device_id, profile, key_sha256, der, approval_id) " \
	"SELECT serial, to_timestamp(not_before), "                     \
	"to_timestamp(not_after), device_id, profile, key_sha256, "     \
	"der, approval_id FROM g), "                                    \
	"e AS (INSERT INTO event (kind, request_id, birth_id, "         \
	"device_id, approval_id, detail) SELECT 'certificate.issued', " \
	"request_id, birth_id, device_id, approval_id, 'serial ' || "   \
	"encode(serial, 'hex') || coalesce(', token ' || "              \
	"bootstrap_id, '') FROM g) "                                    \
	"SELECT key_sha256 FROM g"

/* One alone waits for whoever holds its rows.  Beside others it does not:
 * they would wait for strangers. */
static const struct stmt ENROLLMENT_STORE_WAITING = {
	"enrollment_store_waiting", STORE(""), 12
};
static const struct stmt ENROLLMENT_STORE = { "enrollment_store",
	STORE(" SKIP LOCKED"), 12 };

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
enrollment_find(struct ctx *cx, const struct enrollment_ask *in, size_t n,
    struct enrollment_found *out)
{
	struct column unit, key, token;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	size_t i;

	column_init(cx, &unit, COLUMN_INT, n);
	column_init(cx, &key, COLUMN_BYTES, n);
	column_init(cx, &token, COLUMN_BYTES, n);
	for (i = 0; i < n; i++) {
		column_int(&unit, in[i].birth_id);
		column_bytes(&key, (struct bytes){ in[i].key_sha256, 32 });
		column_bytes(&token, in[i].token_mac);
	}
	e = DB_RUN(cx, &ENROLLMENT_FIND, &r, DB_COLUMN(&unit), DB_COLUMN(&key),
	    DB_COLUMN(&token), DB_INT(cx->now));
	if (e != NULL)
		return e;
	must((size_t)rows_count(r) == n);
	for (i = 0; i < n; i++) {
		out[i] = (struct enrollment_found){ 0 };
		out[i].approval_id = rows_text(cx, r, (int)i, 0);
		if (out[i].approval_id == NULL)
			continue;
		out[i].state = approval_state(rows_text(cx, r, (int)i, 1));
		out[i].device_id = rows_text(cx, r, (int)i, 2);
		out[i].created_at = rows_int(r, (int)i, 3);
		out[i].expires_at = rows_int(r, (int)i, 4);
		out[i].first = rows_bool(r, (int)i, 5);
		out[i].label = rows_text(cx, r, (int)i, 6);
		out[i].asks_evidence = rows_bool(r, (int)i, 7);
	}
	return NULL;
}

/* In the order of the statement's parameters. */
enum {
	BIRTH,
	DEVICE,
	APPROVAL,
	KEY,
	SERIAL,
	NOT_BEFORE,
	NOT_AFTER,
	PROFILE,
	DER,
	REQUEST,
	BOOTSTRAP,
	NEW_DEVICE,
	COLUMNS
};

static void
fill_columns(struct ctx *cx, const struct certificate_new *const *in, size_t n,
    struct column c[COLUMNS])
{
	static const enum column_type types[COLUMNS] = { COLUMN_INT,
		COLUMN_UUID, COLUMN_UUID, COLUMN_BYTES, COLUMN_BYTES,
		COLUMN_INT, COLUMN_INT, COLUMN_TEXT, COLUMN_BYTES, COLUMN_TEXT,
		COLUMN_TEXT, COLUMN_INT };
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		column_init(cx, &c[i], types[i], n);
	for (i = 0; i < n; i++) {
		column_int(&c[BIRTH], in[i]->birth_id);
		column_text(&c[DEVICE], in[i]->device_id);
		column_text(&c[APPROVAL], in[i]->approval_id);
		column_bytes(&c[KEY], (struct bytes){ in[i]->key_sha256, 32 });
		column_bytes(&c[SERIAL], in[i]->serial);
		column_int(&c[NOT_BEFORE], in[i]->not_before);
		column_int(&c[NOT_AFTER], in[i]->not_after);
		column_text(&c[PROFILE], in[i]->profile);
		column_bytes(&c[DER], in[i]->der);
		column_text(&c[REQUEST], in[i]->request_id);
		column_text(&c[BOOTSTRAP], in[i]->bootstrap_id);
		column_int(&c[NEW_DEVICE], in[i]->new_device ? 1 : 0);
	}
}

const struct err *
enrollment_store(struct ctx *cx, const struct certificate_new *const *in,
    size_t n, bool wait, bool *stored)
{
	const struct stmt *s =
	    wait ? &ENROLLMENT_STORE_WAITING : &ENROLLMENT_STORE;
	AUTO_STRUCT(rows) *r = NULL;
	struct column c[COLUMNS];
	struct db_arg args[COLUMNS];
	const struct err *e;
	uint8_t key[32];
	size_t i;
	int row;

	fill_columns(cx, in, n, c);
	for (i = 0; i < COLUMNS; i++)
		args[i] = DB_COLUMN(&c[i]);
	e = db_run(cx, s, args, COLUMNS, &r);
	if (e != NULL)
		return e;
	for (i = 0; i < n; i++)
		stored[i] = false;
	for (row = 0; row < rows_count(r); row++) {
		rows_sha(cx, r, row, 0, key);
		for (i = 0; i < n; i++)
			if (bytes_eq((struct bytes){ in[i]->key_sha256, 32 },
				BYTES_OF(key)))
				stored[i] = true;
	}
	return NULL;
}

const struct err *
enrollment_replace(
    struct ctx *cx, const struct certificate_new *in, bool *stored)
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
		e = enrollment_store(cx, &in, 1, true, stored);
	if (e == NULL && *stored)
		e = DB_RUN(cx, &CERTIFICATE_REVOKE_OTHER_KEYS, NULL,
		    DB_TEXT(in->device_id), DB_SHA(in->key_sha256));
	return e != NULL ? e : tx_commit(&tx);
}

const struct stmt *const enrollment_stmts[] = { &ENROLLMENT_FIND,
	&ENROLLMENT_STORE_WAITING, &ENROLLMENT_STORE, &DEVICE_LOCK,
	&CERTIFICATE_REVOKE_OTHER_KEYS, NULL };
