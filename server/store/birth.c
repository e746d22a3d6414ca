#include "store/birth.h"

#include "base/arena.h"
#include "base/mem.h"

/* A serial number decides only among the units of the anchor's own maker. */
static const struct stmt BIRTH_CANDIDATES = { "birth_candidates",
	"SELECT coalesce(b.id, 0), m.id, m.name, m.frozen, a.certificate, "
	"a.intermediate_spki_sha256, mo.id, mo.name, mo.client_id, "
	"mo.profile, mo.policy::text, mo.support_until::text, "
	"mo.status = 'active', b.serial, b.key_sha256, b.pinned_key_sha256, "
	"b.batch, to_char(b.made_at, 'YYYY-MM-DD'), b.boot_test, "
	"b.quarantined_at IS NOT NULL, b.lost_at IS NOT NULL, "
	"b.revoked_at IS NOT NULL, b.decommissioned_at IS NOT NULL, "
	"(SELECT id FROM device WHERE birth_id = b.id AND state = 'owned'), "
	"array_to_string(mo.labels, ' '), b.dac_subject, "
	"EXISTS (SELECT FROM crl WHERE manufacturer_id = m.id) "
	"FROM anchor a JOIN manufacturer m ON m.id = a.manufacturer_id "
	"LEFT JOIN LATERAL (SELECT * FROM birth WHERE "
	"manufacturer_id = m.id AND serial = $6 UNION SELECT * FROM birth "
	"WHERE manufacturer_id = m.id AND key_sha256 = $7 UNION "
	"SELECT * FROM birth WHERE manufacturer_id = m.id AND "
	"dac_subject = $8) b ON true "
	"LEFT JOIN model mo ON mo.id = b.model_id "
	"WHERE a.subject_sha256 IN ($1, $2, $3, $4, $5) AND "
	"a.vendor_id IS NULL AND "
	"coalesce(a.valid_from, '-infinity') <= to_timestamp($9::bigint) AND "
	"coalesce(a.valid_until, 'infinity') > to_timestamp($9::bigint) "
	"LIMIT 64",
	9 };

static const struct stmt BIRTH_PIN_KEY = { "birth_pin_key",
	"UPDATE birth SET pinned_key_sha256 = $2, "
	"pinned_at = coalesce(pinned_at, to_timestamp($3::bigint)) "
	"WHERE id = $1 AND "
	"coalesce(pinned_key_sha256, $2) = $2 AND NOT EXISTS "
	"(SELECT FROM birth WHERE key_sha256 = $2 AND id <> $1)",
	3 };

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

static void
read_candidate(
    struct ctx *cx, const struct rows *r, int i, struct birth_candidate *c)
{
	c->birth_id = rows_int(r, i, 0);
	c->manufacturer_id = rows_text(cx, r, i, 1);
	c->manufacturer_name = rows_text(cx, r, i, 2);
	c->manufacturer_frozen = rows_bool(r, i, 3);
	c->anchor = rows_bytes(cx, r, i, 4);
	c->scope_spki_sha256 = rows_bytes(cx, r, i, 5);
	c->model_id = rows_text(cx, r, i, 6);
	c->model_name = rows_text(cx, r, i, 7);
	c->client_id = rows_text(cx, r, i, 8);
	c->profile = rows_text(cx, r, i, 9);
	c->policy = rows_text(cx, r, i, 10);
	c->support_until = rows_text(cx, r, i, 11);
	c->model_active = rows_bool(r, i, 12);
	c->serial = rows_text(cx, r, i, 13);
	c->key_sha256 = rows_bytes(cx, r, i, 14);
	c->pinned_key_sha256 = rows_bytes(cx, r, i, 15);
	c->batch = rows_text(cx, r, i, 16);
	c->made_at = rows_text(cx, r, i, 17);
	c->boot_test = rows_text(cx, r, i, 18);
	c->quarantined = rows_bool(r, i, 19);
	c->lost = rows_bool(r, i, 20);
	c->revoked = rows_bool(r, i, 21);
	c->decommissioned = rows_bool(r, i, 22);
	c->device_id = rows_text(cx, r, i, 23);
	c->labels = rows_text(cx, r, i, 24);
	c->dac_subject = rows_text(cx, r, i, 25);
	c->has_crls = rows_bool(r, i, 26);
}

const struct err *
birth_candidates(struct ctx *cx, const struct bytes *names, size_t nnames,
    const struct birth_names *unit, struct birth_candidate **out, size_t *n)
{
	struct bytes name[LIMIT_CHAIN] = { BYTES_NONE };
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	size_t i;

	must(nnames <= LIMIT_CHAIN);
	for (i = 0; i < nnames; i++)
		name[i] = names[i];
	e = DB_RUN(cx, &BIRTH_CANDIDATES, &r, DB_BYTES(name[0]),
	    DB_BYTES(name[1]), DB_BYTES(name[2]), DB_BYTES(name[3]),
	    DB_BYTES(name[4]), DB_TEXT(unit->serial), DB_SHA(unit->key_sha256),
	    DB_TEXT(unit->dac_subject), DB_INT(cx->now));
	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_candidate(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
birth_pin_key(struct ctx *cx, int64_t birth_id, const uint8_t key_sha256[32],
    bool *pinned)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BIRTH_PIN_KEY, &r, DB_INT(birth_id),
	    DB_SHA(key_sha256), DB_INT(cx->now));

	if (e != NULL)
		return e;
	*pinned = rows_affected(r) == 1;
	return NULL;
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
	&BIRTH_ADMIT, &BIRTH_OPEN_MODELS, &BIRTH_OPEN, &BIRTH_OF_KEY,
	&BIRTH_KEY_IS_TAKEN, &BIRTH_CLAIMS, NULL };
