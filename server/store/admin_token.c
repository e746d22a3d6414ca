#include "store/admin_token.h"

#include "base/arena.h"
#include "base/text.h"

#define TOKEN_COLUMNS                                             \
	"id, name, array_to_string(scopes, ' '), mac, "           \
	"extract(epoch FROM created_at)::bigint, "                \
	"extract(epoch FROM expires_at)::bigint, "                \
	"coalesce(extract(epoch FROM withdrawn_at)::bigint, 0), " \
	"cert_sha256 "                                            \
	"FROM admin_token "

static const struct stmt TOKEN_GET = { "admin_token_get",
	"SELECT " TOKEN_COLUMNS "WHERE id = $1", 1 };

static const struct stmt TOKEN_LIST = { "admin_token_list",
	"SELECT " TOKEN_COLUMNS "ORDER BY created_at, id", 0 };

static const struct stmt TOKEN_ADD = { "admin_token_add",
	"WITH t AS (INSERT INTO admin_token (id, name, mac, scopes, "
	"expires_at, cert_sha256) VALUES ($1, $2, $3, "
	"string_to_array($4, ' '), to_timestamp($5::bigint), $7) "
	"RETURNING id) "
	"INSERT INTO event (kind, request_id, admin_token_id, detail) "
	"SELECT 'token.added', $6, id, $4 || "
	"coalesce(', bound to ' || encode($7, 'hex'), '') FROM t",
	7 };

static const struct stmt TOKEN_WITHDRAW = { "admin_token_withdraw",
	"WITH t AS (UPDATE admin_token SET withdrawn_at = now() "
	"WHERE id = $1 AND withdrawn_at IS NULL RETURNING id), "
	"ev AS (INSERT INTO event (kind, request_id, admin_token_id) "
	"SELECT 'token.withdrawn', $2, id FROM t), "
	"f AS (INSERT INTO revocation (kind, subject, reason) "
	"SELECT 'removed', 'token:' || id, 'withdrawn' FROM t) "
	"SELECT FROM admin_token WHERE id = $1",
	2 };

static void
read_token(struct ctx *cx, const struct rows *r, int i, struct admin_token *t)
{
	t->id = rows_text(cx, r, i, 0);
	t->name = rows_text(cx, r, i, 1);
	t->scopes = rows_text(cx, r, i, 2);
	rows_sha(cx, r, i, 3, t->mac);
	t->created_at = rows_int(r, i, 4);
	t->expires_at = rows_int(r, i, 5);
	t->withdrawn_at = rows_int(r, i, 6);
	t->cert_sha256 = rows_bytes(cx, r, i, 7);
}

const struct err *
admin_token_get(struct ctx *cx, const char *id, struct admin_token *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &TOKEN_GET, &r, DB_TEXT(id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no token %s", id);
	read_token(cx, r, 0, out);
	return NULL;
}

const struct err *
admin_token_add(struct ctx *cx, const struct admin_token *t)
{
	return DB_RUN(cx, &TOKEN_ADD, NULL, DB_TEXT(t->id), DB_TEXT(t->name),
	    DB_SHA(t->mac), DB_TEXT(t->scopes), DB_INT(t->expires_at),
	    DB_TEXT(cx->rid), DB_BYTES(t->cert_sha256));
}

const struct err *
admin_token_withdraw(struct ctx *cx, const char *id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &TOKEN_WITHDRAW, &r, DB_TEXT(id), DB_TEXT(cx->rid));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no token %s", id);
	return NULL;
}

const struct err *
admin_token_list(struct ctx *cx, struct admin_token **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = db_run(cx, &TOKEN_LIST, NULL, 0, &r);
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, *n * sizeof(**out));
	for (i = 0; i < *n; i++)
		read_token(cx, r, (int)i, &(*out)[i]);
	return NULL;
}

static const char *const SCOPES[] = { "metrics", "read", "registry", "revoke",
	"lift", "keys", "tokens" };

static bool
is_scope(struct bytes word)
{
	size_t i;

	for (i = 0; i < sizeof(SCOPES) / sizeof(SCOPES[0]); i++)
		if (bytes_eq(word, bytes_str(SCOPES[i])))
			return true;
	return false;
}

bool
admin_token_scopes_valid(const char *scopes)
{
	static const char maker[] = "manufacturer:";
	const char *p, *end;

	if (strncmp(scopes, maker, sizeof(maker) - 1) == 0)
		return text_is_slug(bytes_str(scopes + sizeof(maker) - 1));
	for (p = scopes;; p = end + 1) {
		end = strchrnul(p, ' ');
		if (!is_scope((struct bytes){
			(const uint8_t *)p, (size_t)(end - p) }))
			return false;
		if (*end == '\0')
			return true;
	}
}

const struct stmt *const admin_token_stmts[] = { &TOKEN_GET, NULL };
const struct stmt *const admin_token_tool_stmts[] = { &TOKEN_ADD,
	&TOKEN_WITHDRAW, &TOKEN_LIST, NULL };
