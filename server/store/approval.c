#include "store/approval.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/column.h"
#include "store/set_sql.h"

#define COLUMNS                                                         \
	"a.id, a.kind, a.client_id, a.facts, a.birth_id, a.state, "     \
	"a.key_sha256, a.birth_cert_sha256, a.shown_to, a.owner_id, "   \
	"a.device_id, extract(epoch FROM a.expires_at)::bigint, "       \
	"extract(epoch FROM a.redeemed_at)::bigint, d.owner_id, d.id, " \
	"num_nonnulls(b.quarantined_at, b.lost_at, b.revoked_at, "      \
	"b.decommissioned_at) > 0, "                                    \
	"extract(epoch FROM a.created_at)::bigint, a.label "
#define JOINS                                                   \
	"JOIN birth b ON b.id = a.birth_id LEFT JOIN device d " \
	"ON d.birth_id = a.birth_id AND d.state = 'owned' "

/* The units first, for each request points at its own: whoever decides on one
 * holds its row, and a batch passes over those.  In the order of the units, so
 * that two batches do not wait for each other. */
#define CREATE(busy)                                                          \
	"WITH i AS (SELECT * FROM unnest($1::uuid[], $2::text[], "            \
	"$3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[], "   \
	"$8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::text[], " \
	"$13::text[], $14::bytea[], $15::uuid[]) AS i (id, kind, client_id, " \
	"facts, birth_id, expires_at, key_sha256, birth_key_sha256, "         \
	"birth_cert_sha256, device_code_mac, user_code_mac, request_id, "     \
	"label, network, device_id)), "                                       \
	"b AS (SELECT i.id FROM i CROSS JOIN LATERAL (SELECT FROM birth "     \
	"WHERE id = i.birth_id FOR KEY SHARE" busy ") x), "                   \
	"a AS (INSERT INTO approval (id, kind, client_id, facts, "            \
	"birth_id, expires_at, key_sha256, birth_key_sha256, "                \
	"birth_cert_sha256, device_code_mac, user_code_mac, state, label, "   \
	"network) SELECT id, kind, client_id, facts, birth_id, "              \
	"to_timestamp(expires_at), key_sha256, birth_key_sha256, "            \
	"birth_cert_sha256, device_code_mac, user_code_mac, 'pending', "      \
	"label, network FROM i WHERE (id IN (SELECT id FROM b)) IS TRUE "     \
	"ORDER BY birth_id "                                                  \
	"ON CONFLICT (birth_id, key_sha256) WHERE pending "                   \
	"DO UPDATE SET id = excluded.id, kind = excluded.kind, "              \
	"client_id = excluded.client_id, facts = excluded.facts, "            \
	"expires_at = excluded.expires_at, created_at = now(), "              \
	"birth_key_sha256 = excluded.birth_key_sha256, "                      \
	"birth_cert_sha256 = excluded.birth_cert_sha256, "                    \
	"device_code_mac = excluded.device_code_mac, "                        \
	"user_code_mac = excluded.user_code_mac, shown_to = NULL, "           \
	"label = excluded.label, network = excluded.network "                 \
	"RETURNING id), "                                                     \
	"e AS (INSERT INTO event (kind, request_id, birth_id, approval_id, "  \
	"device_id) SELECT 'approval.requested', request_id, birth_id, id, "  \
	"device_id FROM i WHERE (id IN (SELECT id FROM a)) IS TRUE) "         \
	"SELECT id FROM a"

static const struct stmt APPROVAL_CREATE = { "approval_create",
	CREATE(" SKIP LOCKED"), 15 };
static const struct stmt APPROVAL_CREATE_WAITING = { "approval_create_waiting",
	CREATE(""), 15 };

#define RECENT                                                           \
	"(SELECT count(*) FROM event WHERE kind = 'approval.requested' " \
	"AND birth_id = i.birth_id AND at > now() - interval '10 minutes')"

static const struct stmt APPROVAL_COUNT_RECENT = { "approval_count_recent",
	"SELECT " RECENT " FROM (VALUES ($1::bigint)) AS i (birth_id)", 1 };

/* "LIMIT 1" keeps the looks at an index each: without, the plan may be to read
 * a whole table into a hash. */
static const struct stmt APPROVAL_LOOK = { "approval_look",
	"SELECT " RECENT ", t.n, num_nonnulls("
	"(SELECT 1 FROM birth WHERE key_sha256 = i.key_sha256 LIMIT 1), "
	"(SELECT 1 FROM birth WHERE pinned_key_sha256 = i.key_sha256 LIMIT 1), "
	"(SELECT 1 FROM key_use WHERE key_sha256 = i.key_sha256 AND "
	"(compromised OR device_id IS DISTINCT FROM i.device_id) LIMIT 1)) > 0 "
	"FROM unnest($1::bigint[], $2::bytea[], $3::uuid[]) WITH ORDINALITY "
	"AS i (birth_id, key_sha256, device_id, n) "
	"CROSS JOIN (SELECT coalesce(sum(n), 0) AS n FROM guess WHERE "
	"bucket = $4 AND key = $5 AND window_start >= to_timestamp($6::bigint)"
	") t ORDER BY i.n",
	6 };

static const struct stmt APPROVAL_BY_DEVICE_CODE = { "approval_by_device_code",
	"SELECT " COLUMNS "FROM approval a " JOINS
	"WHERE a.device_code_mac = $1",
	1 };

#define ASKED           \
	", a.network, " \
	"(SELECT policy FROM model WHERE id = b.model_id) "
#define SEEN                                                \
	ASKED                                               \
	", extract(epoch FROM b.pinned_at)::bigint, "       \
	"EXISTS (SELECT FROM device WHERE birth_id = b.id " \
	"AND state = 'released') "

static const struct stmt APPROVAL_SHOW = { "approval_show",
	"WITH a AS (UPDATE approval x SET shown_to = $2::uuid "
	"WHERE user_code_mac = $1 AND pending AND "
	"expires_at > to_timestamp($3::bigint) AND NOT EXISTS (SELECT FROM "
	"device WHERE birth_id = x.birth_id AND state = 'owned' AND "
	"owner_id <> $2::uuid) RETURNING *) "
	"SELECT " COLUMNS SEEN "FROM a " JOINS,
	3 };

static const struct stmt APPROVAL_SHOW_CLAIM = { "approval_show_claim",
	"WITH l AS (SELECT id, created_at FROM approval WHERE birth_id = $1 "
	"AND kind = 'claim' AND state = 'pending' AND "
	"expires_at > to_timestamp($3::bigint)), "
	"a AS (UPDATE approval SET shown_to = $2::uuid WHERE id = "
	"(SELECT id FROM l ORDER BY created_at DESC LIMIT 1) RETURNING *) "
	"SELECT " COLUMNS SEEN ", (SELECT count(*) FROM l) FROM a " JOINS,
	3 };

/* What waits for an owner: requests of units that they have, and those whose
 * code they gave.  Ids are in the order of time. */
static const struct stmt APPROVAL_PAGE = { "approval_page",
	"SELECT " COLUMNS SEEN "FROM (SELECT x.* FROM device o JOIN approval x "
	"ON x.birth_id = o.birth_id WHERE o.owner_id = $1::uuid AND "
	"o.state = 'owned' AND x.pending "
	"UNION SELECT x.* FROM approval x WHERE x.shown_to = $1::uuid AND "
	"x.pending) a " JOINS
	"WHERE a.expires_at > to_timestamp($2::bigint) AND "
	"($3::uuid IS NULL OR a.id > $3::uuid) AND "
	"(d.id IS NULL OR d.owner_id = $1::uuid) ORDER BY a.id LIMIT $4",
	4 };

/* The unit before its requests, as who takes trust away locks them. */
static const struct stmt APPROVAL_LOCK = { "approval_lock",
	"SELECT " COLUMNS ASKED "FROM approval a " JOINS
	"WHERE a.id = $1::uuid FOR UPDATE OF b, a",
	1 };

/* A yes is good for a week: the device may be off meanwhile, and it is for
 * that one key.  The newest replaces one that was not used, or both keys could
 * be certified at once. */
static const struct stmt APPROVAL_DECIDE = { "approval_decide",
	"WITH a AS (UPDATE approval SET state = $2, owner_id = $3::uuid, "
	"device_id = $4::uuid, decided_at = now(), network = NULL, "
	"expires_at = greatest(expires_at, now() + interval '7 days') "
	"WHERE id = $1::uuid AND state = 'pending' RETURNING *), "
	"o AS (UPDATE approval SET state = 'superseded' FROM a "
	"WHERE approval.birth_id = a.birth_id AND approval.id <> a.id AND "
	"approval.state = 'approved' AND a.state = 'approved'), "
	"c AS (UPDATE birth SET claim_code_mac = NULL FROM a "
	"WHERE birth.id = a.birth_id AND a.kind = 'claim' AND "
	"a.state = 'approved'), "
	"e AS (INSERT INTO event (kind, request_id, birth_id, device_id, "
	"owner_id, approval_id) SELECT 'approval.' || state, $5, birth_id, "
	"device_id, owner_id, id FROM a) "
	"SELECT pg_notify('latchkey_decision', id::text) FROM a",
	5 };

static const struct stmt APPROVAL_REDEEM = { "approval_redeem",
	"WITH d AS (SELECT d.id FROM approval a JOIN device d "
	"ON d.id = a.device_id JOIN birth b ON b.id = d.birth_id "
	"WHERE a.id = $1::uuid AND d.state = 'owned' AND "
	"b.quarantined_at IS NULL AND b.lost_at IS NULL AND "
	"b.revoked_at IS NULL AND b.decommissioned_at IS NULL AND " SET_SPARES(
	    "b") "FOR SHARE OF d, b), "
		 "a AS (UPDATE approval SET token_mac = $2, "
		 "redeemed_at = coalesce(redeemed_at, "
		 "to_timestamp($3::bigint)), "
		 "token_expires_at = coalesce(token_expires_at, "
		 "to_timestamp($3::bigint + $4::bigint)) FROM d "
		 "WHERE approval.id = $1::uuid AND approval.device_id = d.id "
		 "AND "
		 "state IN ('approved', 'consumed') AND "
		 "expires_at > to_timestamp($3::bigint) AND "
		 "coalesce(redeemed_at, to_timestamp($3::bigint)) > "
		 "to_timestamp($3::bigint) - interval '60 seconds' "
		 "RETURNING approval.id, birth_id, approval.device_id) "
		 "INSERT INTO event (kind, request_id, birth_id, device_id, "
		 "approval_id) SELECT 'token.issued', $5, birth_id, device_id, "
		 "id "
		 "FROM a",
	5 };

static const struct stmt APPROVAL_REPORT = { "approval_report",
	"WITH a AS (UPDATE approval SET reported_at = now() "
	"WHERE id = $1::uuid AND shown_to = $2::uuid AND reported_at IS NULL "
	"RETURNING id, birth_id, shown_to) "
	"INSERT INTO event (kind, request_id, birth_id, owner_id, approval_id) "
	"SELECT 'approval.reported', $3, birth_id, shown_to, id FROM a",
	3 };

static const struct stmt APPROVAL_RECENTLY_DECIDED = {
	"approval_recently_decided",
	"SELECT id FROM approval WHERE decided_at > "
	"now() - make_interval(secs => $1::int)",
	1
};

enum approval_state
approval_state(const char *text)
{
	static const char *const names[] = { "pending", "approved", "denied",
		"consumed", "superseded" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text) == 0)
			return (enum approval_state)i;
	must(false); /* the table's CHECK names them all */
	return APPROVAL_DENIED;
}

static void
read_row(struct ctx *cx, const struct rows *r, int i, struct approval *a)
{
	a->id = rows_text(cx, r, i, 0);
	a->kind = rows_text(cx, r, i, 1);
	a->client_id = rows_text(cx, r, i, 2);
	a->facts = rows_text(cx, r, i, 3);
	a->birth_id = rows_int(r, i, 4);
	a->state = approval_state(rows_text(cx, r, i, 5));
	rows_sha(cx, r, i, 6, a->key_sha256);
	rows_sha(cx, r, i, 7, a->birth_cert_sha256);
	a->shown_to = rows_text(cx, r, i, 8);
	a->owner_id = rows_text(cx, r, i, 9);
	a->device_id = rows_text(cx, r, i, 10);
	a->expires_at = rows_int(r, i, 11);
	a->redeemed_at = rows_int(r, i, 12);
	a->unit_owner_id = rows_text(cx, r, i, 13);
	a->unit_device_id = rows_text(cx, r, i, 14);
	a->unit_flagged = rows_bool(r, i, 15);
	a->created_at = rows_int(r, i, 16);
	a->label = rows_text(cx, r, i, 17);
}

static ERR_FN
read_one(struct ctx *cx, const struct rows *r, struct approval *a)
{
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	read_row(cx, r, 0, a);
	return NULL;
}

/* The same with where it was asked from. */
static ERR_FN
read_asked(struct ctx *cx, const struct rows *r, struct approval *a)
{
	const struct err *e = read_one(cx, r, a);

	if (e != NULL)
		return e;
	a->network = rows_bytes(cx, r, 0, 18);
	a->model_policy = rows_text(cx, r, 0, 19);
	return NULL;
}

/* And with what is shown besides. */
static void
read_shown_row(struct ctx *cx, const struct rows *r, int i, struct approval *a)
{
	read_row(cx, r, i, a);
	a->network = rows_bytes(cx, r, i, 18);
	a->model_policy = rows_text(cx, r, i, 19);
	a->first_seen = rows_int(r, i, 20);
	a->owned_before = rows_bool(r, i, 21);
}

static ERR_FN
read_shown(struct ctx *cx, const struct rows *r, struct approval *a)
{
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	read_shown_row(cx, r, 0, a);
	return NULL;
}

/* In the order of the statement's parameters. */
enum {
	ID,
	REQUEST_KIND,
	CLIENT,
	FACTS,
	BIRTH,
	EXPIRES,
	KEY,
	BIRTH_KEY,
	BIRTH_CERT,
	DEVICE_CODE,
	USER_CODE,
	REQUEST,
	LABEL,
	NETWORK,
	DEVICE,
	CREATE_COLUMNS
};

static void
fill_columns(struct ctx *cx, const struct approval_new *const *in, size_t n,
    struct column c[CREATE_COLUMNS])
{
	static const enum column_type types[CREATE_COLUMNS] = { COLUMN_UUID,
		COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT, COLUMN_INT, COLUMN_INT,
		COLUMN_BYTES, COLUMN_BYTES, COLUMN_BYTES, COLUMN_BYTES,
		COLUMN_BYTES, COLUMN_TEXT, COLUMN_TEXT, COLUMN_BYTES,
		COLUMN_UUID };
	size_t i;

	for (i = 0; i < CREATE_COLUMNS; i++)
		column_init(cx, &c[i], types[i], n);
	for (i = 0; i < n; i++) {
		const struct approval_new *a = in[i];

		column_text(&c[ID], a->id);
		column_text(&c[REQUEST_KIND], a->kind);
		column_text(&c[CLIENT], a->client_id);
		column_text(&c[FACTS], a->facts);
		column_int(&c[BIRTH], a->birth_id);
		column_int(&c[EXPIRES], a->expires_at);
		column_bytes(&c[KEY], (struct bytes){ a->key_sha256, 32 });
		column_bytes(
		    &c[BIRTH_KEY], (struct bytes){ a->birth_key_sha256, 32 });
		column_bytes(
		    &c[BIRTH_CERT], (struct bytes){ a->birth_cert_sha256, 32 });
		column_bytes(&c[DEVICE_CODE], a->device_code_mac);
		column_bytes(&c[USER_CODE], a->user_code_mac);
		column_text(&c[REQUEST], a->request_id);
		column_text(&c[LABEL], a->label);
		column_bytes(&c[NETWORK], a->network);
		column_text(&c[DEVICE], a->device_id);
	}
}

const struct err *
approval_create_all(struct ctx *cx, const struct approval_new *const *in,
    size_t n, bool wait, bool *stored)
{
	const struct stmt *s =
	    wait ? &APPROVAL_CREATE_WAITING : &APPROVAL_CREATE;
	AUTO_STRUCT(rows) *r = NULL;
	struct column c[CREATE_COLUMNS];
	struct db_arg args[CREATE_COLUMNS];
	const struct err *e;
	size_t i;
	int row;

	fill_columns(cx, in, n, c);
	for (i = 0; i < CREATE_COLUMNS; i++)
		args[i] = DB_COLUMN(&c[i]);
	e = db_run(cx, s, args, CREATE_COLUMNS, &r);
	if (e != NULL)
		return e;
	for (i = 0; i < n; i++)
		stored[i] = false;
	for (row = 0; row < rows_count(r); row++) {
		const char *id = rows_text(cx, r, row, 0);

		for (i = 0; i < n; i++)
			stored[i] |= strcmp(id, in[i]->id) == 0;
	}
	return NULL;
}

const struct err *
approval_create(struct ctx *cx, const struct approval_new *in)
{
	bool stored = false;
	const struct err *e = approval_create_all(cx, &in, 1, true, &stored);

	return e != NULL || stored
		   ? e
		   : fail(cx, &ERR_CONFLICT, "the unit is there no more");
}

const struct err *
approval_count_recent(struct ctx *cx, int64_t birth_id, int64_t *recent)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &APPROVAL_COUNT_RECENT, &r, DB_INT(birth_id));

	if (e != NULL)
		return e;
	*recent = rows_int(r, 0, 0);
	return NULL;
}

const struct err *
approval_look(struct ctx *cx, const struct approval_ask *ask, size_t n,
    const struct guess_of *of, struct approval_seen *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	struct column birth, key, device;
	const struct err *e;
	size_t i;

	column_init(cx, &birth, COLUMN_INT, n);
	column_init(cx, &key, COLUMN_BYTES, n);
	column_init(cx, &device, COLUMN_UUID, n);
	for (i = 0; i < n; i++) {
		column_int(&birth, ask[i].birth_id);
		column_bytes(&key, (struct bytes){ ask[i].key_sha256, 32 });
		column_text(&device, ask[i].device_id);
	}
	e = DB_RUN(cx, &APPROVAL_LOOK, &r, DB_COLUMN(&birth), DB_COLUMN(&key),
	    DB_COLUMN(&device), DB_TEXT(of->bucket), DB_SHA(of->key),
	    DB_INT(guess_since(cx->now, of->window)));
	if (e != NULL)
		return e;
	must((size_t)rows_count(r) == n);
	for (i = 0; i < n; i++)
		out[i] = (struct approval_seen){
			.recent = rows_int(r, (int)i, 0),
			.tries = rows_int(r, (int)i, 1),
			.key_taken = rows_bool(r, (int)i, 2),
		};
	return NULL;
}

const struct err *
approval_by_device_code(
    struct ctx *cx, const uint8_t mac[32], struct approval *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &APPROVAL_BY_DEVICE_CODE, &r, DB_SHA(mac));

	return e != NULL ? e : read_one(cx, r, out);
}

const struct err *
approval_show(struct ctx *cx, const uint8_t user_code_mac[32],
    const char *owner_id, struct approval *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &APPROVAL_SHOW, &r,
	    DB_SHA(user_code_mac), DB_TEXT(owner_id), DB_INT(cx->now));

	return e != NULL ? e : read_shown(cx, r, out);
}

const struct err *
approval_show_claim(struct ctx *cx, int64_t birth_id, const char *owner_id,
    struct approval *out, int64_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &APPROVAL_SHOW_CLAIM, &r,
	    DB_INT(birth_id), DB_TEXT(owner_id), DB_INT(cx->now));

	if (e == NULL)
		e = read_shown(cx, r, out);
	if (e == NULL)
		*n = rows_int(r, 0, 22);
	return e;
}

const struct err *
approval_page(struct ctx *cx, const char *owner_id, const char *after,
    int64_t limit, struct approval **out, size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &APPROVAL_PAGE, &r, DB_TEXT(owner_id),
	    DB_INT(cx->now), DB_TEXT(after), DB_INT(limit));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < rows_count(r); i++)
		read_shown_row(cx, r, i, &(*out)[i]);
	return NULL;
}

const struct err *
approval_lock(struct ctx *cx, const char *id, struct approval *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &APPROVAL_LOCK, &r, DB_TEXT(id));

	return e != NULL ? e : read_asked(cx, r, out);
}

const struct err *
approval_decide(struct ctx *cx, const struct approval *a, bool yes,
    const char *owner_id, const char *device_id)
{
	return DB_RUN(cx, &APPROVAL_DECIDE, NULL, DB_TEXT(a->id),
	    DB_TEXT(yes ? "approved" : "denied"), DB_TEXT(owner_id),
	    DB_TEXT(device_id), DB_TEXT(cx->rid));
}

const struct err *
approval_redeem(struct ctx *cx, const char *id, const uint8_t token_mac[32],
    int64_t lifetime, bool *minted)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &APPROVAL_REDEEM, &r, DB_TEXT(id), DB_SHA(token_mac),
		DB_INT(cx->now), DB_INT(lifetime), DB_TEXT(cx->rid));

	if (e != NULL)
		return e;
	*minted = rows_affected(r) == 1;
	return NULL;
}

const struct err *
approval_report(
    struct ctx *cx, const char *id, const char *owner_id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &APPROVAL_REPORT, &r, DB_TEXT(id),
	    DB_TEXT(owner_id), DB_TEXT(cx->rid));

	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
approval_recently_decided(struct ctx *cx, int seconds,
    void (*fn)(void *arg, const char *id), void *arg)
{
	AUTO_STRUCT(rows) *r = NULL;
	AUTO_STRUCT(arena) *scratch = NULL;
	struct ctx row = *cx;
	const struct err *e =
	    DB_RUN(cx, &APPROVAL_RECENTLY_DECIDED, &r, DB_INT(seconds));
	int i;

	if (e != NULL)
		return e;
	/* There may be any number: what one takes is given back each time. */
	row.arena = scratch = arena_new(LIMIT_ARENA / 16);
	for (i = 0; i < rows_count(r); i++) {
		fn(arg, rows_text(&row, r, i, 0));
		arena_reset(scratch);
	}
	return NULL;
}

const struct stmt *const approval_stmts[] = { &APPROVAL_CREATE,
	&APPROVAL_CREATE_WAITING, &APPROVAL_COUNT_RECENT, &APPROVAL_LOOK,
	&APPROVAL_BY_DEVICE_CODE, &APPROVAL_SHOW, &APPROVAL_SHOW_CLAIM,
	&APPROVAL_PAGE, &APPROVAL_LOCK, &APPROVAL_DECIDE, &APPROVAL_REDEEM,
	&APPROVAL_REPORT, &APPROVAL_RECENTLY_DECIDED, NULL };
