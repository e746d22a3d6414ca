#include "store/registry.h"

#include "base/arena.h"
#include "base/limits.h"

static const struct stmt MANUFACTURER_PUT = { "manufacturer_put",
	"INSERT INTO manufacturer AS m (id, name, frozen) "
	"VALUES ($1, $2, coalesce($3::boolean, false)) "
	"ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
	"frozen = coalesce($3::boolean, m.frozen) "
	"WHERE (m.name, m.frozen) IS DISTINCT FROM "
	"(excluded.name, coalesce($3::boolean, m.frozen)) RETURNING xmax = 0",
	3 };

static const struct stmt MANUFACTURER_FROZEN = { "manufacturer_frozen",
	"SELECT frozen FROM manufacturer WHERE id = $1 FOR UPDATE", 1 };

#define MANUFACTURER_COLUMNS \
	"id, name, frozen, extract(epoch FROM created_at)::bigint "

static const struct stmt MANUFACTURER_GET = { "manufacturer_get",
	"SELECT " MANUFACTURER_COLUMNS "FROM manufacturer WHERE id = $1", 1 };

static const struct stmt MANUFACTURER_LIST = { "manufacturer_list",
	"SELECT " MANUFACTURER_COLUMNS "FROM manufacturer "
	"WHERE $1::text IS NULL OR id > $1 ORDER BY id LIMIT $2",
	2 };

/* What the row that an upsert returned, or did not, says of the change. */
static void
read_put(const struct rows *r, bool *created, bool *changed)
{
	*changed = rows_count(r) == 1;
	*created = *changed && rows_bool(r, 0, 0);
}

const struct err *
manufacturer_put(struct ctx *cx, const struct manufacturer_put *m,
    bool *created, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &MANUFACTURER_PUT, &r, DB_TEXT(m->id),
	    DB_TEXT(m->name), DB_TEXT(m->frozen));

	if (e != NULL)
		return e;
	read_put(r, created, changed);
	return NULL;
}

const struct err *
manufacturer_is_frozen(struct ctx *cx, const char *id, bool *yes)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &MANUFACTURER_FROZEN, &r, DB_TEXT(id));

	if (e == NULL)
		*yes = rows_count(r) == 1 && rows_bool(r, 0, 0);
	return e;
}

static void
read_manufacturer(
    struct ctx *cx, const struct rows *r, int i, struct manufacturer *m)
{
	m->id = rows_text(cx, r, i, 0);
	m->name = rows_text(cx, r, i, 1);
	m->frozen = rows_bool(r, i, 2);
	m->created_at = rows_int(r, i, 3);
}

const struct err *
manufacturer_get(struct ctx *cx, const char *id, struct manufacturer *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &MANUFACTURER_GET, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no manufacturer %s", id);
	read_manufacturer(cx, r, 0, out);
	return NULL;
}

const struct err *
manufacturer_list(struct ctx *cx, const char *after, int64_t limit,
    struct manufacturer **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &MANUFACTURER_LIST, &r, DB_TEXT(after), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_manufacturer(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

/* The number is ours alone: advisory locks of one transaction. */
static const struct stmt ANCHOR_LOCK = { "anchor_lock",
	"SELECT pg_advisory_xact_lock(7305, 1)", 0 };

#define ANCHOR_COLUMNS                                            \
	"id, manufacturer_id, subject, certificate, sha256, "     \
	"subject_sha256, spki_sha256, intermediate_spki_sha256, " \
	"extract(epoch FROM not_after)::bigint, "                 \
	"extract(epoch FROM created_at)::bigint, "                \
	"kind, key_id, vendor_id, "                               \
	"extract(epoch FROM valid_from)::bigint, "                \
	"extract(epoch FROM valid_until)::bigint, in_hardware "

static const struct stmt ANCHOR_FIND = { "anchor_find",
	"SELECT " ANCHOR_COLUMNS "FROM anchor WHERE manufacturer_id = $1 AND "
	"sha256 = $2 AND intermediate_spki_sha256 IS NOT DISTINCT FROM $3 "
	"AND coalesce(vendor_id, 0) = $4",
	4 };

/* Two anchors accept the same chains when they have the same key and either
 * has no scope or both have the same, or when the CA that one is narrowed to
 * is the other's anchor; unless each has a vendor id of its own. */
static const struct stmt ANCHOR_OVERLAP = { "anchor_overlap",
	"SELECT manufacturer_id FROM anchor WHERE manufacturer_id <> $1 AND "
	"($4 = 0 OR coalesce(vendor_id, $4) = $4) AND ((spki_sha256 = $2 AND "
	"(intermediate_spki_sha256 IS NULL OR "
	"$3::bytea IS NULL)) OR coalesce(intermediate_spki_sha256, "
	"spki_sha256) = coalesce($3::bytea, $2)) LIMIT 1",
	4 };

static const struct stmt ANCHOR_ADD = { "anchor_add",
	"INSERT INTO anchor (id, manufacturer_id, certificate, sha256, "
	"subject_sha256, spki_sha256, intermediate_spki_sha256, subject, "
	"not_after, kind, key_id, vendor_id, valid_from, valid_until, "
	"in_hardware) "
	"VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, "
	"to_timestamp($9::bigint), $10, $11, nullif($12::int, 0), "
	"to_timestamp(nullif($13::bigint, 0)), "
	"to_timestamp(nullif($14::bigint, 0)), $15::boolean)",
	15 };

static const struct stmt ANCHOR_LIST = { "anchor_list",
	"SELECT " ANCHOR_COLUMNS "FROM anchor WHERE manufacturer_id = $1 "
	"ORDER BY created_at, id",
	1 };

static const struct stmt ANCHOR_DELETE = { "anchor_delete",
	"DELETE FROM anchor WHERE manufacturer_id = $1 AND id = $2::uuid", 2 };

const struct err *
anchor_lock(struct ctx *cx)
{
	return db_run(cx, &ANCHOR_LOCK, NULL, 0, NULL);
}

static void
read_anchor(struct ctx *cx, const struct rows *r, int i, struct anchor *a)
{
	a->id = rows_text(cx, r, i, 0);
	a->manufacturer_id = rows_text(cx, r, i, 1);
	a->subject = rows_text(cx, r, i, 2);
	a->certificate = rows_bytes(cx, r, i, 3);
	rows_sha(cx, r, i, 4, a->sha256);
	a->subject_sha256 = rows_bytes(cx, r, i, 5);
	rows_sha(cx, r, i, 6, a->spki_sha256);
	a->intermediate_spki_sha256 = rows_bytes(cx, r, i, 7);
	a->not_after = rows_int(r, i, 8);
	a->created_at = rows_int(r, i, 9);
	a->kind = rows_text(cx, r, i, 10);
	a->key_id = rows_bytes(cx, r, i, 11);
	a->vendor_id = rows_int(r, i, 12);
	a->valid_from = rows_int(r, i, 13);
	a->valid_until = rows_int(r, i, 14);
	a->in_hardware = rows_bool(r, i, 15);
}

const struct err *
anchor_find(
    struct ctx *cx, const struct anchor *like, bool *found, struct anchor *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &ANCHOR_FIND, &r,
	    DB_TEXT(like->manufacturer_id), DB_SHA(like->sha256),
	    DB_BYTES(like->intermediate_spki_sha256), DB_INT(like->vendor_id));

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_anchor(cx, r, 0, out);
	return NULL;
}

const struct err *
anchor_overlap(
    struct ctx *cx, const struct anchor *a, const char **manufacturer_id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &ANCHOR_OVERLAP, &r,
	    DB_TEXT(a->manufacturer_id), DB_SHA(a->spki_sha256),
	    DB_BYTES(a->intermediate_spki_sha256), DB_INT(a->vendor_id));

	if (e != NULL)
		return e;
	*manufacturer_id = rows_count(r) > 0 ? rows_text(cx, r, 0, 0) : NULL;
	return NULL;
}

const struct err *
anchor_add(struct ctx *cx, const struct anchor *a)
{
	return DB_RUN(cx, &ANCHOR_ADD, NULL, DB_TEXT(a->id),
	    DB_TEXT(a->manufacturer_id), DB_BYTES(a->certificate),
	    DB_SHA(a->sha256), DB_BYTES(a->subject_sha256),
	    DB_SHA(a->spki_sha256), DB_BYTES(a->intermediate_spki_sha256),
	    DB_TEXT(a->subject), DB_INT(a->not_after), DB_TEXT(a->kind),
	    DB_BYTES(a->key_id), DB_INT(a->vendor_id), DB_INT(a->valid_from),
	    DB_INT(a->valid_until), DB_TEXT(a->in_hardware ? "t" : "f"));
}

const struct err *
anchor_list(
    struct ctx *cx, const char *manufacturer_id, struct anchor **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &ANCHOR_LIST, &r, DB_TEXT(manufacturer_id));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_anchor(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
anchor_delete(struct ctx *cx, const char *manufacturer_id, const char *id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &ANCHOR_DELETE, &r, DB_TEXT(manufacturer_id), DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_affected(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "%s has no anchor %s",
		    manufacturer_id, id);
	return NULL;
}

static const struct stmt MODEL_PUT = { "model_put",
	"INSERT INTO model AS m (id, manufacturer_id, name, client_id, status, "
	"profile, support_until, contact_updates, "
	"contact_vulnerabilities, labels) VALUES ($1, $2, $3, $4, $5, $6, "
	"$7::date, $8, $9, string_to_array($10, ' ')) "
	"ON CONFLICT (id) DO UPDATE SET "
	"name = excluded.name, client_id = excluded.client_id, "
	"status = excluded.status, profile = excluded.profile, "
	"support_until = excluded.support_until, "
	"contact_updates = excluded.contact_updates, "
	"contact_vulnerabilities = excluded.contact_vulnerabilities, "
	"labels = excluded.labels "
	"WHERE (m.name, m.client_id, m.status, m.profile, "
	"m.support_until, m.contact_updates, m.contact_vulnerabilities, "
	"m.labels) "
	"IS DISTINCT FROM (excluded.name, excluded.client_id, "
	"excluded.status, excluded.profile, "
	"excluded.support_until, excluded.contact_updates, "
	"excluded.contact_vulnerabilities, excluded.labels) "
	/* What csrattrs of its labels say may change with it. */
	"RETURNING xmax = 0, pg_notify('latchkey_label', m.profile)",
	10 };

#define MODEL_COLUMNS(policy)                                               \
	"id, manufacturer_id, name, client_id, status, profile, " policy    \
	"::text, support_until::text, contact_updates, "                    \
	"contact_vulnerabilities, extract(epoch FROM created_at)::bigint, " \
	"array_to_string(labels, ' '), policy_version "                     \
	"FROM model m "

static const struct stmt MODEL_GET = { "model_get",
	"SELECT " MODEL_COLUMNS("(SELECT policy FROM model_policy WHERE "
				"model_id = m.id AND "
				"version = m.policy_version)") "WHERE id = $1",
	1 };

/* The latter part of a policy is too long for a list. */
static const struct stmt MODEL_LIST = { "model_list",
	"SELECT " MODEL_COLUMNS(
	    "policy") "WHERE $1::text IS NULL OR id > $1 ORDER BY id LIMIT $2",
	2 };

/* Labels hold no spaces, so a list of them travels as one text. */
static const char *
join(struct ctx *cx, const struct model *m)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < m->n_labels; i++)
		text = arena_printf(
		    cx->arena, "%s%s%s", text, i == 0 ? "" : " ", m->labels[i]);
	return text;
}

static void
split(struct ctx *cx, const char *text, struct model *m)
{
	const char *p, *end;

	m->labels =
	    arena_alloc(cx->arena, LIMIT_MODEL_LABELS * sizeof(*m->labels));
	m->n_labels = 0;
	for (p = text; *p != '\0' && m->n_labels < LIMIT_MODEL_LABELS;
	     p = end + strspn(end, " ")) {
		end = strchrnul(p, ' ');
		m->labels[m->n_labels++] =
		    arena_printf(cx->arena, "%.*s", (int)(end - p), p);
	}
}

const struct err *
model_put(struct ctx *cx, const struct model *m, bool *created, bool *changed)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &MODEL_PUT, &r, DB_TEXT(m->id),
	    DB_TEXT(m->manufacturer_id), DB_TEXT(m->name),
	    DB_TEXT(m->client_id), DB_TEXT(m->status), DB_TEXT(m->profile),
	    DB_TEXT(m->support_until), DB_TEXT(m->contact_updates),
	    DB_TEXT(m->contact_vulnerabilities), DB_TEXT(join(cx, m)));

	if (e != NULL)
		return e;
	read_put(r, created, changed);
	return NULL;
}

static void
read_model(struct ctx *cx, const struct rows *r, int i, struct model *m)
{
	m->id = rows_text(cx, r, i, 0);
	m->manufacturer_id = rows_text(cx, r, i, 1);
	m->name = rows_text(cx, r, i, 2);
	m->client_id = rows_text(cx, r, i, 3);
	m->status = rows_text(cx, r, i, 4);
	m->profile = rows_text(cx, r, i, 5);
	m->policy = rows_text(cx, r, i, 6);
	m->support_until = rows_text(cx, r, i, 7);
	m->contact_updates = rows_text(cx, r, i, 8);
	m->contact_vulnerabilities = rows_text(cx, r, i, 9);
	m->created_at = rows_int(r, i, 10);
	split(cx, rows_text(cx, r, i, 11), m);
	m->policy_version = rows_int(r, i, 12);
}

const struct err *
model_find(struct ctx *cx, const char *id, bool *found, struct model *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &MODEL_GET, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_model(cx, r, 0, out);
	return NULL;
}

const struct err *
model_list(struct ctx *cx, const char *after, int64_t limit, struct model **out,
    size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &MODEL_LIST, &r, DB_TEXT(after), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_model(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct stmt *const registry_stmts[] = { &MANUFACTURER_PUT,
	&MANUFACTURER_FROZEN, &MANUFACTURER_GET, &MANUFACTURER_LIST,
	&ANCHOR_LOCK, &ANCHOR_FIND, &ANCHOR_OVERLAP, &ANCHOR_ADD, &ANCHOR_LIST,
	&ANCHOR_DELETE, &MODEL_PUT, &MODEL_GET, &MODEL_LIST, NULL };
