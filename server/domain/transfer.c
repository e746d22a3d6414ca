#include "domain/transfer.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/rng.h"
#include "domain/account.h"
#include "domain/budget.h"
#include "domain/code.h"
#include "domain/facts.h"
#include "domain/lineage.h"
#include "domain/ownership.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/transfer.h"

static const struct err ERR_NOT_JOINED = { KIND_CONFLICT, "not-joined",
	"The device has not joined yet: it can only be released." };
static const struct err ERR_FLAGGED = { KIND_CONFLICT, "device-flagged",
	"The device is lost, or the operator looks into it: not now." };
static const struct err ERR_NO_OFFER = { KIND_NOT_FOUND, "no-offer",
	"Nothing is offered with this code, or not any more." };
static const struct err ERR_NOT_NOW = { KIND_CONFLICT, "not-now",
	"This device cannot change its owner now: ask who offers it." };
static const struct err ERR_OWN = { KIND_CONFLICT, "own-device",
	"It is yours already." };

static ERR_FN
write_offer(struct ctx *cx, const char *device_id, struct transfer_offer *out)
{
	struct transfer t = { .device_id = device_id,
		.expires_at = cx->now + TRANSFER_SECONDS };
	char id[UUID_TEXT_BYTES];
	const struct err *e;
	uint8_t mac[32];
	bool replaced;

	e = transfer_facts(cx, device_id, &t.facts, &t.proved_at);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_NOT_JOINED, "it never enrolled");
	if (e == NULL)
		e = transfer_withdraw(cx, device_id, &replaced);
	if (e != NULL)
		return e;
	rng_uuid(id);
	t.id = id;
	*out = (struct transfer_offer){ .code = code_long_new(cx),
		.expires_at = t.expires_at };
	/* In a fragment, which no server's log has (P1). */
	out->link = arena_printf(
	    cx->arena, "%s/accept#%s", cx->svc->set.issuer, out->code);
	(void)code_long_mac(cx, CODE_TRANSFER, out->code, mac);
	e = transfer_add(cx, &t, mac);
	return e == &ERR_CONFLICT ? fail(cx, &ERR_NOT_NOW, "two offers at once")
				  : e;
}

const struct err *
transfer_offer(struct ctx *cx, const struct owner_caller *owner,
    const char *device_id, const struct touch_answer *touch,
    struct transfer_offer *out)
{
	const struct touch t = { TOUCH_TRANSFER, owner->owner_id, device_id };
	struct event ev = { .kind = "transfer.offered",
		.device_id = device_id,
		.owner_id = owner->owner_id };
	const struct err *e;
	struct device d;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_owner(cx, owner, &t, touch);
	if (e == NULL)
		e = account_check_hold(cx, owner->owner_id);
	if (e == NULL)
		e = ownership_get(cx, owner, device_id, &d);
	if (e == NULL &&
	    (d.quarantined || d.lost || d.revoked || d.decommissioned))
		return fail(cx, &ERR_FLAGGED, "device %s is flagged", d.id);
	if (e == NULL)
		e = write_offer(cx, device_id, out);
	if (e == NULL)
		e = event_add(cx, &ev);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
transfer_take_back(
    struct ctx *cx, const struct owner_caller *owner, const char *device_id)
{
	struct event ev = { .kind = "transfer.withdrawn",
		.device_id = device_id,
		.owner_id = owner->owner_id };
	const struct err *e;
	struct device d;
	bool done = false;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = ownership_get(cx, owner, device_id, &d);
	if (e == NULL)
		e = transfer_withdraw(cx, device_id, &done);
	if (e == NULL && done)
		e = event_add(cx, &ev);
	return e != NULL ? e : tx_commit(&tx);
}

/* The offer of a code; a wrong one is a wrong try, with a record. */
static ERR_FN
find(struct ctx *cx, const struct owner_caller *owner, const char *address,
    const char *code, struct transfer *out)
{
	TX tx = { .open = false };
	struct budget_try try = {
		.owner_id = owner->owner_id, .address = address, .tx = &tx
	};
	const struct err *e = budget_begin(cx, &try);
	uint8_t mac[32];

	if (e != NULL)
		return e;
	e = code_long_mac(cx, CODE_TRANSFER, code, mac)
		? transfer_get(cx, mac, out)
		: &ERR_NOT_FOUND;
	/* What was taken is there for who took it, should a reply be lost. */
	if (e == NULL && out->owner_id != NULL &&
	    strcmp(out->owner_id, owner->owner_id) != 0)
		e = &ERR_NOT_FOUND;
	if (e == NULL)
		return budget_right(cx, &try);
	if (e != &ERR_NOT_FOUND)
		return e;
	e = budget_wrong(cx, &try,
	    &(struct event){ .kind = "code.wrong",
		.owner_id = owner->owner_id,
		.detail = "no open offer of this code" });
	return e != NULL ? e : fail(cx, &ERR_NO_OFFER, "no such offer");
}

static const char *
digest_of(struct ctx *cx, const struct transfer *t, const char *account)
{
	static const uint8_t no_key[32] = { 0 }; /* it will be another one */

	return facts_digest(cx, t->id, no_key, account, t->facts);
}

const struct err *
transfer_show(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *code, struct transfer_view *out)
{
	struct transfer t;
	const struct err *e = find(cx, owner, address, code, &t);

	if (e != NULL)
		return e;
	*out = (struct transfer_view){ t.id, t.facts,
		digest_of(cx, &t, owner->owner_id), owner->owner_id,
		t.proved_at, t.expires_at };
	return NULL;
}

/* From whom, while neither account is held: a recovery code stops what was
 * offered before it, too (P4). */
static ERR_FN
check_parties(struct ctx *cx, const struct owner_caller *owner,
    const struct transfer *t, struct device *d)
{
	const struct err *e = account_check_hold(cx, owner->owner_id);

	if (e == NULL)
		e = ownership_get_any(cx, t->device_id, d);
	if (e == NULL && d->owner_id == NULL)
		return fail(cx, &ERR_NO_OFFER, "device %s has no owner", d->id);
	if (e == NULL && strcmp(d->owner_id, owner->owner_id) == 0)
		return fail(cx, &ERR_OWN, "device %s is theirs", d->id);
	if (e != NULL)
		return e;
	e = account_check_hold(cx, d->owner_id);
	if (e == &ERR_ACCOUNT_HELD)
		return fail(cx, &ERR_NOT_NOW, "who offers it is held");
	return e == &ERR_NOT_FOUND
		   ? fail(cx, &ERR_NO_OFFER, "who offered it is gone")
		   : e;
}

/* The device first (A3), then what hangs on it. */
static ERR_FN
hand_over(struct ctx *cx, const struct owner_caller *owner,
    const struct transfer *t, const char **new_device_id)
{
	const struct err *e;
	struct device d;
	bool flagged = false, done = false;

	e = check_parties(cx, owner, t, &d);
	if (e != NULL)
		return e;
	e = ownership_hand_over(
	    cx, &d, owner->owner_id, new_device_id, &flagged);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_NO_OFFER, "the ownership has ended");
	if (e == NULL && flagged)
		return fail(cx, &ERR_NOT_NOW, "device %s is flagged", d.id);
	if (e == NULL)
		e = transfer_accept(
		    cx, t, owner->owner_id, *new_device_id, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_NO_OFFER, "the offer is over");
	return e;
}

const struct err *
transfer_take(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const struct transfer_word *in,
    const char **new_device_id)
{
	const struct touch touch = { TOUCH_ACCEPT, owner->owner_id,
		arena_printf(cx->arena, "%s %s", in->id, in->digest) };
	const struct err *e;
	struct transfer t;
	TX tx = { .open = false };

	e = find(cx, owner, address, in->code, &t);
	if (e != NULL)
		return e;
	if (strcmp(t.id, in->id) != 0 ||
	    !bytes_eq(bytes_str(digest_of(cx, &t, owner->owner_id)),
		bytes_str(in->digest)))
		return fail(cx, &ERR_NO_OFFER, "not the offer that was shown");
	*new_device_id = t.new_device_id;
	if (t.new_device_id != NULL)
		return NULL;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_owner(cx, owner, &touch, in->touch);
	if (e == NULL)
		e = hand_over(cx, owner, &t, new_device_id);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e == NULL)
		e = lineage_settle(cx);
	if (e == NULL)
		LOG(cx, "transfer.accepted", LOG_S("device", *new_device_id));
	return e;
}
