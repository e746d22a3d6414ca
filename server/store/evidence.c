#include "store/evidence.h"

static const struct stmt EVIDENCE_ANCHORS = { "evidence_anchors",
	"SELECT kind, certificate, key_id, intermediate_spki_sha256, "
	"vendor_id, in_hardware "
	"FROM anchor WHERE manufacturer_id = $1 AND "
	"coalesce(valid_from, '-infinity') <= to_timestamp($2::bigint) AND "
	"coalesce(valid_until, 'infinity') > to_timestamp($2::bigint) "
	"ORDER BY created_at, id LIMIT $3",
	3 };

static const struct stmt EVIDENCE_UNIT = { "evidence_unit",
	"SELECT ueid, ek_sha256, dac_subject, key_sha256, "
	"pinned_key_sha256 FROM birth WHERE id = $1",
	1 };

static const struct stmt NONCE_USE = { "nonce_use",
	"WITH over AS (DELETE FROM nonce_used WHERE nonce IN (SELECT nonce "
	"FROM nonce_used WHERE expires_at < to_timestamp($3::bigint) "
	"LIMIT 10 FOR UPDATE SKIP LOCKED)) "
	"INSERT INTO nonce_used (nonce, expires_at) VALUES ($1, "
	"to_timestamp($2::bigint)) ON CONFLICT DO NOTHING",
	3 };

static const struct stmt SW_SHOWN_LOCK = { "sw_shown_lock",
	"SELECT sw_version, sw_scheme FROM birth WHERE id = $1 "
	"FOR NO KEY UPDATE",
	1 };

static const struct stmt SW_SHOWN_SET = { "sw_shown_set",
	"UPDATE birth SET sw_version = $2, sw_scheme = $3 WHERE id = $1", 3 };

const struct err *
evidence_anchors(struct ctx *cx, const char *manufacturer_id,
    struct evidence_anchor out[LIMIT_ANCHORS], size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &EVIDENCE_ANCHORS, &r,
	    DB_TEXT(manufacturer_id), DB_INT(cx->now), DB_INT(LIMIT_ANCHORS));
	int i;

	*n = 0;
	if (e != NULL)
		return e;
	for (i = 0; i < rows_count(r) && *n < LIMIT_ANCHORS; i++)
		out[(*n)++] = (struct evidence_anchor){
			.kind = rows_text(cx, r, i, 0),
			.value = rows_bytes(cx, r, i, 1),
			.key_id = rows_bytes(cx, r, i, 2),
			.scope_spki_sha256 = rows_bytes(cx, r, i, 3),
			.vendor_id = rows_int(r, i, 4),
			.in_hardware = rows_bool(r, i, 5),
		};
	return NULL;
}

const struct err *
evidence_unit(struct ctx *cx, int64_t birth_id, struct evidence_unit *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &EVIDENCE_UNIT, &r, DB_INT(birth_id));

	*out = (struct evidence_unit){ .dac_subject = NULL };
	if (e != NULL || rows_count(r) == 0)
		return e;
	out->ueid = rows_bytes(cx, r, 0, 0);
	out->ek_sha256 = rows_bytes(cx, r, 0, 1);
	out->dac_subject = rows_text(cx, r, 0, 2);
	out->key_sha256 = rows_bytes(cx, r, 0, 3);
	out->pinned_key_sha256 = rows_bytes(cx, r, 0, 4);
	return NULL;
}

const struct err *
nonce_use(struct ctx *cx, struct bytes nonce, int64_t until, bool *fresh)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &NONCE_USE, &r, DB_BYTES(nonce),
	    DB_INT(until), DB_INT(cx->now));

	if (e == NULL)
		*fresh = rows_affected(r) == 1;
	return e;
}

const struct err *
sw_shown_lock(struct ctx *cx, int64_t birth_id, struct sw_shown *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SW_SHOWN_LOCK, &r, DB_INT(birth_id));

	*out = (struct sw_shown){ NULL, 0 };
	if (e != NULL || rows_count(r) == 0)
		return e;
	out->version = rows_text(cx, r, 0, 0);
	out->scheme = rows_int(r, 0, 1);
	return NULL;
}

const struct err *
sw_shown_set(struct ctx *cx, int64_t birth_id, const struct sw_shown *s)
{
	return DB_RUN(cx, &SW_SHOWN_SET, NULL, DB_INT(birth_id),
	    DB_TEXT(s->version), DB_INT(s->scheme));
}

const struct stmt *const evidence_stmts[] = { &EVIDENCE_ANCHORS, &EVIDENCE_UNIT,
	&NONCE_USE, &SW_SHOWN_LOCK, &SW_SHOWN_SET, NULL };
