#include "store/unit.h"

#define COLUMNS                                                          \
	"SELECT coalesce(b.id, 0), m.id, m.name, mo.id, mo.name, "       \
	"mo.client_id, mo.profile, array_to_string(mo.labels, ' '), "    \
	"mo.policy::text, mo.support_until::text, "                      \
	"mo.status = 'active', m.frozen, b.pinned_at IS NOT NULL, "      \
	"b.serial, b.batch, to_char(b.made_at, 'YYYY-MM-DD'), "          \
	"b.boot_test, b.quarantined_at IS NOT NULL, "                    \
	"b.lost_at IS NOT NULL, b.revoked_at IS NOT NULL, "              \
	"b.decommissioned_at IS NOT NULL, (SELECT id FROM device WHERE " \
	"birth_id = b.id AND state = 'owned') FROM model mo "            \
	"JOIN manufacturer m ON m.id = mo.manufacturer_id "

static const struct stmt UNIT_GET = { "unit_get",
	COLUMNS "JOIN birth b ON b.model_id = mo.id WHERE b.id = $1", 1 };

static const struct stmt UNIT_MODEL = { "unit_model",
	COLUMNS "LEFT JOIN birth b ON false WHERE mo.client_id = $1", 1 };

static const struct stmt UNIT_OF_TOKEN = { "unit_of_token",
	COLUMNS "JOIN birth b ON b.model_id = mo.id WHERE b.id = "
		"(SELECT birth_id FROM approval WHERE token_mac = $1 AND "
		"kind = 'device_code' AND birth_cert_sha256 IS NULL AND "
		"token_expires_at > to_timestamp($2::bigint))",
	2 };

/* An index for each name. */
static const struct stmt UNIT_NAMED = { "unit_named",
	"SELECT b.id FROM model mo JOIN LATERAL ("
	"SELECT id, model_id FROM birth WHERE "
	"manufacturer_id = mo.manufacturer_id AND serial = $2 UNION "
	"SELECT id, model_id FROM birth WHERE "
	"manufacturer_id = mo.manufacturer_id AND dac_subject = $3 UNION "
	"SELECT id, model_id FROM birth WHERE key_sha256 = $4 UNION "
	"SELECT id, model_id FROM birth WHERE ueid = $5 UNION "
	"SELECT id, model_id FROM birth WHERE ek_sha256 = $6) b "
	"ON b.model_id = mo.id WHERE mo.id = $1 LIMIT 2",
	6 };

static const struct stmt UNIT_CAME = { "unit_came",
	"UPDATE birth SET pinned_at = to_timestamp($2::bigint) "
	"WHERE id = $1 AND pinned_at IS NULL",
	2 };

static ERR_FN
read_one(struct ctx *cx, const struct rows *r, struct unit_row *u)
{
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	u->birth_id = rows_int(r, 0, 0);
	u->manufacturer_id = rows_text(cx, r, 0, 1);
	u->manufacturer_name = rows_text(cx, r, 0, 2);
	u->model_id = rows_text(cx, r, 0, 3);
	u->model_name = rows_text(cx, r, 0, 4);
	u->client_id = rows_text(cx, r, 0, 5);
	u->profile = rows_text(cx, r, 0, 6);
	u->labels = rows_text(cx, r, 0, 7);
	u->policy = rows_text(cx, r, 0, 8);
	u->support_until = rows_text(cx, r, 0, 9);
	u->model_active = rows_bool(r, 0, 10);
	u->manufacturer_frozen = rows_bool(r, 0, 11);
	u->came = rows_bool(r, 0, 12);
	u->serial = rows_text(cx, r, 0, 13);
	u->batch = rows_text(cx, r, 0, 14);
	u->made_at = rows_text(cx, r, 0, 15);
	u->boot_test = rows_text(cx, r, 0, 16);
	u->quarantined = rows_bool(r, 0, 17);
	u->lost = rows_bool(r, 0, 18);
	u->revoked = rows_bool(r, 0, 19);
	u->decommissioned = rows_bool(r, 0, 20);
	u->device_id = rows_text(cx, r, 0, 21);
	return NULL;
}

const struct err *
unit_get(struct ctx *cx, int64_t birth_id, struct unit_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &UNIT_GET, &r, DB_INT(birth_id));

	return e != NULL ? e : read_one(cx, r, out);
}

const struct err *
unit_model(struct ctx *cx, const char *client_id, struct unit_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &UNIT_MODEL, &r, DB_TEXT(client_id));

	return e != NULL ? e : read_one(cx, r, out);
}

const struct err *
unit_of_token(struct ctx *cx, const uint8_t token_mac[32], struct unit_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &UNIT_OF_TOKEN, &r, DB_SHA(token_mac), DB_INT(cx->now));

	return e != NULL ? e : read_one(cx, r, out);
}

const struct err *
unit_named(struct ctx *cx, const char *model_id, const struct unit_names *names,
    int64_t out[2], size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &UNIT_NAMED, &r, DB_TEXT(model_id),
	    DB_TEXT(names->serial), DB_TEXT(names->dac_subject),
	    DB_BYTES(names->key_sha256), DB_BYTES(names->ueid),
	    DB_BYTES(names->ek_sha256));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	for (i = 0; i < *n; i++)
		out[i] = rows_int(r, (int)i, 0);
	return NULL;
}

const struct err *
unit_came(struct ctx *cx, int64_t birth_id, bool *first)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &UNIT_CAME, &r, DB_INT(birth_id), DB_INT(cx->now));

	if (e == NULL)
		*first = rows_affected(r) == 1;
	return e;
}

const struct stmt *const unit_stmts[] = { &UNIT_GET, &UNIT_MODEL,
	&UNIT_OF_TOKEN, &UNIT_NAMED, &UNIT_CAME, NULL };
