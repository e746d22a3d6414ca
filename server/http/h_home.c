#include "base/arena.h"
#include "base/limits.h"
#include "codec/json.h"
#include "domain/homes.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/link_json.h"
#include "http/page.h"
#include "http/touch_json.h"

#define NAME_BYTES 64

static const struct json_field member_fields[] = {
	JSON_F_STR(home_member, id, 36, true),
	JSON_F_STR(home_member, name, NAME_BYTES, true),
	JSON_F_TIME(home_member, since, true),
	JSON_END,
};

static const struct json_field invitation_fields[] = {
	JSON_F_STR(home_invitation, id, 36, true),
	JSON_F_TIME(home_invitation, expires_at, true),
	JSON_END,
};

struct home_out {
	struct json_list members, invitations;
};

static const struct json_field home_fields[] = {
	JSON_F_LIST(
	    home_out, members, LIMIT_MEMBERS, home_member, member_fields),
	JSON_F_LIST(home_out, invitations, LIMIT_MEMBERS, home_invitation,
	    invitation_fields),
	JSON_END,
};

struct homes_out {
	struct json_list homes;
};

static const struct json_field homes_fields[] = {
	JSON_F_LIST(
	    homes_out, homes, LIMIT_MEMBERS, home_member, member_fields),
	JSON_END,
};

struct lookup_in {
	const char *code;
};

static const struct json_field lookup_fields[] = {
	JSON_F_STR(lookup_in, code, 64, true),
	JSON_END,
};

static const struct json_field shown_fields[] = {
	JSON_F_STR(homes_invitation, id, 36, true),
	JSON_F_STR(homes_invitation, name, NAME_BYTES, true),
	JSON_F_TIME(homes_invitation, expires_at, true),
	JSON_END,
};

struct join_in {
	const char *code;
	struct touch_answer touch;
};

static const struct json_field join_fields[] = {
	JSON_F_STR(join_in, code, 64, true),
	JSON_F_OBJ(join_in, touch, touch_answer_fields, false),
	JSON_END,
};

/* A device as a member of its home sees it: neither serial number, which is
 * half of what claims it, nor why the operator narrowed it. */
struct seen_device {
	const char *id, *manufacturer_name, *model_name, *support_until;
	bool quarantined, lost;
	int64_t certificate_not_after;
};

static const struct json_field seen_fields[] = {
	JSON_F_STR(seen_device, id, 36, true),
	JSON_F_STR(seen_device, manufacturer_name, LIMIT_NAME, true),
	JSON_F_STR(seen_device, model_name, LIMIT_NAME, true),
	JSON_F_STR(seen_device, support_until, 32, false),
	JSON_F_BOOL(seen_device, quarantined, true),
	JSON_F_BOOL(seen_device, lost, true),
	JSON_F_TIME(seen_device, certificate_not_after, false),
	JSON_END,
};

static const struct json_field page_fields[] =
    ANSWER_PAGE("devices", LIMIT_PAGE, seen_device, seen_fields);

const struct err *
get_home(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct homes_own own;
	struct home_out out;
	const struct err *e = homes_own(cx, &rq->caller.owner, &own);

	if (e != NULL)
		return e;
	out.members = (struct json_list){ own.member, own.n_members };
	out.invitations =
	    (struct json_list){ own.invitation, own.n_invitations };
	return answer_json(cx, rs, 200, home_fields, &out);
}

const struct err *
get_homes(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct home_member homes[LIMIT_MEMBERS];
	struct homes_out out;
	const struct err *e;
	size_t n;

	e = homes_seen(cx, &rq->caller.owner, homes, &n);
	if (e != NULL)
		return e;
	out.homes = (struct json_list){ homes, n };
	return answer_json(cx, rs, 200, homes_fields, &out);
}

const struct err *
post_invitation(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct homes_invited out;
	const struct touch_answer *in;
	const struct err *e;

	e = touch_read(cx, rq->body, &in);
	if (e == NULL)
		e = homes_invite(cx, &rq->caller.owner, in, &out);
	return e != NULL ? e
			 : link_answer(cx, rs,
			       &(struct link){ out.id, out.code, out.link,
				   out.expires_at });
}

const struct err *
post_invitation_lookup(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct homes_invitation out;
	struct lookup_in in;
	const struct err *e;

	e = json_read(cx, rq->body, lookup_fields, &in);
	if (e == NULL)
		e = homes_show(
		    cx, &rq->caller.owner, rq->address, in.code, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, shown_fields, &out);
}

/* 204 for what has no answer. */
static ERR_FN
done(const struct err *e, struct reply *rs)
{
	if (e == NULL)
		reply_body(rs, 204, NULL, BYTES_NONE);
	return e;
}

const struct err *
post_invitation_acceptance(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct homes_word word;
	const struct err *e;
	struct join_in in = { .code = NULL };

	e = json_read(cx, rq->body, join_fields, &in);
	if (e != NULL)
		return e;
	word = (struct homes_word){ rq->param[0], in.code,
		touch_given(&in.touch) };
	return done(homes_join(cx, &rq->caller.owner, rq->address, &word), rs);
}

const struct err *
delete_invitation(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return done(homes_uninvite(cx, &rq->caller.owner, rq->param[0]), rs);
}

const struct err *
delete_member(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return done(homes_remove(cx, &rq->caller.owner, rq->param[0]), rs);
}

const struct err *
delete_home(struct ctx *cx, struct request *rq, struct reply *rs)
{
	return done(homes_leave(cx, &rq->caller.owner, rq->param[0]), rs);
}

const struct err *
get_home_devices(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct answer_page page = { .next = NULL };
	struct homes_query query = { .home = rq->param[0] };
	struct seen_device *seen;
	const struct err *e;
	struct page_query q;
	struct device *d;
	size_t i, n;

	e = page_query(cx, rq, &q);
	query.after = q.after;
	query.limit = q.limit;
	if (e == NULL)
		e = homes_devices(cx, &rq->caller.owner, &query, &d, &n);
	if (e != NULL)
		return e;
	seen = arena_alloc(cx->arena, (n + 1) * sizeof(*seen));
	for (i = 0; i < n; i++)
		seen[i] = (struct seen_device){ d[i].id, d[i].manufacturer_name,
			d[i].model_name, d[i].support_until, d[i].quarantined,
			d[i].lost, d[i].certificate_not_after };
	page.rows = (struct json_list){ seen, n };
	if (page_is_full(&q, n))
		page.next = d[n - 1].id;
	return answer_json(cx, rs, 200, page_fields, &page);
}
