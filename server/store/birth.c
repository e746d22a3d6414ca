#include "store/birth.h"

#include "base/arena.h"
#include "base/mem.h"
#include "store/column.h"

/* A serial number decides only among the units of the anchor's own maker. */
static const struct stmt BIRTH_CANDIDATES = { "birth_candidates",
	"SELECT i.n - 1, c.* FROM unnest($1::bytea[], $2::bytea[], "
	"$3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::bytea[], "
	"$8::text[]) WITH ORDINALITY AS i (name1, name2, name3, name4, name5, "
	"serial, key, dac_subject, n) CROSS JOIN LATERAL ("
	"SELECT coalesce(b.id, 0), m.id, m.name, m.frozen, a.certificate, "
	"a.intermediate_spki_sha256, mo.id, mo.name, mo.client_id, "
	"mo.profile, mo.policy::text, mo.support_until::text, "
	"mo.status = 'active', b.serial, b.key_sha256, b.pinned_key_sha256, "
	"b.batch, to_char(b.made_at, 'YYYY-MM-DD'), b.boot_test, "
	"b.quarantined_at IS NOT NULL, b.lost_at IS NOT NULL, "
	"b.revoked_at IS NOT NULL, b.decommissioned_at IS NOT NULL, "
	"(SELECT id FROM device WHERE birth_id = b.id AND state = 'owned'), "
	"array_to_string(mo.labels, ' '), b.dac_subject, "
	"EXISTS (SELECT FROM crl WHERE manufacturer_id = m.id), "
	"mo.asks_evidence, a.id, b.anchor_id "
	"FROM anchor a JOIN manufacturer m ON m.id = a.manufacturer_id "
	"LEFT JOIN LATERAL (SELECT * FROM birth WHERE "
	"manufacturer_id = m.id AND serial = i.serial UNION SELECT * FROM "
	"birth WHERE manufacturer_id = m.id AND key_sha256 = i.key UNION "
	"SELECT * FROM birth WHERE manufacturer_id = m.id AND "
	"dac_subject = i.dac_subject) b ON true "
	"LEFT JOIN model mo ON mo.id = b.model_id "
	"WHERE a.subject_sha256 IN (name1, name2, name3, name4, name5) AND "
	"a.vendor_id IS NULL AND "
	"coalesce(a.valid_from, '-infinity') <= to_timestamp($9::bigint) AND "
	"coalesce(a.valid_until, 'infinity') > to_timestamp($9::bigint) "
	"LIMIT 64) c ORDER BY i.n",
	9 };

static const struct stmt BIRTH_PIN_KEY = { "birth_pin_key",
	"UPDATE birth SET pinned_key_sha256 = $2, "
	"pinned_at = coalesce(pinned_at, to_timestamp($3::bigint)), "
	"anchor_id = coalesce($4::uuid, anchor_id) WHERE id = $1 AND "
	"coalesce(pinned_key_sha256, $2) = $2 AND NOT EXISTS "
	"(SELECT FROM birth WHERE key_sha256 = $2 AND id <> $1)",
	4 };

static const struct stmt BIRTH_CAME_BY = { "birth_came_by",
	"UPDATE birth SET anchor_id = $2::uuid WHERE id = $1", 2 };

/* One certificate may be several anchors, each with a scope: then it is not
 * known which it was. */
static const struct stmt BIRTH_CAME_BELOW = { "birth_came_below",
	"UPDATE birth b SET anchor_id = a.id FROM (SELECT min(id::text)::uuid "
	"AS id FROM anchor WHERE manufacturer_id = $2 AND sha256 = $3 "
	"HAVING count(*) = 1) a "
	"WHERE b.id = $1 AND b.anchor_id IS DISTINCT FROM a.id",
	3 };

/* In the order of the units, so that two batches do not wait for each other;
 * a unit that somebody holds is passed over. */
static const struct stmt BIRTH_PIN_KEYS = { "birth_pin_keys",
	"WITH i AS (SELECT * FROM unnest($1::bigint[], $2::bytea[], "
	"$4::text[]) AS i (id, key, anchor) ORDER BY id), "
	"b AS (SELECT i.* FROM i CROSS JOIN LATERAL (SELECT FROM birth WHERE "
	"id = i.id FOR NO KEY UPDATE SKIP LOCKED) x) "
	"UPDATE birth SET pinned_key_sha256 = b.key, "
	"pinned_at = coalesce(pinned_at, to_timestamp($3::bigint)), "
	"anchor_id = b.anchor::uuid FROM b WHERE birth.id = b.id AND "
	"coalesce(pinned_key_sha256, b.key) = b.key AND NOT EXISTS "
	"(SELECT FROM birth o WHERE o.key_sha256 = b.key AND o.id <> b.id) "
	"RETURNING birth.id",
	4 };

/* The row lock makes the units of a batch come one after the other. */
static const struct stmt BIRTH_ADMIT = { "birth_admit",
	"INSERT INTO admission AS a (model_id, batch, units, hour, in_hour) "
	"SELECT $1, coalesce($2, ''), 1 + (SELECT count(*) FROM birth WHERE "
	"model_id = $1 AND batch IS NOT DISTINCT FROM $2 AND "
	"pinned_at IS NOT NULL), to_timestamp($3::bigint), 1 "
	"ON CONFLICT (model_id, batch) DO UPDATE SET units = a.units + 1, "
	"hour = CASE WHEN a.hour <= excluded.hour - interval '1 hour' "
	"THEN excluded.hour ELSE a.hour END, "
	"in_hour = CASE WHEN a.hour <= excluded.hour - interval '1 hour' "
	"THEN 1 ELSE a.in_hour + 1 END RETURNING units, in_hour",
	3 };

static const struct stmt BIRTH_OPEN_MODELS = { "birth_open_models",
	"SELECT id, policy::text FROM model WHERE manufacturer_id = $1 AND "
	"status = 'active' AND policy -> 'enrollment' ->> 'allowlist' = 'open' "
	"ORDER BY id LIMIT 2",
	1 };

static const struct stmt BIRTH_OPEN = { "birth_open",
	"INSERT INTO birth (manufacturer_id, model_id, serial, "
	"pinned_key_sha256, pinned_at, opened_at) VALUES ($1, $2, $3, $4, "
	"to_timestamp($5::bigint), to_timestamp($5::bigint)) RETURNING id",
	5 };

static const struct stmt BIRTH_OF_KEY = { "birth_of_key",
	"SELECT b.id, (SELECT d.id FROM device d WHERE d.birth_id = b.id AND "
	"d.state = 'owned') FROM (SELECT id FROM birth WHERE key_sha256 = $1 "
	"UNION SELECT id FROM birth WHERE pinned_key_sha256 = $1) b LIMIT 1",
	1 };

static const struct stmt BIRTH_KEY_IS_TAKEN = { "birth_key_is_taken",
	"SELECT EXISTS (SELECT FROM birth WHERE key_sha256 = $1) OR "
	"EXISTS (SELECT FROM birth WHERE pinned_key_sha256 = $1) OR "
	"EXISTS (SELECT FROM key_use WHERE key_sha256 = $1 AND "
	"(compromised OR device_id IS DISTINCT FROM $2::uuid))",
	2 };

static const struct stmt BIRTH_CLAIMS = { "birth_claims",
	"SELECT id, manufacturer_id, claim_code_mac FROM birth "
	"WHERE serial = $1 AND claim_code_mac IS NOT NULL AND "
	"($2::text IS NULL OR manufacturer_id = $2) LIMIT $3",
	3 };

/* After the number of its question. */
static void
read_candidate(
    struct ctx *cx, const struct rows *r, int i, struct birth_candidate *c)
{
	c->birth_id = rows_int(r, i, 1);
	c->manufacturer_id = rows_text(cx, r, i, 2);
	c->manufacturer_name = rows_text(cx, r, i, 3);
	c->manufacturer_frozen = rows_bool(r, i, 4);
	c->anchor = rows_bytes(cx, r, i, 5);
	c->scope_spki_sha256 = rows_bytes(cx, r, i, 6);
	c->model_id = rows_text(cx, r, i, 7);
	c->model_name = rows_text(cx, r, i, 8);
	c->client_id = rows_text(cx, r, i, 9);
	c->profile = rows_text(cx, r, i, 10);
	c->policy = rows_text(cx, r, i, 11);
	c->support_until = rows_text(cx, r, i, 12);
	c->model_active = rows_bool(r, i, 13);
	c->serial = rows_text(cx, r, i, 14);
	c->key_sha256 = rows_bytes(cx, r, i, 15);
	c->pinned_key_sha256 = rows_bytes(cx, r, i, 16);
	c->batch = rows_text(cx, r, i, 17);
	c->made_at = rows_text(cx, r, i, 18);
	c->boot_test = rows_text(cx, r, i, 19);
	c->quarantined = rows_bool(r, i, 20);
	c->lost = rows_bool(r, i, 21);
	c->revoked = rows_bool(r, i, 22);
	c->decommissioned = rows_bool(r, i, 23);
	c->device_id = rows_text(cx, r, i, 24);
	c->labels = rows_text(cx, r, i, 25);
	c->dac_subject = rows_text(cx, r, i, 26);
	c->has_crls = rows_bool(r, i, 27);
	c->asks_evidence = rows_bool(r, i, 28);
	c->anchor_id = rows_text(cx, r, i, 29);
	c->came_by = rows_text(cx, r, i, 30);
}

/* In the order of the statement's parameters, after the names of issuers. */
enum { SERIAL = LIMIT_CHAIN, KEY, DAC_SUBJECT, CANDIDATE_COLUMNS };

static void
fill_columns(struct ctx *cx, struct birth_ask *const *v, size_t n,
    struct column c[CANDIDATE_COLUMNS])
{
	size_t i, j;

	for (j = 0; j < CANDIDATE_COLUMNS; j++)
		column_init(cx, &c[j],
		    j == SERIAL || j == DAC_SUBJECT ? COLUMN_TEXT
						    : COLUMN_BYTES,
		    n);
	for (i = 0; i < n; i++) {
		const struct birth_ask *q = v[i];

		must(q->n_issuers <= LIMIT_CHAIN);
		for (j = 0; j < LIMIT_CHAIN; j++)
			column_bytes(&c[j],
			    j < q->n_issuers ? q->issuers[j] : BYTES_NONE);
		column_text(&c[SERIAL], q->serial);
		column_bytes(&c[KEY], (struct bytes){ q->key_sha256, 32 });
		column_text(&c[DAC_SUBJECT], q->dac_subject);
	}
}

/* Each answer into the arena of who asked. */
static void
read_candidates(const struct rows *r, struct birth_ask *const *v, size_t n)
{
	int row = 0, end;
	size_t i;

	for (i = 0; i < n; i++) {
		struct birth_ask *q = v[i];

		for (end = row;
		     end < rows_count(r) && rows_int(r, end, 0) == (int64_t)i;
		     end++)
			;
		q->n = (size_t)(end - row);
		q->c = arena_alloc(q->cx->arena, (q->n + 1) * sizeof(*q->c));
		for (; row < end; row++)
			read_candidate(
			    q->cx, r, row, &q->c[q->n - (size_t)(end - row)]);
	}
}

const struct err *
birth_candidates(struct ctx *cx, struct birth_ask *const *v, size_t n)
{
	struct column c[CANDIDATE_COLUMNS];
	struct db_arg args[CANDIDATE_COLUMNS + 1];
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	size_t i;

	fill_columns(cx, v, n, c);
	for (i = 0; i < CANDIDATE_COLUMNS; i++)
		args[i] = DB_COLUMN(&c[i]);
	args[i] = DB_INT(cx->now);
	e = db_run(cx, &BIRTH_CANDIDATES, args, CANDIDATE_COLUMNS + 1, &r);
	if (e == NULL)
		read_candidates(r, v, n);
	return e;
}

const struct err *
birth_pin_key(struct ctx *cx, int64_t birth_id, const uint8_t key_sha256[32],
    const char *anchor_id, bool *pinned)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_PIN_KEY, &r, DB_INT(birth_id),
	    DB_SHA(key_sha256), DB_INT(cx->now), DB_TEXT(anchor_id));

	if (e != NULL)
		return e;
	*pinned = rows_affected(r) == 1;
	return NULL;
}

const struct err *
birth_pin_keys(
    struct ctx *cx, const struct birth_pin *v, size_t n, bool *pinned)
{
	struct column id, key, anchor;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	size_t i;
	int row;

	column_init(cx, &id, COLUMN_INT, n);
	column_init(cx, &key, COLUMN_BYTES, n);
	column_init(cx, &anchor, COLUMN_TEXT, n);
	for (i = 0; i < n; i++) {
		column_int(&id, v[i].birth_id);
		column_bytes(&key, (struct bytes){ v[i].key_sha256, 32 });
		column_text(&anchor, v[i].anchor_id);
		pinned[i] = false;
	}
	e = DB_RUN(cx, &BIRTH_PIN_KEYS, &r, DB_COLUMN(&id), DB_COLUMN(&key),
	    DB_INT(cx->now), DB_COLUMN(&anchor));
	if (e != NULL)
		return e;
	for (row = 0; row < rows_count(r); row++)
		for (i = 0; i < n; i++)
			pinned[i] |= v[i].birth_id == rows_int(r, row, 0);
	return NULL;
}

const struct err *
birth_came_by(struct ctx *cx, int64_t birth_id, const char *anchor_id)
{
	return DB_RUN(
	    cx, &BIRTH_CAME_BY, NULL, DB_INT(birth_id), DB_TEXT(anchor_id));
}

const struct err *
birth_came_below(struct ctx *cx, int64_t birth_id, const char *manufacturer_id,
    const uint8_t sha256[32])
{
	return DB_RUN(cx, &BIRTH_CAME_BELOW, NULL, DB_INT(birth_id),
	    DB_TEXT(manufacturer_id), DB_SHA(sha256));
}

const struct err *
birth_admit(struct ctx *cx, const char *model_id, const char *batch,
    struct admission *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_ADMIT, &r, DB_TEXT(model_id),
	    DB_TEXT(batch), DB_INT(cx->now));

	if (e != NULL)
		return e;
	out->units = rows_int(r, 0, 0);
	out->in_hour = rows_int(r, 0, 1);
	return NULL;
}

const struct err *
birth_open_models(struct ctx *cx, const char *manufacturer_id,
    struct open_model out[2], size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &BIRTH_OPEN_MODELS, &r, DB_TEXT(manufacturer_id));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	for (i = 0; i < *n; i++)
		out[i] = (struct open_model){ rows_text(cx, r, (int)i, 0),
			rows_text(cx, r, (int)i, 1) };
	return NULL;
}

const struct err *
birth_open(struct ctx *cx, const struct birth_opened *b, int64_t *birth_id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_OPEN, &r,
	    DB_TEXT(b->manufacturer_id), DB_TEXT(b->model_id),
	    DB_TEXT(b->serial), DB_SHA(b->key_sha256), DB_INT(cx->now));

	if (e != NULL)
		return e;
	*birth_id = rows_int(r, 0, 0);
	return NULL;
}

const struct err *
birth_of_key(
    struct ctx *cx, const uint8_t key_sha256[32], struct birth_holder *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_OF_KEY, &r, DB_SHA(key_sha256));

	*out = (struct birth_holder){ 0 };
	if (e != NULL || rows_count(r) == 0)
		return e;
	out->birth_id = rows_int(r, 0, 0);
	out->device_id = rows_text(cx, r, 0, 1);
	return NULL;
}

const struct err *
birth_key_is_taken(struct ctx *cx, const uint8_t key_sha256[32],
    const char *device_id, bool *taken)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_KEY_IS_TAKEN, &r,
	    DB_SHA(key_sha256), DB_TEXT(device_id));

	if (e != NULL)
		return e;
	*taken = rows_bool(r, 0, 0);
	return NULL;
}

const struct err *
birth_claims(struct ctx *cx, const char *serial, const char *manufacturer_id,
    struct birth_claim *out, size_t max, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_CLAIMS, &r, DB_TEXT(serial),
	    DB_TEXT(manufacturer_id), DB_INT((int64_t)max));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	for (i = 0; i < *n; i++) {
		out[i].birth_id = rows_int(r, (int)i, 0);
		out[i].manufacturer_id = rows_text(cx, r, (int)i, 1);
		out[i].claim_code_mac = rows_bytes(cx, r, (int)i, 2);
	}
	return NULL;
}

const struct stmt *const birth_stmts[] = { &BIRTH_CANDIDATES, &BIRTH_PIN_KEY,
	&BIRTH_PIN_KEYS, &BIRTH_CAME_BY, &BIRTH_CAME_BELOW, &BIRTH_ADMIT,
	&BIRTH_OPEN_MODELS, &BIRTH_OPEN, &BIRTH_OF_KEY, &BIRTH_KEY_IS_TAKEN,
	&BIRTH_CLAIMS, NULL };
