#include "store/crl.h"

#include "base/arena.h"
#include "base/limits.h"
#include "store/column.h"

static const struct stmt CRL_LOCK = { "crl_lock",
	"SELECT FROM manufacturer WHERE id = $1 FOR NO KEY UPDATE", 1 };

#define CRL_COLUMNS                                      \
	"id, manufacturer_id, issuer, issuer_sha256, "   \
	"point_sha256, sha256, entries, "                \
	"extract(epoch FROM this_update)::bigint, "      \
	"extract(epoch FROM next_update)::bigint, url, " \
	"extract(epoch FROM created_at)::bigint, head IS NOT NULL FROM crl "

static const struct stmt CRL_FIND = { "crl_find",
	"SELECT " CRL_COLUMNS "WHERE manufacturer_id = $1 AND "
	"issuer_sha256 = $2 AND point_sha256 = $3",
	3 };

static const struct stmt CRL_FORGET = { "crl_forget",
	"DELETE FROM crl WHERE manufacturer_id = $1 AND issuer_sha256 = $2 AND "
	"point_sha256 = $3",
	3 };

static const struct stmt CRL_ADD = { "crl_add",
	"INSERT INTO crl (id, manufacturer_id, issuer, issuer_sha256, "
	"point_sha256, sha256, der, entries, this_update, next_update, url, "
	"head, ca_sha256, ca_spki_sha256) "
	"VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, "
	"to_timestamp($9::bigint), to_timestamp(nullif($10::bigint, 0)), $11, "
	"$12, $13, $14)",
	14 };

static const struct stmt CRL_ADD_ENTRIES = { "crl_add_entries",
	"INSERT INTO crl_entry (crl_id, issuer_sha256, serial) "
	"SELECT $1::uuid, * FROM unnest($2::bytea[], $3::bytea[])",
	3 };

static const struct stmt CRL_LIST = { "crl_list",
	"SELECT " CRL_COLUMNS "WHERE manufacturer_id = $1 "
	"ORDER BY created_at, id",
	1 };

static const struct stmt CRL_DELETE = { "crl_delete",
	"DELETE FROM crl WHERE manufacturer_id = $1 AND id = $2::uuid", 2 };

static const struct stmt CRL_HEADS = { "crl_heads",
	"SELECT head, ca_sha256, ca_spki_sha256 FROM crl "
	"WHERE manufacturer_id = $1 AND head IS NOT NULL LIMIT $2",
	2 };

static const struct stmt CRL_FIRST_LISTED = { "crl_first_listed",
	"SELECT encode(e.serial, 'hex') "
	"FROM unnest($2::bytea[], $3::bytea[]) AS q (issuer, serial) "
	"JOIN crl_entry e ON e.serial = q.serial AND "
	"e.issuer_sha256 = q.issuer "
	"JOIN crl c ON c.id = e.crl_id AND c.manufacturer_id = $1 LIMIT 1",
	3 };

const struct err *
crl_lock(struct ctx *cx, const char *manufacturer_id)
{
	return DB_RUN(cx, &CRL_LOCK, NULL, DB_TEXT(manufacturer_id));
}

static void
read_crl(struct ctx *cx, const struct rows *r, int i, struct crl_row *c)
{
	*c = (struct crl_row){
		.id = rows_text(cx, r, i, 0),
		.manufacturer_id = rows_text(cx, r, i, 1),
		.issuer = rows_text(cx, r, i, 2),
		.entries = rows_int(r, i, 6),
		.this_update = rows_int(r, i, 7),
		.next_update = rows_int(r, i, 8),
		.url = rows_text(cx, r, i, 9),
		.created_at = rows_int(r, i, 10),
		.has_head = rows_bool(r, i, 11),
	};
	rows_sha(cx, r, i, 3, c->issuer_sha256);
	rows_sha(cx, r, i, 4, c->point_sha256);
	rows_sha(cx, r, i, 5, c->sha256);
}

const struct err *
crl_find(
    struct ctx *cx, const struct crl_row *c, bool *found, struct crl_row *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CRL_FIND, &r, DB_TEXT(c->manufacturer_id),
		DB_SHA(c->issuer_sha256), DB_SHA(c->point_sha256));

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_crl(cx, r, 0, out);
	return NULL;
}

const struct err *
crl_put(struct ctx *cx, const struct crl_row *c)
{
	const struct err *e =
	    DB_RUN(cx, &CRL_FORGET, NULL, DB_TEXT(c->manufacturer_id),
		DB_SHA(c->issuer_sha256), DB_SHA(c->point_sha256));

	if (e != NULL)
		return e;
	return DB_RUN(cx, &CRL_ADD, NULL, DB_TEXT(c->id),
	    DB_TEXT(c->manufacturer_id), DB_TEXT(c->issuer),
	    DB_SHA(c->issuer_sha256), DB_SHA(c->point_sha256),
	    DB_SHA(c->sha256), DB_BYTES(c->der), DB_INT(c->entries),
	    DB_INT(c->this_update), DB_INT(c->next_update), DB_TEXT(c->url),
	    DB_BYTES(c->head), DB_SHA(c->ca_sha256), DB_SHA(c->ca_spki_sha256));
}

/* The names as two columns. */
static void
columns(struct ctx *cx, const struct crl_name *v, size_t n,
    struct column *issuer, struct column *serial)
{
	size_t i;

	column_init(cx, issuer, COLUMN_BYTES, n);
	column_init(cx, serial, COLUMN_BYTES, n);
	for (i = 0; i < n; i++) {
		column_bytes(issuer, BYTES_OF(v[i].issuer_sha256));
		column_bytes(serial, v[i].serial);
	}
}

const struct err *
crl_add_entries(
    struct ctx *cx, const char *id, const struct crl_name *v, size_t n)
{
	struct column issuer, serial;

	columns(cx, v, n, &issuer, &serial);
	return DB_RUN(cx, &CRL_ADD_ENTRIES, NULL, DB_TEXT(id),
	    DB_COLUMN(&issuer), DB_COLUMN(&serial));
}

const struct err *
crl_list(struct ctx *cx, const char *manufacturer_id, struct crl_row **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CRL_LIST, &r, DB_TEXT(manufacturer_id));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_crl(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
crl_delete(struct ctx *cx, const char *manufacturer_id, const char *id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &CRL_DELETE, &r, DB_TEXT(manufacturer_id), DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_affected(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "%s has no list %s",
		    manufacturer_id, id);
	return NULL;
}

const struct err *
crl_heads(struct ctx *cx, const char *manufacturer_id, struct crl_head **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &CRL_HEADS, &r,
	    DB_TEXT(manufacturer_id), DB_INT(LIMIT_MAKER_CRLS));
	struct crl_head *h;
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = h = arena_alloc(cx->arena, (*n + 1) * sizeof(*h));
	for (i = 0; i < rows_count(r); i++, h++) {
		h->der = rows_bytes(cx, r, i, 0);
		rows_sha(cx, r, i, 1, h->ca_sha256);
		rows_sha(cx, r, i, 2, h->ca_spki_sha256);
	}
	return NULL;
}

const struct err *
crl_first_listed(struct ctx *cx, const char *manufacturer_id,
    const struct crl_name *v, size_t n, const char **serial_hex)
{
	AUTO_STRUCT(rows) *r = NULL;
	struct column issuer, serial;
	const struct err *e;

	columns(cx, v, n, &issuer, &serial);
	e = DB_RUN(cx, &CRL_FIRST_LISTED, &r, DB_TEXT(manufacturer_id),
	    DB_COLUMN(&issuer), DB_COLUMN(&serial));
	if (e != NULL)
		return e;
	*serial_hex = rows_count(r) > 0 ? rows_text(cx, r, 0, 0) : NULL;
	return NULL;
}

static const struct stmt CRL_SUM_UP = { "crl_sum_up",
	"SELECT count(*) FILTER (WHERE coalesce(next_update > now(), true)), "
	"count(*) FILTER (WHERE next_update <= now()), "
	"(SELECT count(*) FROM crl_source), "
	"(SELECT count(*) FROM crl_source WHERE failure IS NOT NULL) FROM crl",
	0 };

const struct err *
crl_sum_up(struct ctx *cx, struct crl_sums *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &CRL_SUM_UP, NULL, 0, &r);

	if (e == NULL)
		*out = (struct crl_sums){ rows_int(r, 0, 0), rows_int(r, 0, 1),
			rows_int(r, 0, 2), rows_int(r, 0, 3) };
	return e;
}

const struct stmt *const crl_stmts[] = { &CRL_LOCK, &CRL_FIND, &CRL_FORGET,
	&CRL_ADD, &CRL_ADD_ENTRIES, &CRL_LIST, &CRL_DELETE, &CRL_HEADS,
	&CRL_SUM_UP, &CRL_FIRST_LISTED, NULL };
