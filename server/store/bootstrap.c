#include "store/bootstrap.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/column.h"

/* Listed or seen with more than a serial number (A12). */
#define PROVEN                                                            \
	"num_nonnulls(b.key_sha256, b.ueid, b.ek_sha256, b.dac_subject, " \
	"b.certificate_sha256, b.pinned_key_sha256, b.pinned_at) > 0 "

/* Serial numbers hold no control characters, so lists travel as lines. */
static const struct stmt BOOTSTRAP_UNITS = { "bootstrap_units",
	"SELECT b.id, b.serial, b.model_id, " PROVEN "FROM birth b WHERE "
	"b.manufacturer_id = $1 AND "
	"b.serial = ANY (string_to_array($2, E'\\n')) ORDER BY b.serial",
	2 };

static const struct stmt BOOTSTRAP_BATCH = { "bootstrap_batch",
	"SELECT b.id, b.serial, b.model_id, " PROVEN "FROM birth b WHERE "
	"b.manufacturer_id = $1 AND b.batch = $2 AND b.serial IS NOT NULL AND "
	"($3::text IS NULL OR b.serial > $3) ORDER BY b.serial LIMIT $4",
	4 };

/* Of two calls at once for one unit, the second waits here until it sees, and
 * withdraws, what the first one made.  A unique index would do as well, and
 * cost each enrollment that uses a token its heap-only update. */
static const struct stmt BOOTSTRAP_LOCK = { "bootstrap_lock",
	"SELECT FROM birth WHERE id = $1 FOR NO KEY UPDATE", 1 };

static const struct stmt BOOTSTRAP_REPLACE = { "bootstrap_replace",
	"UPDATE bootstrap_token SET withdrawn_at = now() WHERE birth_id = $1 "
	"AND used_at IS NULL AND withdrawn_at IS NULL",
	1 };

static const struct stmt BOOTSTRAP_ADD = { "bootstrap_add",
	"INSERT INTO bootstrap_token (id, mac, label, birth_id, "
	"admin_token_id, expires_at) VALUES ($1, $2, $3, $4, $5, "
	"to_timestamp($6::bigint))",
	6 };

static const struct stmt BOOTSTRAP_FIND = { "bootstrap_find",
	"SELECT t.mac, t.label, t.key_sha256, "
	"extract(epoch FROM t.expires_at)::bigint, t.used_at IS NOT NULL, "
	"t.withdrawn_at IS NOT NULL, " PROVEN ", b.id, m.id, m.name, "
	"m.frozen, mo.id, mo.name, mo.client_id, mo.profile, "
	"array_to_string(mo.labels, ' '), mo.policy::text, "
	"mo.support_until::text, mo.status = 'active', b.serial, b.batch, "
	"to_char(b.made_at, 'YYYY-MM-DD'), b.boot_test, "
	"b.quarantined_at IS NOT NULL, b.lost_at IS NOT NULL, "
	"b.revoked_at IS NOT NULL, b.decommissioned_at IS NOT NULL, "
	"(SELECT id FROM device WHERE birth_id = b.id AND state = 'owned') "
	"FROM unnest($1::text[]) WITH ORDINALITY AS i (id, n) "
	"LEFT JOIN bootstrap_token t ON t.id = i.id "
	"LEFT JOIN birth b ON b.id = t.birth_id "
	"LEFT JOIN manufacturer m ON m.id = b.manufacturer_id "
	"LEFT JOIN model mo ON mo.id = b.model_id ORDER BY i.n",
	1 };

static const struct stmt BOOTSTRAP_BIND = { "bootstrap_bind",
	"UPDATE bootstrap_token SET key_sha256 = $2 WHERE id = $1 AND "
	"coalesce(key_sha256, $2) = $2",
	2 };

static const struct stmt BOOTSTRAP_USE = { "bootstrap_use",
	"UPDATE bootstrap_token SET key_sha256 = $2, used_at = now() "
	"WHERE id = $1 AND coalesce(key_sha256, $2) = $2 AND used_at IS NULL "
	"AND withdrawn_at IS NULL AND expires_at > now()",
	2 };

static const struct stmt BOOTSTRAP_LIST = { "bootstrap_list",
	"SELECT t.id, t.label, b.manufacturer_id, b.serial, "
	"CASE WHEN t.used_at IS NOT NULL THEN 'used' "
	"WHEN t.withdrawn_at IS NOT NULL THEN 'withdrawn' "
	"WHEN t.expires_at <= now() THEN 'expired' ELSE 'open' END, "
	"extract(epoch FROM t.created_at)::bigint, "
	"extract(epoch FROM t.expires_at)::bigint, "
	"extract(epoch FROM t.used_at)::bigint FROM bootstrap_token t "
	"JOIN birth b ON b.id = t.birth_id WHERE "
	"($1::text IS NULL OR t.id > $1) AND "
	"($2::text IS NULL OR b.manufacturer_id = $2) AND "
	"($3::text IS NULL OR b.serial = $3) ORDER BY t.id LIMIT $4",
	4 };

static const struct stmt BOOTSTRAP_WITHDRAW = { "bootstrap_withdraw",
	"UPDATE bootstrap_token SET withdrawn_at = now() WHERE id = $1 AND "
	"used_at IS NULL AND withdrawn_at IS NULL",
	1 };

static const struct stmt BOOTSTRAP_EXISTS = { "bootstrap_exists",
	"SELECT FROM bootstrap_token WHERE id = $1", 1 };

static void
read_units(struct ctx *cx, const struct rows *r, struct bootstrap_unit **out,
    size_t *n)
{
	size_t i;

	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		(*out)[i] = (struct bootstrap_unit){
			.birth_id = rows_int(r, (int)i, 0),
			.serial = rows_text(cx, r, (int)i, 1),
			.model_id = rows_text(cx, r, (int)i, 2),
			.proven = rows_bool(r, (int)i, 3),
		};
}

const struct err *
bootstrap_units(struct ctx *cx, const char *manufacturer_id,
    const char *const *serials, size_t nserials, struct bootstrap_unit **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	struct bytes text;
	struct buf b;
	size_t i;

	buf_init(&b, cx->arena, nserials * (LIMIT_SERIAL + 1) + 1);
	for (i = 0; i < nserials; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : "\n", serials[i]);
	must(buf_bytes(&b, &text));
	e = DB_RUN(cx, &BOOTSTRAP_UNITS, &r, DB_TEXT(manufacturer_id),
	    DB_TEXT(bytes_to_str(cx->arena, text)));
	if (e == NULL)
		read_units(cx, r, out, n);
	return e;
}

const struct err *
bootstrap_batch(struct ctx *cx, const char *manufacturer_id, const char *batch,
    const char *after, int64_t limit, struct bootstrap_unit **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &BOOTSTRAP_BATCH, &r, DB_TEXT(manufacturer_id),
		DB_TEXT(batch), DB_TEXT(after), DB_INT(limit));

	if (e == NULL)
		read_units(cx, r, out, n);
	return e;
}

const struct err *
bootstrap_add(struct ctx *cx, const struct bootstrap_new *in)
{
	const struct err *e =
	    DB_RUN(cx, &BOOTSTRAP_LOCK, NULL, DB_INT(in->birth_id));

	if (e == NULL)
		e = DB_RUN(cx, &BOOTSTRAP_REPLACE, NULL, DB_INT(in->birth_id));
	if (e != NULL)
		return e;
	return DB_RUN(cx, &BOOTSTRAP_ADD, NULL, DB_TEXT(in->id),
	    DB_SHA(in->mac), DB_TEXT(in->label), DB_INT(in->birth_id),
	    DB_TEXT(in->admin_token_id), DB_INT(in->expires_at));
}

static void
read_found(
    struct ctx *cx, const struct rows *r, int i, struct bootstrap_found *f)
{
	rows_sha(cx, r, i, 0, f->mac);
	f->label = rows_text(cx, r, i, 1);
	f->key_sha256 = rows_bytes(cx, r, i, 2);
	f->expires_at = rows_int(r, i, 3);
	f->used = rows_bool(r, i, 4);
	f->withdrawn = rows_bool(r, i, 5);
	f->proven = rows_bool(r, i, 6);
	f->birth_id = rows_int(r, i, 7);
	f->manufacturer_id = rows_text(cx, r, i, 8);
	f->manufacturer_name = rows_text(cx, r, i, 9);
	f->manufacturer_frozen = rows_bool(r, i, 10);
	f->model_id = rows_text(cx, r, i, 11);
	f->model_name = rows_text(cx, r, i, 12);
	f->client_id = rows_text(cx, r, i, 13);
	f->profile = rows_text(cx, r, i, 14);
	f->labels = rows_text(cx, r, i, 15);
	f->policy = rows_text(cx, r, i, 16);
	f->support_until = rows_text(cx, r, i, 17);
	f->model_active = rows_bool(r, i, 18);
	f->serial = rows_text(cx, r, i, 19);
	f->batch = rows_text(cx, r, i, 20);
	f->made_at = rows_text(cx, r, i, 21);
	f->boot_test = rows_text(cx, r, i, 22);
	f->quarantined = rows_bool(r, i, 23);
	f->lost = rows_bool(r, i, 24);
	f->revoked = rows_bool(r, i, 25);
	f->decommissioned = rows_bool(r, i, 26);
	f->device_id = rows_text(cx, r, i, 27);
}

const struct err *
bootstrap_find(struct ctx *const *cx, const char *const *ids, size_t n,
    struct bootstrap_found *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e;
	struct column c;
	size_t i;

	column_init(cx[0], &c, COLUMN_TEXT, n);
	for (i = 0; i < n; i++)
		column_text(&c, ids[i]);
	e = DB_RUN(cx[0], &BOOTSTRAP_FIND, &r, DB_COLUMN(&c));
	if (e != NULL)
		return e;
	must((size_t)rows_count(r) == n);
	for (i = 0; i < n; i++) {
		out[i] = (struct bootstrap_found){ .found = false };
		out[i].found = !rows_null(r, (int)i, 0);
		if (out[i].found)
			read_found(cx[i], r, (int)i, &out[i]);
	}
	return NULL;
}

const struct err *
bootstrap_bind(
    struct ctx *cx, const char *id, const uint8_t key_sha256[32], bool *bound)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &BOOTSTRAP_BIND, &r, DB_TEXT(id), DB_SHA(key_sha256));

	if (e == NULL)
		*bound = rows_affected(r) == 1;
	return e;
}

const struct err *
bootstrap_use(
    struct ctx *cx, const char *id, const uint8_t key_sha256[32], bool *used)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &BOOTSTRAP_USE, &r, DB_TEXT(id), DB_SHA(key_sha256));

	if (e == NULL)
		*used = rows_affected(r) == 1;
	return e;
}

const struct err *
bootstrap_list(struct ctx *cx, const struct bootstrap_query *q,
    struct bootstrap_row **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BOOTSTRAP_LIST, &r, DB_TEXT(q->after),
	    DB_TEXT(q->manufacturer_id), DB_TEXT(q->serial), DB_INT(q->limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		(*out)[i] = (struct bootstrap_row){
			.id = rows_text(cx, r, (int)i, 0),
			.label = rows_text(cx, r, (int)i, 1),
			.manufacturer_id = rows_text(cx, r, (int)i, 2),
			.serial = rows_text(cx, r, (int)i, 3),
			.state = rows_text(cx, r, (int)i, 4),
			.created_at = rows_int(r, (int)i, 5),
			.expires_at = rows_int(r, (int)i, 6),
			.used_at = rows_int(r, (int)i, 7),
		};
	return NULL;
}

const struct err *
bootstrap_withdraw(struct ctx *cx, const char *id, bool *changed)
{
	AUTO_STRUCT(rows) *there = NULL;
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &BOOTSTRAP_WITHDRAW, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	*changed = rows_affected(r) == 1;
	if (*changed)
		return NULL;
	e = DB_RUN(cx, &BOOTSTRAP_EXISTS, &there, DB_TEXT(id));
	if (e == NULL && rows_count(there) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no bootstrap token %s", id);
	return e;
}

const struct stmt *const bootstrap_stmts[] = { &BOOTSTRAP_UNITS,
	&BOOTSTRAP_BATCH, &BOOTSTRAP_LOCK, &BOOTSTRAP_REPLACE, &BOOTSTRAP_ADD,
	&BOOTSTRAP_FIND, &BOOTSTRAP_BIND, &BOOTSTRAP_USE, &BOOTSTRAP_LIST,
	&BOOTSTRAP_WITHDRAW, &BOOTSTRAP_EXISTS, NULL };
