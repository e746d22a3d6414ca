#include "domain/consent.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/net.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/code.h"
#include "domain/facts.h"
#include "domain/live.h"
#include "domain/svc.h"
#include "pki/key.h"
#include "store/approval.h"
#include "store/birth.h"
#include "store/device.h"
#include "store/event.h"
#include "store/guess.h"

#define CLAIM_CANDIDATES 8

static const struct err ERR_WRONG_CODE = { KIND_NOT_FOUND, "wrong-code",
	"No device is waiting with this code: check it, or start again on "
	"the device." };
static const struct err ERR_TOO_MANY_TRIES = { KIND_BUSY, "too-many-tries",
	"Too many wrong codes: wait some minutes." };
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

/* Three budgets, each taken before the code is looked at and given back
 * when it was right, so that parallel tries cannot exceed them (P2). */
struct budget {
	const char *bucket;
	uint8_t key[32];
	int64_t limit;
};

static void
budgets(struct ctx *cx, const char *owner_id, const char *address,
    struct budget b[3])
{
	const struct settings *set = &cx->svc->set;

	b[0] = (struct budget){ "owner", { 0 }, set->guesses_owner };
	b[1] = (struct budget){ "address", { 0 }, set->guesses_address };
	b[2] = (struct budget){ "service", { 0 }, set->guesses_service };
	code_guess_key(cx, "owner", owner_id, b[0].key);
	code_guess_key(cx, "address", net_prefix(cx->arena, address), b[1].key);
	code_guess_key(cx, "service", "", b[2].key);
}

/* The record is of the budget's end, once: not of each try after it. */
static ERR_FN
over_budget(
    struct ctx *cx, const char *owner_id, const struct budget *b, int64_t n)
{
	const struct err *e = NULL;
	int64_t window = cx->svc->set.guess_window;

	cx->retry_after = (int)(window - cx->now % window);
	if (n == b->limit + 1)
		e = event_add(cx, &(struct event){ .kind = "codes.limited",
				      .owner_id = owner_id,
				      .detail = b->bucket });
	return e != NULL ? e
			 : fail(cx, &ERR_TOO_MANY_TRIES,
			       "budget of %s is spent", b->bucket);
}

static ERR_FN
take_try(struct ctx *cx, const char *owner_id, const struct budget b[3])
{
	const struct err *e;
	int64_t n;
	int i;

	for (i = 0; i < 3; i++) {
		e = guess_take(
		    cx, b[i].bucket, b[i].key, cx->svc->set.guess_window, &n);
		if (e != NULL)
			return e;
		if (n > b[i].limit)
			return over_budget(cx, owner_id, &b[i], n);
	}
	return NULL;
}

static ERR_FN
give_back(struct ctx *cx, const struct budget b[3])
{
	const struct err *e = NULL;
	int i;

	for (i = 0; i < 3 && e == NULL; i++)
		e = guess_give_back(
		    cx, b[i].bucket, b[i].key, cx->svc->set.guess_window);
	return e;
}

/* A wrong code leaves a record, without the code. */
static ERR_FN
wrong_code(struct ctx *cx, const char *owner_id, const char *why)
{
	const struct err *e = event_add(cx,
	    &(struct event){
		.kind = "code.wrong", .owner_id = owner_id, .detail = why });

	return e != NULL ? e : fail(cx, &ERR_WRONG_CODE, "%s", why);
}

static void
fill_view(struct ctx *cx, const struct approval *a, const char *owner_id,
    struct consent_view *out)
{
	out->id = a->id;
	out->kind = a->kind;
	out->facts = a->facts;
	out->digest =
	    facts_digest(cx, a->id, a->key_sha256, owner_id, a->facts);
	out->account = owner_id;
	out->expires_at = a->expires_at;
}

const struct err *
consent_lookup(struct ctx *cx, const struct owner_caller *owner,
    const char *address, const char *user_code, struct consent_view *out)
{
	struct approval a;
	struct budget b[3];
	const struct err *e;
	uint8_t mac[32];

	budgets(cx, owner->owner_id, address, b);
	e = take_try(cx, owner->owner_id, b);
	if (e != NULL)
		return e;
	if (!code_user_mac(cx, user_code, mac))
		return wrong_code(cx, owner->owner_id, "not a user code");
	e = approval_show(cx, mac, owner->owner_id, &a);
	if (e == &ERR_NOT_FOUND)
		return wrong_code(cx, owner->owner_id,
		    "no open request of this code for this owner");
	if (e == NULL)
		e = give_back(cx, b);
	if (e != NULL)
		return e;
	fill_view(cx, &a, owner->owner_id, out);
	return NULL;
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
	struct approval a;
	struct budget b[3];
	int64_t birth, pending;
	const struct err *e;

	budgets(cx, owner->owner_id, address, b);
	e = take_try(cx, owner->owner_id, b);
	if (e != NULL)
		return e;
	if (!text_is_serial(bytes_str(in->serial)))
		return wrong_code(cx, owner->owner_id, "not a serial number");
	e = find_claimed(cx, in, &birth);
	if (e != NULL)
		return e;
	if (birth == 0)
		return wrong_code(
		    cx, owner->owner_id, "wrong claim code or serial number");
	e = approval_show_claim(cx, birth, owner->owner_id, &a, &pending);
	if (e == &ERR_NOT_FOUND)
		return wrong_code(
		    cx, owner->owner_id, "the unit is not asking now");
	if (e != NULL)
		return e;
	if (a.unit_owner_id != NULL)
		return wrong_code(cx, owner->owner_id,
		    "the unit is owned: a sticker overrides no owner");
	if (pending > 1) {
		e = event_add(cx, &(struct event){ .kind = "claim.two_keys",
				      .birth_id = birth,
				      .owner_id = owner->owner_id });
		return e != NULL ? e
				 : fail(cx, &ERR_UNIT_REFUSED,
				       "two keys ask for one unit");
	}
	e = give_back(cx, b);
	if (e != NULL)
		return e;
	fill_view(cx, &a, owner->owner_id, out);
	return NULL;
}

static ERR_FN
check_signature(struct ctx *cx, const struct owner_caller *owner,
    const char *id, const struct consent_decision *in)
{
	const char *text = arena_printf(cx->arena,
	    "latchkey-decision-v1\n%s\n%s\n%s", id, in->decision, in->digest);

	if (strcmp(in->decision, "approve") != 0 &&
	    strcmp(in->decision, "deny") != 0)
		return fail(cx, &ERR_BAD_DECISION, "decision is neither");
	if (!key_verify_es256(
		cx, owner->app_key, bytes_str(text), in->signature))
		return fail(cx, &ERR_BAD_DECISION_SIGNATURE,
		    "decision on %s is not signed by the app key", id);
	return NULL;
}

/* The locked request may be decided by this owner, as it was shown. */
static ERR_FN
check_open(struct ctx *cx, const struct approval *a,
    const struct owner_caller *owner, const struct consent_decision *in)
{
	const char *digest;

	if (a->shown_to == NULL || strcmp(a->shown_to, owner->owner_id) != 0)
		return fail(cx, &ERR_NOT_FOUND,
		    "approval %s was not shown to this owner", a->id);
	if (a->state != APPROVAL_PENDING || a->expires_at <= cx->now)
		return fail(cx, &ERR_DECIDED, "approval %s is over", a->id);
	digest =
	    facts_digest(cx, a->id, a->key_sha256, owner->owner_id, a->facts);
	if (!bytes_eq(bytes_str(digest), bytes_str(in->digest)))
		return fail(
		    cx, &ERR_FACTS_CHANGED, "digest is not what was shown");
	return NULL;
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

/* A repeat of the decision that this owner made. */
static bool
is_repeat(const struct approval *a, const struct owner_caller *owner, bool yes)
{
	bool was_yes =
	    a->state == APPROVAL_APPROVED || a->state == APPROVAL_CONSUMED;

	return a->owner_id != NULL &&
	       strcmp(a->owner_id, owner->owner_id) == 0 &&
	       (yes ? was_yes : a->state == APPROVAL_DENIED);
}

const struct err *
consent_decide(struct ctx *cx, const struct owner_caller *owner, const char *id,
    const struct consent_decision *in, struct consent_result *out)
{
	bool yes = strcmp(in->decision, "approve") == 0;
	const char *device_id = NULL;
	const struct err *e;
	struct approval a;
	TX tx = { .open = false };

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not an approval's id");
	e = check_signature(cx, owner, id, in);
	if (e != NULL)
		return e;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = approval_lock(cx, id, &a);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, e, "no approval %s", id);
	if (e != NULL)
		return e;
	out->id = a.id;
	out->state = yes ? "approved" : "denied";
	out->device_id = a.device_id;
	if (is_repeat(&a, owner, yes))
		return NULL;
	e = check_open(cx, &a, owner, in);
	if (e == NULL && yes)
		e = ownership_for(cx, &a, owner, &device_id);
	if (e == NULL)
		e = approval_decide(cx, &a, yes, owner->owner_id, device_id);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	out->device_id = device_id;
	live_decided(cx->svc->live, a.id);
	LOG(cx, "consent.decided", LOG_S("approval", a.id),
	    LOG_S("state", out->state));
	return NULL;
}
