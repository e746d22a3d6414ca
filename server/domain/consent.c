#include "domain/consent.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "codec/policy.h"
#include "domain/account.h"
#include "domain/budget.h"
#include "domain/code.h"
#include "domain/facts.h"
#include "domain/lineage.h"
#include "domain/live.h"
#include "domain/network.h"
#include "domain/svc.h"
#include "pki/key.h"
#include "store/approval.h"
#include "store/birth.h"
#include "store/device.h"
#include "store/event.h"
#include "store/feed.h"

#define CLAIM_CANDIDATES 8

static const struct err ERR_WRONG_CODE = { KIND_NOT_FOUND, "wrong-code",
	"No device is waiting with this code: check it, or start again on "
	"the device." };
static const struct err ERR_BAD_DECISION = { KIND_INVALID, "bad-decision",
	"The decision must be approve or deny." };
static const struct err ERR_BAD_DECISION_SIGNATURE = { KIND_FORBIDDEN,
	"bad-signature",
	"The signature is not the app key's over this decision." };
static const struct err ERR_DECIDED = { KIND_CONFLICT, "already-decided",
	"This request was decided, has expired, or was replaced: look it up "
	"again." };
static const struct err ERR_FACTS_CHANGED = { KIND_CONFLICT, "facts-changed",
	"What was shown is no longer so: look the request up again." };
static const struct err ERR_UNIT_REFUSED = { KIND_CONFLICT, "unit-refused",
	"This unit cannot be approved now; its operator can find the reason "
	"by the request id." };

static const struct err ERR_NETWORK = { KIND_FORBIDDEN, "other-network",
	"This device can be approved only from the network that it asks "
	"from." };

static const struct err ERR_BAD_AFTER = { KIND_INVALID, "bad-after",
	"Go on after the id of a request, as \"next\" gave it." };

/* A wrong code leaves a record, without the code. */
static ERR_FN
wrong_code(struct ctx *cx, const struct budget_try *try, const char *why)
{
	const struct err *e = budget_wrong(cx, try,
	    &(struct event){ .kind = "code.wrong",
		.owner_id = try->owner_id,
		.detail = why });

	return e != NULL ? e : fail(cx, &ERR_WRONG_CODE, "%s", why);
}

static ERR_FN
fill_view(struct ctx *cx, const struct approval *a, const char *owner_id,
    const char *address, struct consent_view *out)
{
	static const char *const words[] = { [NETWORK_UNKNOWN] = NULL,
		[NETWORK_SAME] = "same",
		[NETWORK_OTHER] = "other" };
	struct policy policy;
	const struct err *e = policy_parse(cx, a->model_policy, &policy);

	if (e != NULL)
		return e;
	out->id = a->id;
	out->kind = a->kind;
	out->facts = a->facts;
	out->digest =
	    facts_digest(cx, a->id, a->key_sha256, owner_id, a->facts);
	out->account = owner_id;
	out->expires_at = a->expires_at;
	out->first_seen = a->first_seen;
	out->owned_before = a->owned_before;
	out->asked_at = a->created_at;
	out->network = words[network_compare(cx, a->id, a->network, address)];
	out->same_network_required = policy.require_same_network;
	return NULL;
}

const struct err *
consent_lookup(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *user_code, struct consent_view *out)
{
	TX tx = { .open = false };
	struct budget_try try = {
		.owner_id = owner->owner_id, .address = address, .tx = &tx
	};
	struct approval a;
	const struct err *e;
	uint8_t mac[32];

	e = budget_begin(cx, &try);
	if (e != NULL)
		return e;
	if (!code_user_mac(cx, user_code, mac))
		return wrong_code(cx, &try, "not a user code");
	e = approval_show(cx, mac, owner->owner_id, &a);
	if (e == &ERR_NOT_FOUND)
		return wrong_code(
		    cx, &try, "no open request of this code for this owner");
	if (e == NULL)
		e = budget_right(cx, &try);
	return e != NULL ? e : fill_view(cx, &a, owner->owner_id, address, out);
}

const struct err *
consent_page(struct ctx *cx, const struct owner_caller *owner,
    const struct consent_query *q, struct consent_view **out, size_t *n)
{
	struct approval *a;
	const struct err *e;
	size_t i;

	if (q->after != NULL && !text_is_uuid(bytes_str(q->after)))
		return fail(cx, &ERR_BAD_AFTER, "after %.40s", q->after);
	e = approval_page(cx, owner->owner_id, q->after, q->limit, &a, n);
	if (e != NULL)
		return e;
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; e == NULL && i < *n; i++) {
		struct consent_view *v = &(*out)[i];

		e = fill_view(cx, &a[i], owner->owner_id, q->address, v);
		/* Who has not given the code decides nothing. */
		if (a[i].shown_to == NULL ||
		    strcmp(a[i].shown_to, owner->owner_id) != 0)
			v->digest = NULL;
	}
	return e;
}

/* The unit whose sticker code this is; 0 if none. */
static ERR_FN
find_claimed(struct ctx *cx, const struct consent_claim *in, int64_t *birth)
{
	struct birth_claim c[CLAIM_CANDIDATES];
	uint8_t sum[32], mac[32];
	const struct err *e;
	size_t i, n;

	*birth = 0;
	code_claim_sha256(cx, in->serial, in->claim_code, sum);
	e = birth_claims(
	    cx, in->serial, in->manufacturer, c, CLAIM_CANDIDATES, &n);
	if (e != NULL)
		return e;
	for (i = 0; i < n; i++) {
		code_claim_mac(cx, c[i].manufacturer_id, in->serial, sum, mac);
		if (bytes_eq(c[i].claim_code_mac, BYTES_OF(mac)))
			*birth = c[i].birth_id;
	}
	return NULL;
}

const struct err *
consent_claim(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const struct consent_claim *in,
    struct consent_view *out)
{
	TX tx = { .open = false };
	struct budget_try try = { .owner_id = owner->owner_id,
		.address = address,
		.serial = in->serial,
		.tx = &tx };
	struct approval a;
	int64_t birth, pending;
	const struct err *e;

	e = budget_begin(cx, &try);
	if (e != NULL)
		return e;
	if (!text_is_serial(bytes_str(in->serial)))
		return wrong_code(cx, &try, "not a serial number");
	e = find_claimed(cx, in, &birth);
	if (e != NULL)
		return e;
	if (birth == 0)
		return wrong_code(
		    cx, &try, "wrong claim code or serial number");
	e = approval_show_claim(cx, birth, owner->owner_id, &a, &pending);
	if (e == &ERR_NOT_FOUND)
		return wrong_code(cx, &try, "the unit is not asking now");
	if (e != NULL)
		return e;
	if (a.unit_owner_id != NULL)
		return wrong_code(cx, &try,
		    "the unit is owned: a sticker overrides no owner");
	if (pending > 1) {
		e = budget_wrong(cx, &try,
		    &(struct event){ .kind = "claim.two_keys",
			.birth_id = birth,
			.owner_id = owner->owner_id });
		return e != NULL ? e
				 : fail(cx, &ERR_UNIT_REFUSED,
				       "two keys ask for one unit");
	}
	e = budget_right(cx, &try);
	return e != NULL ? e : fill_view(cx, &a, owner->owner_id, address, out);
}

static ERR_FN
read_decision(struct ctx *cx, const char *id, const char *decision, bool *yes)
{
	*yes = strcmp(decision, TOUCH_APPROVE) == 0;
	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not an approval's id");
	if (!*yes && strcmp(decision, TOUCH_DENY) != 0)
		return fail(cx, &ERR_BAD_DECISION, "decision is neither");
	return NULL;
}

/* What the touch for a decision is asked for. */
static struct touch
touch_of(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const char *decision, const char *digest)
{
	return (struct touch){ decision, owner->owner_id,
		arena_printf(cx->arena, "%s %s", id, digest) };
}

const struct err *
consent_ask(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const struct consent_decision *in, struct touch_challenge *out)
{
	struct touch t = touch_of(cx, owner, id, in->decision, in->digest);
	const struct err *e;
	bool yes;

	e = read_decision(cx, id, in->decision, &yes);
	if (e == NULL)
		touch_ask(cx, &t, out);
	return e;
}

/* Whose word it is, and that it is over this approval, this decision and the
 * digest of approval, key, account and facts (A7). */
static ERR_FN
check_word(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const struct consent_decision *in)
{
	const struct touch t =
	    touch_of(cx, owner, id, in->decision, in->digest);
	const char *text = arena_printf(cx->arena,
	    "latchkey-decision-v1\n%s\n%s\n%s", id, in->decision, in->digest);

	/* The digest is checked with the request's state. */
	if (owner->app_key.n > 0 && !key_verify_es256(cx, owner->app_key,
					bytes_str(text), in->signature))
		return fail(cx, &ERR_BAD_DECISION_SIGNATURE,
		    "decision on %s is not signed by the app key", id);
	return touch_owner(cx, owner, &t, in->touch);
}

static bool
is_over(const struct ctx *cx, const struct approval *a)
{
	return a->state != APPROVAL_PENDING || a->expires_at <= cx->now;
}

/* The locked request may be decided by this owner, as it was shown. */
static ERR_FN
check_open(struct ctx *cx, const struct approval *a,
    const struct owner_caller *owner, const struct consent_decision *in)
{
	const char *digest;

	if (is_over(cx, a))
		return fail(cx, &ERR_DECIDED, "approval %s is over", a->id);
	digest =
	    facts_digest(cx, a->id, a->key_sha256, owner->owner_id, a->facts);
	if (!bytes_eq(bytes_str(digest), bytes_str(in->digest)))
		return fail(
		    cx, &ERR_FACTS_CHANGED, "digest is not what was shown");
	return NULL;
}

/* Nearness, where the model's policy asks for it: as it is now, and not when
 * the facts were shown. */
static ERR_FN
check_network(struct ctx *cx, const struct approval *a, const char *address)
{
	struct policy policy;
	const struct err *e = policy_parse(cx, a->model_policy, &policy);

	if (e != NULL || !policy.require_same_network ||
	    network_compare(cx, a->id, a->network, address) == NETWORK_SAME)
		return e;
	return fail(
	    cx, &ERR_NETWORK, "approval %s: asked for from elsewhere", a->id);
}

/* The ownership that a yes is for: the present one of the same owner, or a
 * new one whose key no earlier ownership had (A5). */
static ERR_FN
ownership_for(struct ctx *cx, const struct approval *a,
    const struct owner_caller *owner, const char **device_id)
{
	char id[UUID_TEXT_BYTES];
	const struct err *e;
	bool taken;

	if (a->unit_flagged)
		return fail(cx, &ERR_UNIT_REFUSED,
		    "birth %lld is quarantined, lost, revoked or "
		    "decommissioned",
		    (long long)a->birth_id);
	/* A device without an owner is the platform's own: a yes takes it from
	 * nobody, as no operator's call gives it to anyone (H4). */
	if (a->unit_device_id != NULL && a->unit_owner_id == NULL)
		return fail(cx, &ERR_UNIT_REFUSED,
		    "device %s has no owner and takes none", a->unit_device_id);
	if (a->unit_owner_id != NULL &&
	    strcmp(a->unit_owner_id, owner->owner_id) != 0)
		return fail(cx, &ERR_NOT_FOUND, "another owner's unit");
	e = birth_key_is_taken(cx, a->key_sha256, a->unit_device_id, &taken);
	if (e != NULL)
		return e;
	if (taken)
		return fail(
		    cx, &ERR_UNIT_REFUSED, "the key was another ownership's");
	*device_id = a->unit_device_id;
	if (*device_id != NULL)
		return a->label == NULL
			   ? NULL
			   : device_set_label(cx, *device_id, a->label);
	rng_uuid(id);
	*device_id = arena_strdup(cx->arena, id);
	e = device_create(cx, id, a->birth_id, owner->owner_id, a->label);
	if (e == &ERR_CONFLICT)
		return fail(cx, &ERR_DECIDED, "the unit was just approved");
	return e;
}

/* A repeat of the decision that this owner made, by a touch that was good
 * and that is spent since. */
static bool
is_repeat(struct ctx *cx, const struct approval *a,
    const struct owner_caller *owner, const struct consent_decision *in)
{
	bool yes = strcmp(in->decision, TOUCH_APPROVE) == 0;
	const char *digest =
	    facts_digest(cx, a->id, a->key_sha256, owner->owner_id, a->facts);
	bool was_yes =
	    a->state == APPROVAL_APPROVED || a->state == APPROVAL_CONSUMED;

	return a->owner_id != NULL &&
	       strcmp(a->owner_id, owner->owner_id) == 0 &&
	       bytes_eq(bytes_str(digest), bytes_str(in->digest)) &&
	       (yes ? was_yes : a->state == APPROVAL_DENIED);
}

/* The locked request, if it was shown to this owner. */
static ERR_FN
lock_shown(struct ctx *cx, const struct owner_caller *owner, const char *id,
    struct approval *a)
{
	const struct err *e = approval_lock(cx, id, a);

	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "no approval %s", id);
	if (e == NULL &&
	    (a->shown_to == NULL || strcmp(a->shown_to, owner->owner_id) != 0))
		return fail(cx, &ERR_NOT_FOUND,
		    "approval %s was not shown to this owner", id);
	return e;
}

/* Everything that can speak against it, then the decision itself. */
static ERR_FN
decide(struct ctx *cx, const struct owner_caller *owner,
    const struct approval *a, const struct consent_decision *in,
    const char **device_id)
{
	bool yes = strcmp(in->decision, TOUCH_APPROVE) == 0;
	const struct err *e = check_word(cx, owner, a->id, in);

	if (e == NULL && yes)
		e = account_check_hold(cx, owner->owner_id);
	if (e == NULL)
		e = check_open(cx, a, owner, in);
	if (e == NULL && yes)
		e = check_network(cx, a, in->address);
	if (e == NULL && yes)
		e = ownership_for(cx, a, owner, device_id);
	return e != NULL
		   ? e
		   : approval_decide(cx, a, yes, owner->owner_id, *device_id);
}

/* The refusal of a word that stays on record, with its touch spent: one that
 * came after another had counted, or a yes from elsewhere, whose owner may be
 * talked into it. */
static ERR_FN
refuse_on_record(struct ctx *cx, const struct approval *a, struct event ev,
    const struct err *refusal, struct tx *tx)
{
	const struct err *e;

	ev.birth_id = a->birth_id;
	ev.owner_id = a->shown_to;
	ev.approval_id = a->id;
	ev.code = refusal->code;
	e = event_add(cx, &ev);
	if (e == NULL)
		e = tx_commit(tx);
	return e != NULL ? e : refusal;
}

const struct err *
consent_decide(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const struct consent_decision *in, struct consent_result *out)
{
	const struct err *e;
	struct approval a;
	TX tx = { .open = false };
	bool yes;

	e = read_decision(cx, id, in->decision, &yes);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = lock_shown(cx, owner, id, &a);
	if (e != NULL)
		return e;
	*out = (struct consent_result){ a.id, yes ? "approved" : "denied",
		a.device_id };
	if (is_repeat(cx, &a, owner, in))
		return yes ? NULL : lineage_settle(cx);
	out->device_id = NULL;
	e = decide(cx, owner, &a, in, &out->device_id);
	if (e == &ERR_NETWORK)
		return refuse_on_record(cx, &a,
		    (struct event){ .kind = "approval.other_network" }, e, &tx);
	if (e == &ERR_DECIDED && is_over(cx, &a))
		return refuse_on_record(cx, &a,
		    (struct event){
			.kind = "approval.late", .detail = in->decision },
		    e, &tx);
	/* A no is not to be undone by an older database (R6). */
	if (e == NULL && !yes)
		e = feed_removed(cx, "approval", a.id, a.expires_at);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	live_decided(cx->svc->live, a.id);
	LOG(cx, "consent.decided", LOG_S("approval", a.id),
	    LOG_S("state", out->state));
	return yes ? NULL : lineage_settle(cx);
}

const struct err *
consent_report(struct ctx *cx, const struct owner_caller *owner, const char *id)
{
	const struct err *e;
	bool done = false;

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not an approval's id");
	e = approval_report(cx, id, owner->owner_id, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_NOT_FOUND,
		    "approval %s: not shown to this owner, or reported", id);
	if (e == NULL)
		LOG(cx, "approval.reported", LOG_S("approval", id));
	return e;
}
