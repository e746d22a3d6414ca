#include "store/service.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

/* Topics hold no control characters, so lists of them travel as lines. */
#define SERVICE_COLUMNS                                                     \
	"name, array_to_string(publish, E'\\n'), "                          \
	"array_to_string(subscribe, E'\\n'), "                              \
	"array_to_string(ra_labels, E'\\n'), "                              \
	"extract(epoch FROM created_at)::bigint, withdrawn_at IS NOT NULL " \
	"FROM service "

static const struct stmt SERVICE_LOCK = { "service_lock",
	"SELECT " SERVICE_COLUMNS "WHERE name = $1 FOR UPDATE", 1 };

static const struct stmt SERVICE_PUT = { "service_put",
	"INSERT INTO service (name, publish, subscribe, ra_labels) "
	"VALUES ($1, string_to_array($2, E'\\n'), "
	"string_to_array($3, E'\\n'), string_to_array($4, E'\\n')) "
	"ON CONFLICT (name) DO UPDATE SET publish = excluded.publish, "
	"subscribe = excluded.subscribe, ra_labels = excluded.ra_labels",
	4 };

static const struct stmt SERVICE_WITHDRAW = { "service_withdraw",
	"UPDATE service SET withdrawn_at = now() WHERE name = $1 AND "
	"withdrawn_at IS NULL",
	1 };

static const struct stmt SERVICE_LIST = { "service_list",
	"SELECT " SERVICE_COLUMNS "WHERE $1::text IS NULL OR name > $1 "
	"ORDER BY name LIMIT $2",
	2 };

static const struct stmt SERVICE_CERT_ADD = { "service_certificate_add",
	"INSERT INTO service_certificate (serial, service_name, not_before, "
	"not_after, key_sha256, der) VALUES ($1, $2, to_timestamp($3::bigint), "
	"to_timestamp($4::bigint), $5, $6)",
	6 };

static const struct stmt SERVICE_CERT_LIST = { "service_certificate_list",
	"SELECT serial, extract(epoch FROM not_after)::bigint "
	"FROM service_certificate WHERE service_name = $1 AND "
	"not_after > now()",
	1 };

static const struct stmt SERVICE_BY_CERT = { "service_by_certificate",
	"SELECT s.name, sha256(c.der), array_to_string(s.ra_labels, E'\\n'), "
	"s.withdrawn_at IS NOT NULL FROM service_certificate c "
	"JOIN service s ON s.name = c.service_name WHERE c.serial = $1",
	1 };

static struct topics
split(struct ctx *cx, const char *text)
{
	struct topics t = { NULL, 0 };
	const char *p, *end;

	if (*text == '\0')
		return t;
	t.v = arena_alloc(cx->arena, LIMIT_TOPICS * sizeof(*t.v));
	for (p = text; t.n < LIMIT_TOPICS; p = end + 1) {
		end = strchrnul(p, '\n');
		t.v[t.n++] = arena_printf(cx->arena, "%.*s", (int)(end - p), p);
		if (*end == '\0')
			break;
	}
	return t;
}

static const char *
join(struct ctx *cx, const struct topics *t)
{
	struct bytes text;
	struct buf b;
	size_t i;

	buf_init(&b, cx->arena, LIMIT_TOPICS * (LIMIT_TOPIC + 1) + 1);
	for (i = 0; i < t->n; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : "\n", t->v[i]);
	must(buf_bytes(&b, &text));
	return bytes_to_str(cx->arena, text);
}

static void
read_service(struct ctx *cx, const struct rows *r, int i, struct service *s)
{
	s->name = rows_text(cx, r, i, 0);
	s->publish = split(cx, rows_text(cx, r, i, 1));
	s->subscribe = split(cx, rows_text(cx, r, i, 2));
	s->ra_labels = split(cx, rows_text(cx, r, i, 3));
	s->created_at = rows_int(r, i, 4);
	s->withdrawn = rows_bool(r, i, 5);
}

const struct err *
service_lock(struct ctx *cx, const char *name, bool *found, struct service *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SERVICE_LOCK, &r, DB_TEXT(name));

	if (e != NULL)
		return e;
	*found = rows_count(r) > 0;
	if (*found)
		read_service(cx, r, 0, out);
	return NULL;
}

const struct err *
service_put(struct ctx *cx, const struct service *s)
{
	return DB_RUN(cx, &SERVICE_PUT, NULL, DB_TEXT(s->name),
	    DB_TEXT(join(cx, &s->publish)), DB_TEXT(join(cx, &s->subscribe)),
	    DB_TEXT(join(cx, &s->ra_labels)));
}

const struct err *
service_withdraw(struct ctx *cx, const char *name)
{
	return DB_RUN(cx, &SERVICE_WITHDRAW, NULL, DB_TEXT(name));
}

const struct err *
service_list(struct ctx *cx, const char *after, int64_t limit,
    struct service **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &SERVICE_LIST, &r, DB_TEXT(after), DB_INT(limit));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_service(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

const struct err *
service_certificate_add(struct ctx *cx, const struct service_certificate *c)
{
	return DB_RUN(cx, &SERVICE_CERT_ADD, NULL, DB_BYTES(c->serial),
	    DB_TEXT(c->service_name), DB_INT(c->not_before),
	    DB_INT(c->not_after), DB_SHA(c->key_sha256), DB_BYTES(c->der));
}

const struct err *
service_certificate_list(struct ctx *cx, const char *name,
    struct service_certificate **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &SERVICE_CERT_LIST, &r, DB_TEXT(name));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++) {
		(*out)[i].service_name = name;
		(*out)[i].serial = rows_bytes(cx, r, (int)i, 0);
		(*out)[i].not_after = rows_int(r, (int)i, 1);
	}
	return NULL;
}

const struct err *
service_by_certificate(
    struct ctx *cx, struct bytes serial, struct service_holder *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &SERVICE_BY_CERT, &r, DB_BYTES(serial));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	out->name = rows_text(cx, r, 0, 0);
	rows_sha(cx, r, 0, 1, out->der_sha256);
	out->ra_labels = split(cx, rows_text(cx, r, 0, 2));
	out->withdrawn = rows_bool(r, 0, 3);
	return NULL;
}

const struct stmt *const service_stmts[] = { &SERVICE_LOCK, &SERVICE_PUT,
	&SERVICE_WITHDRAW, &SERVICE_LIST, &SERVICE_CERT_ADD, &SERVICE_CERT_LIST,
	&SERVICE_BY_CERT, NULL };
