#include "store/account.h"

#include "base/arena.h"
#include "base/mem.h"

static const struct stmt ACCOUNT_ADD = { "account_add",
	"INSERT INTO owner (id, name) VALUES ($1::uuid, $2)", 2 };

#define ACCOUNT                                                           \
	"SELECT id, name, extract(epoch FROM created_at)::bigint, "       \
	"extract(epoch FROM held_until)::bigint, "                        \
	"extract(epoch FROM recovered_at)::bigint, "                      \
	"coalesce(held_until > to_timestamp($2::bigint), false), "        \
	"(SELECT count(*) FROM passkey WHERE owner_id = owner.id), "      \
	"(SELECT count(*) FROM recovery_code WHERE owner_id = owner.id) " \
	"FROM owner WHERE id = $1::uuid AND disabled_at IS NULL AND "     \
	"erased_at IS NULL"

static const struct stmt ACCOUNT_GET = { "account_get", ACCOUNT, 2 };
static const struct stmt ACCOUNT_LOCK = { "account_lock", ACCOUNT " FOR UPDATE",
	2 };

/* A further code within the hold prolongs it and makes no passkey older: what
 * came with the first stays younger than the recovery (P4). */
static const struct stmt ACCOUNT_HOLD = { "account_hold",
	"UPDATE owner SET recovered_at = CASE WHEN held_until > "
	"to_timestamp($2::bigint) THEN recovered_at ELSE "
	"to_timestamp($2::bigint) END, held_until = to_timestamp($2::bigint + "
	"$3::bigint) "
	"WHERE id = $1::uuid",
	3 };

static const struct stmt ACCOUNT_ERASE = { "account_erase",
	"WITH o AS (UPDATE owner SET name = '', app_key = NULL, "
	"erased_at = now(), disabled_at = coalesce(disabled_at, now()) "
	"WHERE id = $1::uuid RETURNING id), "
	"p AS (DELETE FROM passkey USING o WHERE owner_id = o.id), "
	"s AS (DELETE FROM session USING o WHERE owner_id = o.id), "
	"m AS (DELETE FROM home_member USING o "
	"WHERE o.id IN (home_id, member_id)), "
	"i AS (DELETE FROM home_invitation USING o WHERE home_id = o.id) "
	"DELETE FROM recovery_code USING o WHERE owner_id = o.id",
	1 };

static const struct stmt PASSKEY_ADD = { "passkey_add",
	"INSERT INTO passkey (id, owner_id, credential_id, cose_key, "
	"sign_count, backup_eligible, backed_up, name) "
	"VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8)",
	8 };

#define PASSKEY                                                            \
	"SELECT id, owner_id, name, credential_id, cose_key, sign_count, " \
	"backup_eligible, backed_up, "                                     \
	"extract(epoch FROM created_at)::bigint, "                         \
	"extract(epoch FROM used_at)::bigint FROM passkey "

static const struct stmt PASSKEY_GET = { "passkey_get",
	PASSKEY "WHERE credential_id = $1", 1 };

static const struct stmt PASSKEY_LIST = { "passkey_list",
	PASSKEY "WHERE owner_id = $1::uuid ORDER BY created_at, id LIMIT $2",
	2 };

static const struct stmt PASSKEY_USED = { "passkey_used",
	"UPDATE passkey SET sign_count = $2, backup_eligible = $3, "
	"backed_up = $4, used_at = now() WHERE id = $1::uuid AND "
	"(sign_count < $2 OR $2 = 0)",
	4 };

static const struct stmt PASSKEY_REMOVE = { "passkey_remove",
	"DELETE FROM passkey WHERE owner_id = $1::uuid AND id = $2::uuid", 2 };

static const struct stmt RECOVERY_CLEAR = { "recovery_clear",
	"DELETE FROM recovery_code WHERE owner_id = $1::uuid", 1 };

static const struct stmt RECOVERY_ADD = { "recovery_add",
	"INSERT INTO recovery_code (mac, owner_id) VALUES ($1, $2::uuid)", 2 };

/* Of an account that is over, no code opens anything. */
static const struct stmt RECOVERY_TAKE = { "recovery_take",
	"DELETE FROM recovery_code c USING owner o WHERE c.mac = $1 AND "
	"o.id = c.owner_id AND o.disabled_at IS NULL AND "
	"o.erased_at IS NULL RETURNING c.owner_id",
	1 };

const struct err *
account_add(struct ctx *cx, const char *id, const char *name)
{
	return DB_RUN(cx, &ACCOUNT_ADD, NULL, DB_TEXT(id), DB_TEXT(name));
}

const struct err *
account_get(struct ctx *cx, const char *id, bool lock, struct account *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, lock ? &ACCOUNT_LOCK : &ACCOUNT_GET,
	    &r, DB_TEXT(id), DB_INT(cx->now));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no living account %s", id);
	out->id = rows_text(cx, r, 0, 0);
	out->name = rows_text(cx, r, 0, 1);
	out->created_at = rows_int(r, 0, 2);
	out->held_until = rows_int(r, 0, 3);
	out->recovered_at = rows_int(r, 0, 4);
	out->held = rows_bool(r, 0, 5);
	out->passkeys = rows_int(r, 0, 6);
	out->recovery_codes = rows_int(r, 0, 7);
	return NULL;
}

const struct err *
account_hold(struct ctx *cx, const char *id, int64_t seconds)
{
	return DB_RUN(cx, &ACCOUNT_HOLD, NULL, DB_TEXT(id), DB_INT(cx->now),
	    DB_INT(seconds));
}

const struct err *
account_erase(struct ctx *cx, const char *id)
{
	return DB_RUN(cx, &ACCOUNT_ERASE, NULL, DB_TEXT(id));
}

static void
read_passkey(struct ctx *cx, const struct rows *r, int i, struct passkey *p)
{
	p->id = rows_text(cx, r, i, 0);
	p->owner_id = rows_text(cx, r, i, 1);
	p->name = rows_text(cx, r, i, 2);
	p->credential_id = rows_bytes(cx, r, i, 3);
	p->cose_key = rows_bytes(cx, r, i, 4);
	p->sign_count = rows_int(r, i, 5);
	p->backup_eligible = rows_bool(r, i, 6);
	p->backed_up = rows_bool(r, i, 7);
	p->created_at = rows_int(r, i, 8);
	p->used_at = rows_int(r, i, 9);
}

const struct err *
passkey_add(struct ctx *cx, const struct passkey *in)
{
	return DB_RUN(cx, &PASSKEY_ADD, NULL, DB_TEXT(in->id),
	    DB_TEXT(in->owner_id), DB_BYTES(in->credential_id),
	    DB_BYTES(in->cose_key), DB_INT(in->sign_count),
	    DB_BOOL(in->backup_eligible), DB_BOOL(in->backed_up),
	    DB_TEXT(in->name));
}

const struct err *
passkey_get(struct ctx *cx, struct bytes credential_id, struct passkey *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &PASSKEY_GET, &r, DB_BYTES(credential_id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return fail(cx, &ERR_NOT_FOUND, "no passkey of that id");
	read_passkey(cx, r, 0, out);
	return NULL;
}

const struct err *
passkey_list(struct ctx *cx, const char *owner_id,
    struct passkey out[LIMIT_PASSKEYS], size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &PASSKEY_LIST, &r, DB_TEXT(owner_id), DB_INT(LIMIT_PASSKEYS));
	size_t i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	for (i = 0; i < *n; i++)
		read_passkey(cx, r, (int)i, &out[i]);
	return NULL;
}

const struct err *
passkey_used(struct ctx *cx, const struct passkey *now, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &PASSKEY_USED, &r, DB_TEXT(now->id),
	    DB_INT(now->sign_count), DB_BOOL(now->backup_eligible),
	    DB_BOOL(now->backed_up));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
passkey_remove(struct ctx *cx, const char *owner_id, const char *id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &PASSKEY_REMOVE, &r, DB_TEXT(owner_id), DB_TEXT(id));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
recovery_replace(
    struct ctx *cx, const char *owner_id, const uint8_t (*macs)[32], size_t n)
{
	const struct err *e =
	    DB_RUN(cx, &RECOVERY_CLEAR, NULL, DB_TEXT(owner_id));
	size_t i;

	for (i = 0; i < n && e == NULL; i++)
		e = DB_RUN(cx, &RECOVERY_ADD, NULL, DB_SHA(macs[i]),
		    DB_TEXT(owner_id));
	return e;
}

const struct err *
recovery_take(struct ctx *cx, const uint8_t mac[32], const char **owner_id)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &RECOVERY_TAKE, &r, DB_SHA(mac));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*owner_id = rows_text(cx, r, 0, 0);
	return NULL;
}

const struct stmt *const account_stmts[] = { &ACCOUNT_ADD, &ACCOUNT_GET,
	&ACCOUNT_LOCK, &ACCOUNT_HOLD, &ACCOUNT_ERASE, &PASSKEY_ADD,
	&PASSKEY_GET, &PASSKEY_LIST, &PASSKEY_USED, &PASSKEY_REMOVE,
	&RECOVERY_CLEAR, &RECOVERY_ADD, &RECOVERY_TAKE, NULL };
