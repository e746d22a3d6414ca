#include "domain/ownership.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/account.h"
#include "domain/lineage.h"
#include "store/event.h"
#include "store/feed.h"

static const struct err ERR_OWNED = { KIND_CONFLICT, "device-owned",
	"The device has an owner, who alone can release it." };

static const struct err ERR_LOST = { KIND_CONFLICT, "device-lost",
	"The device is lost: say that it was found first." };

static ERR_FN
get_one(struct ctx *cx, const struct device_query *q, struct device *out)
{
	const struct err *e;
	struct device *d;
	size_t n;

	if (!text_is_uuid(bytes_str(q->id)))
		return fail(cx, &ERR_NOT_FOUND, "not a device id");
	e = device_select(cx, q, &d, &n);
	if (e != NULL)
		return e;
	if (n == 0)
		return fail(cx, &ERR_NOT_FOUND, "no device %s", q->id);
	*out = d[0];
	return NULL;
}

static ERR_FN
list(struct ctx *cx, const struct device_query *q, struct device **out,
    size_t *n)
{
	if (q->after != NULL && !text_is_uuid(bytes_str(q->after)))
		return fail(cx, &ERR_BAD_REQUEST, "after is not a device id");
	return device_select(cx, q, out, n);
}

const struct err *
ownership_list(struct ctx *cx, const struct owner_caller *owner,
    const char *after, int64_t limit, struct device **out, size_t *n)
{
	struct device_query q = {
		.owner_id = owner->owner_id, .after = after, .limit = limit
	};

	return list(cx, &q, out, n);
}

const struct err *
ownership_get(struct ctx *cx, const struct owner_caller *owner, const char *id,
    struct device *out)
{
	struct device_query q = {
		.id = id, .owner_id = owner->owner_id, .limit = 1
	};

	return get_one(cx, &q, out);
}

const struct err *
ownership_list_all(struct ctx *cx, const char *manufacturer_id,
    const char *after, int64_t limit, struct device **out, size_t *n)
{
	struct device_query q = { .manufacturer_id = manufacturer_id,
		.after = after,
		.limit = limit };

	return list(cx, &q, out, n);
}

const struct err *
ownership_get_any(struct ctx *cx, const char *id, struct device *out)
{
	struct device_query q = { .id = id, .limit = 1 };

	return get_one(cx, &q, out);
}

/* Within a transaction.  The row first, what hangs on it in later statements
 * (A3). */
static ERR_FN
end(struct ctx *cx, const char *id, struct event *ev, const char *reason)
{
	const struct err *e;

	ev->kind = arena_printf(cx->arena, "device.%s", reason);
	ev->device_id = id;
	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not a device id");
	e = device_release(cx, id, ev->owner_id, &ev->birth_id);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "no living device %s of this owner", id);
	if (e == NULL)
		e = device_revoke_certificates(cx, id);
	if (e == NULL)
		e = device_void_approvals(cx, ev->birth_id);
	if (e == NULL)
		e = event_add(cx, ev);
	if (e == NULL)
		e = feed_refuse_device(cx, id, reason);
	if (e == NULL)
		LOG(cx, ev->kind, LOG_S("device", id));
	return e;
}

const struct err *
ownership_hand_over(struct ctx *cx, const struct device *d, const char *to,
    const char **new_id, bool *flagged)
{
	struct event ended = { .owner_id = d->owner_id };
	struct event begun = { .kind = "device.received", .owner_id = to };
	char id[UUID_TEXT_BYTES];
	const struct err *e;
	const char *label;

	e = end(cx, d->id, &ended, "transferred");
	if (e == NULL)
		e = device_unit_flagged(cx, ended.birth_id, flagged);
	if (e == NULL)
		e = device_label(cx, d->id, &label);
	if (e != NULL)
		return e;
	rng_uuid(id);
	*new_id = begun.device_id = arena_strdup(cx->arena, id);
	begun.birth_id = ended.birth_id;
	e = device_create(cx, *new_id, ended.birth_id, to, label);
	return e != NULL ? e : event_add(cx, &begun);
}

static ERR_FN
end_now(struct ctx *cx, const char *id, struct event *ev)
{
	const struct err *e;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = end(cx, id, ev, "released");
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}

const struct err *
ownership_end(struct ctx *cx, const char *owner_id, const char *id)
{
	return end_now(cx, id, &(struct event){ .owner_id = owner_id });
}

/* The owner's own word (A7): what a development app signs each request with,
 * or a touch for this very device. */
static ERR_FN
check_touch(struct ctx *cx, const struct owner_caller *owner,
    const char *action, const char *id, const struct touch_answer *touch)
{
	const struct touch t = { action, owner->owner_id, id };

	return touch_owner(cx, owner, &t, touch);
}

const struct err *
ownership_release(struct ctx *cx, const struct owner_caller *owner,
    const char *id, const struct touch_answer *touch)
{
	struct event ev = { .owner_id = owner->owner_id };
	const struct err *e;
	struct device d;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_touch(cx, owner, TOUCH_RELEASE, id, touch);
	if (e == NULL)
		e = account_check_hold(cx, owner->owner_id);
	if (e == NULL)
		e = ownership_get(cx, owner, id, &d);
	/* Its flag would stay, and nobody could clear it (R5). */
	if (e == NULL && d.lost)
		return fail(cx, &ERR_LOST, "device %s is lost", id);
	if (e == NULL)
		e = end(cx, id, &ev, "released");
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}

const struct err *
ownership_release_ownerless(
    struct ctx *cx, const struct admin_caller *by, const char *id)
{
	struct device d;
	const struct err *e = ownership_get_any(cx, id, &d);

	if (e == NULL && d.owner_id != NULL)
		return fail(cx, &ERR_OWNED, "device %s has an owner", id);
	return e != NULL
		   ? e
		   : end_now(cx, id,
			 &(struct event){ .admin_token_id = by->token_id });
}

const struct err *
ownership_history(struct ctx *cx, const struct owner_caller *owner,
    const struct audit_query *q, struct audit_step **out, size_t *n)
{
	struct device d;
	const struct err *e = ownership_get(cx, owner, q->device_id, &d);

	if (e == NULL && q->after != NULL && !audit_cursor_valid(q->after))
		return fail(cx, &ERR_BAD_REQUEST,
		    "after: must be the next of the page before");
	return e != NULL ? e : audit_of_device(cx, q, out, n);
}

const struct err *
ownership_lost(struct ctx *cx, const struct owner_caller *owner, const char *id,
    bool lost, const struct touch_answer *touch)
{
	struct event ev = { .kind = lost ? "device.lost" : "device.found",
		.device_id = id,
		.owner_id = owner->owner_id };
	const struct err *e;
	struct device d;
	bool changed = false;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_touch(
		    cx, owner, lost ? TOUCH_LOST : TOUCH_FOUND, id, touch);
	/* A device never changes its owner. */
	if (e == NULL)
		e = ownership_get(cx, owner, id, &d);
	if (e == NULL)
		e = device_flag_unit(
		    cx, id, FLAG_LOST, lost, &ev.birth_id, &changed);
	/* The unit's row is held: what it is now, it stays. */
	if (e == NULL)
		e = ownership_get(cx, owner, id, &d);
	if (e == NULL && changed)
		e = event_add(cx, &ev);
	/* What an operator narrowed stays so; and what is lost is an entry of
	 * its own in any case (R6). */
	if (e == NULL && changed && (lost || !d.quarantined))
		e = feed_quarantine(cx, id, lost, lost ? "lost" : "found");
	if (e == NULL)
		e = tx_commit(&tx);
	if (e == NULL && changed)
		LOG(cx, ev.kind, LOG_S("device", id));
	return e != NULL ? e : lineage_settle(cx);
}
