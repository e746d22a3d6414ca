#include "domain/homes.h"

#include "base/arena.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/account.h"
#include "domain/budget.h"
#include "domain/code.h"
#include "domain/lineage.h"
#include "domain/ownership.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/feed.h"

static const struct err ERR_FULL = { KIND_CONFLICT, "home-full",
	"A home has at most 20 members and open invitations." };
static const struct err ERR_NO_INVITATION = { KIND_NOT_FOUND, "no-invitation",
	"Nobody is invited with this code, or not any more." };
static const struct err ERR_OWN_HOME = { KIND_CONFLICT, "own-home",
	"It is your own home." };

/* Of a home; who is the member or invitation, by its id (V1), or NULL. */
static ERR_FN
record(struct ctx *cx, const char *kind, const char *home, const char *who)
{
	return event_add(cx,
	    &(struct event){ .kind = kind, .owner_id = home, .detail = who });
}

const struct err *
homes_own(
    struct ctx *cx, const struct owner_caller *owner, struct homes_own *out)
{
	const struct err *e =
	    home_list(cx, owner->owner_id, false, out->member, &out->n_members);

	return e != NULL ? e
			 : home_invitations(cx, owner->owner_id,
			       out->invitation, &out->n_invitations);
}

const struct err *
homes_seen(struct ctx *cx, const struct owner_caller *owner,
    struct home_member out[LIMIT_MEMBERS], size_t *n)
{
	return home_list(cx, owner->owner_id, true, out, n);
}

const struct err *
homes_invite(struct ctx *cx, const struct owner_caller *owner,
    const struct touch_answer *touch, struct homes_invited *out)
{
	const struct touch t = { TOUCH_INVITE, owner->owner_id, "" };
	struct home_invitation in = { NULL, cx->now + INVITATION_SECONDS };
	char id[UUID_TEXT_BYTES];
	const struct err *e;
	uint8_t mac[32];
	bool done = false;
	TX tx = { .open = false };

	rng_uuid(id);
	in.id = arena_strdup(cx->arena, id);
	*out = (struct homes_invited){ .id = in.id,
		.code = code_long_new(cx),
		.expires_at = in.expires_at };
	out->link = arena_printf(
	    cx->arena, "%s/join#%s", cx->svc->set.issuer, out->code);
	(void)code_long_mac(cx, CODE_INVITATION, out->code, mac);
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_owner(cx, owner, &t, touch);
	/* Whoever found a recovery code lets nobody in (P4). */
	if (e == NULL)
		e = account_check_hold(cx, owner->owner_id);
	if (e == NULL)
		e = home_invite(cx, owner->owner_id, &in, mac, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_FULL, "the home is full");
	if (e == NULL)
		e = record(cx, "home.invited", owner->owner_id, NULL);
	return e != NULL ? e : tx_commit(&tx);
}

/* What was done to one row of this home, with its event; not there is
 * ERR_NOT_FOUND. */
typedef const struct err *
row_fn(struct ctx *cx, const char *home, const char *id, bool *done);

static ERR_FN
change_row(struct ctx *cx, const char *home, const char *id, row_fn *change,
    const char *kind)
{
	const struct err *e;
	bool done = false;
	TX tx = { .open = false };

	if (!text_is_uuid(bytes_str(home)) || !text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "%s: not an id", kind);
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = change(cx, home, id, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_NOT_FOUND, "%s: there is none", kind);
	if (e == NULL)
		e = record(cx, kind, home, id);
	/* An invitation ends by itself, a member does not. */
	if (e == NULL && change == home_part)
		e = feed_removed(cx, "member",
		    arena_printf(cx->arena, "%s/%s", home, id), 0);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}

const struct err *
homes_uninvite(struct ctx *cx, const struct owner_caller *owner, const char *id)
{
	return change_row(
	    cx, owner->owner_id, id, home_uninvite, "home.uninvited");
}

const struct err *
homes_remove(
    struct ctx *cx, const struct owner_caller *owner, const char *member)
{
	return change_row(
	    cx, owner->owner_id, member, home_part, "home.member_removed");
}

const struct err *
homes_leave(struct ctx *cx, const struct owner_caller *owner, const char *home)
{
	return change_row(
	    cx, home, owner->owner_id, home_part, "home.member_left");
}

const struct err *
homes_show(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *code, struct homes_invitation *out)
{
	TX tx = { .open = false };
	struct budget_try try = {
		.owner_id = owner->owner_id, .address = address, .tx = &tx
	};
	const struct err *e = budget_begin(cx, &try);
	struct home_invitation in;
	struct home_member home;
	uint8_t mac[32];

	if (e != NULL)
		return e;
	e = code_long_mac(cx, CODE_INVITATION, code, mac)
		? home_invitation_get(cx, mac, &home, &in)
		: &ERR_NOT_FOUND;
	if (e == &ERR_NOT_FOUND) {
		e = budget_wrong(cx, &try,
		    &(struct event){ .kind = "code.wrong",
			.owner_id = owner->owner_id,
			.detail = "no invitation of this code" });
		return e != NULL ? e
				 : fail(cx, &ERR_NO_INVITATION, "wrong code");
	}
	if (e == NULL)
		e = budget_right(cx, &try);
	if (e != NULL)
		return e;
	*out = (struct homes_invitation){ in.id, home.id, home.name,
		in.expires_at };
	return NULL;
}

const struct err *
homes_join(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const struct homes_word *in)
{
	const struct touch t = { TOUCH_JOIN, owner->owner_id, in->id };
	struct homes_invitation found;
	struct home_invitation row;
	const struct err *e;
	bool done = false;
	TX tx = { .open = false };

	e = homes_show(cx, owner, address, in->code, &found);
	if (e != NULL)
		return e;
	if (strcmp(found.id, in->id) != 0)
		return fail(cx, &ERR_NO_INVITATION, "not what was shown");
	if (strcmp(found.home, owner->owner_id) == 0)
		return fail(cx, &ERR_OWN_HOME, "into the own home");
	row = (struct home_invitation){ found.id, found.expires_at };
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_owner(cx, owner, &t, in->touch);
	if (e == NULL)
		e = home_join(cx, &row, owner->owner_id, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_NO_INVITATION, "used by now");
	if (e == NULL)
		e = record(
		    cx, "home.member_joined", found.home, owner->owner_id);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
homes_devices(struct ctx *cx, const struct owner_caller *owner,
    const struct homes_query *q, struct device **out, size_t *n)
{
	const struct owner_caller home = { .owner_id = q->home };
	const struct err *e;
	bool is = false;

	if (!text_is_uuid(bytes_str(q->home)))
		return fail(cx, &ERR_NOT_FOUND, "not a home's id");
	e = home_is_member(cx, q->home, owner->owner_id, &is);
	if (e == NULL && !is)
		return fail(cx, &ERR_NOT_FOUND, "no member of %s", q->home);
	return e != NULL
		   ? e
		   : ownership_list(cx, &home, q->after, q->limit, out, n);
}
