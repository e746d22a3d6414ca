#include "store/transfer.h"

/* The unit's index narrows it to a few. */
static const struct stmt TRANSFER_FACTS = { "transfer_facts",
	"SELECT a.facts, extract(epoch FROM a.decided_at)::bigint "
	"FROM device d JOIN approval a ON a.birth_id = d.birth_id AND "
	"a.device_id = d.id AND a.state = 'consumed' WHERE d.id = $1::uuid "
	"ORDER BY a.decided_at DESC LIMIT 1",
	1 };

static const struct stmt TRANSFER_WITHDRAW = { "transfer_withdraw",
	"UPDATE transfer SET state = 'withdrawn' WHERE device_id = $1::uuid "
	"AND state = 'open'",
	1 };

/* Whose time is long over goes on the way (V1). */
static const struct stmt TRANSFER_ADD = { "transfer_add",
	"WITH old AS (DELETE FROM transfer WHERE id IN (SELECT id FROM "
	"transfer WHERE expires_at < now() - interval '1 day' LIMIT 10 "
	"FOR UPDATE SKIP LOCKED)) "
	"INSERT INTO transfer (id, device_id, code_mac, facts, proved_at, "
	"state, expires_at) VALUES ($1::uuid, $2::uuid, $3, $4, "
	"to_timestamp($5::bigint), 'open', to_timestamp($6::bigint))",
	6 };

static const struct stmt TRANSFER_GET = { "transfer_get",
	"SELECT id, device_id, facts, extract(epoch FROM proved_at)::bigint, "
	"extract(epoch FROM expires_at)::bigint, owner_id, new_device_id "
	"FROM transfer WHERE code_mac = $1 AND state <> 'withdrawn' AND "
	"expires_at > to_timestamp($2::bigint)",
	2 };

static const struct stmt TRANSFER_ACCEPT = { "transfer_accept",
	"UPDATE transfer SET state = 'accepted', owner_id = $2::uuid, "
	"new_device_id = $3::uuid WHERE id = $1::uuid AND state = 'open' AND "
	"expires_at > to_timestamp($4::bigint)",
	4 };

const struct err *
transfer_facts(struct ctx *cx, const char *device_id, const char **facts,
    int64_t *proved_at)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &TRANSFER_FACTS, &r, DB_TEXT(device_id));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*facts = rows_text(cx, r, 0, 0);
	*proved_at = rows_int(r, 0, 1);
	return NULL;
}

const struct err *
transfer_withdraw(struct ctx *cx, const char *device_id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &TRANSFER_WITHDRAW, &r, DB_TEXT(device_id));

	if (e == NULL)
		*done = rows_affected(r) > 0;
	return e;
}

const struct err *
transfer_add(
    struct ctx *cx, const struct transfer *t, const uint8_t code_mac[32])
{
	return DB_RUN(cx, &TRANSFER_ADD, NULL, DB_TEXT(t->id),
	    DB_TEXT(t->device_id), DB_SHA(code_mac), DB_TEXT(t->facts),
	    DB_INT(t->proved_at), DB_INT(t->expires_at));
}

const struct err *
transfer_get(struct ctx *cx, const uint8_t code_mac[32], struct transfer *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &TRANSFER_GET, &r, DB_SHA(code_mac), DB_INT(cx->now));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*out = (struct transfer){ .id = rows_text(cx, r, 0, 0),
		.device_id = rows_text(cx, r, 0, 1),
		.facts = rows_text(cx, r, 0, 2),
		.proved_at = rows_int(r, 0, 3),
		.expires_at = rows_int(r, 0, 4),
		.owner_id = rows_text(cx, r, 0, 5),
		.new_device_id = rows_text(cx, r, 0, 6) };
	return NULL;
}

const struct err *
transfer_accept(struct ctx *cx, const struct transfer *t, const char *owner_id,
    const char *new_device_id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &TRANSFER_ACCEPT, &r, DB_TEXT(t->id),
	    DB_TEXT(owner_id), DB_TEXT(new_device_id), DB_INT(cx->now));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct stmt *const transfer_stmts[] = { &TRANSFER_FACTS,
	&TRANSFER_WITHDRAW, &TRANSFER_ADD, &TRANSFER_GET, &TRANSFER_ACCEPT,
	NULL };
