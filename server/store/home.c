#include "store/home.h"

#define LIST(own, other)                                                 \
	"SELECT m." other ", o.name, "                                   \
	"extract(epoch FROM m.created_at)::bigint FROM home_member m "   \
	"JOIN owner o ON o.id = m." other " WHERE m." own " = $1::uuid " \
	"ORDER BY m.created_at, o.id LIMIT $2"

static const struct stmt HOME_MEMBERS = { "home_members",
	LIST("home_id", "member_id"), 2 };
static const struct stmt HOMES_OF = { "homes_of", LIST("member_id", "home_id"),
	2 };

static const struct stmt HOME_INVITATIONS = { "home_invitations",
	"SELECT id, extract(epoch FROM expires_at)::bigint "
	"FROM home_invitation WHERE home_id = $1::uuid AND "
	"expires_at > to_timestamp($2::bigint) ORDER BY expires_at, id "
	"LIMIT $3",
	3 };

/* Whose time is over goes on the way. */
static const struct stmt HOME_INVITE = { "home_invite",
	"WITH old AS (DELETE FROM home_invitation WHERE id IN (SELECT id FROM "
	"home_invitation WHERE expires_at < now() LIMIT 10 "
	"FOR UPDATE SKIP LOCKED)) "
	"INSERT INTO home_invitation (id, home_id, code_mac, expires_at) "
	"SELECT $1::uuid, $2::uuid, $3, to_timestamp($4::bigint) WHERE "
	"(SELECT count(*) FROM home_invitation WHERE home_id = $2::uuid AND "
	"expires_at > to_timestamp($5::bigint)) + (SELECT count(*) FROM "
	"home_member WHERE home_id = $2::uuid) < $6",
	6 };

static const struct stmt HOME_UNINVITE = { "home_uninvite",
	"DELETE FROM home_invitation WHERE home_id = $1::uuid AND "
	"id = $2::uuid",
	2 };

static const struct stmt HOME_INVITATION_GET = { "home_invitation_get",
	"SELECT i.id, extract(epoch FROM i.expires_at)::bigint, o.id, o.name "
	"FROM home_invitation i JOIN owner o ON o.id = i.home_id "
	"WHERE i.code_mac = $1 AND i.expires_at > to_timestamp($2::bigint) "
	"AND o.disabled_at IS NULL AND o.erased_at IS NULL",
	2 };

static const struct stmt HOME_JOIN = { "home_join",
	"WITH i AS (DELETE FROM home_invitation WHERE id = $1::uuid AND "
	"expires_at > to_timestamp($3::bigint) RETURNING home_id) "
	"INSERT INTO home_member (home_id, member_id) "
	"SELECT home_id, $2::uuid FROM i "
	"ON CONFLICT (home_id, member_id) DO UPDATE SET "
	"created_at = home_member.created_at",
	3 };

static const struct stmt HOME_PART = { "home_part",
	"DELETE FROM home_member WHERE home_id = $1::uuid AND "
	"member_id = $2::uuid",
	2 };

static const struct stmt HOME_IS_MEMBER = { "home_is_member",
	"SELECT FROM home_member WHERE home_id = $1::uuid AND "
	"member_id = $2::uuid",
	2 };

const struct err *
home_list(struct ctx *cx, const char *account, bool of_member,
    struct home_member out[LIMIT_MEMBERS], size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, of_member ? &HOMES_OF : &HOME_MEMBERS,
	    &r, DB_TEXT(account), DB_INT(LIMIT_MEMBERS));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	for (i = 0; i < rows_count(r); i++)
		out[i] = (struct home_member){ rows_text(cx, r, i, 0),
			rows_text(cx, r, i, 1), rows_int(r, i, 2) };
	return NULL;
}

const struct err *
home_invitations(struct ctx *cx, const char *home,
    struct home_invitation out[LIMIT_MEMBERS], size_t *n)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &HOME_INVITATIONS, &r, DB_TEXT(home),
	    DB_INT(cx->now), DB_INT(LIMIT_MEMBERS));
	int i;

	if (e != NULL)
		return e;
	*n = (size_t)rows_count(r);
	for (i = 0; i < rows_count(r); i++)
		out[i] = (struct home_invitation){ rows_text(cx, r, i, 0),
			rows_int(r, i, 1) };
	return NULL;
}

/* Whether it changed a row. */
static ERR_FN
changed(const struct err *e, const struct rows *r, bool *done)
{
	if (e == NULL)
		*done = rows_affected(r) == 1;
	return e;
}

const struct err *
home_invite(struct ctx *cx, const char *home, const struct home_invitation *in,
    const uint8_t code_mac[32], bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &HOME_INVITE, &r, DB_TEXT(in->id),
	    DB_TEXT(home), DB_SHA(code_mac), DB_INT(in->expires_at),
	    DB_INT(cx->now), DB_INT(LIMIT_MEMBERS));

	return changed(e, r, done);
}

const struct err *
home_uninvite(struct ctx *cx, const char *home, const char *id, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &HOME_UNINVITE, &r, DB_TEXT(home), DB_TEXT(id));

	return changed(e, r, done);
}

const struct err *
home_invitation_get(struct ctx *cx, const uint8_t code_mac[32],
    struct home_member *home, struct home_invitation *out)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(
	    cx, &HOME_INVITATION_GET, &r, DB_SHA(code_mac), DB_INT(cx->now));

	if (e != NULL)
		return e;
	if (rows_count(r) == 0)
		return &ERR_NOT_FOUND;
	*out = (struct home_invitation){ rows_text(cx, r, 0, 0),
		rows_int(r, 0, 1) };
	*home = (struct home_member){ rows_text(cx, r, 0, 2),
		rows_text(cx, r, 0, 3), 0 };
	return NULL;
}

const struct err *
home_join(struct ctx *cx, const struct home_invitation *in, const char *member,
    bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e = DB_RUN(cx, &HOME_JOIN, &r, DB_TEXT(in->id),
	    DB_TEXT(member), DB_INT(cx->now));

	return changed(e, r, done);
}

const struct err *
home_part(struct ctx *cx, const char *home, const char *member, bool *done)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &HOME_PART, &r, DB_TEXT(home), DB_TEXT(member));

	return changed(e, r, done);
}

const struct err *
home_is_member(struct ctx *cx, const char *home, const char *member, bool *is)
{
	AUTO_STRUCT(rows) *r = NULL;
	const struct err *e =
	    DB_RUN(cx, &HOME_IS_MEMBER, &r, DB_TEXT(home), DB_TEXT(member));

	if (e == NULL)
		*is = rows_count(r) == 1;
	return e;
}

const struct stmt *const home_stmts[] = { &HOME_MEMBERS, &HOMES_OF,
	&HOME_INVITATIONS, &HOME_INVITE, &HOME_UNINVITE, &HOME_INVITATION_GET,
	&HOME_JOIN, &HOME_PART, &HOME_IS_MEMBER, NULL };
