#include "domain/account.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/net.h"
#include "base/rng.h"
#include "base/text.h"
#include "domain/budget.h"
#include "domain/code.h"
#include "domain/kept.h"
#include "domain/lineage.h"
#include "domain/ownership.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/feed.h"
#include "store/grant.h"
#include "store/guess.h"

#define SIGN_UPS_PER_ADDRESS 50
#define RELEASE_AT_ONCE 100

const struct err ERR_ACCOUNT_HELD = { KIND_FORBIDDEN, "account-held",
	"A recovery code was used: for 72 hours nothing can be approved, "
	"released or transferred." };
static const struct err ERR_BAD_NAME = { KIND_INVALID, "bad-name",
	"A name is 1 to 64 visible characters." };
static const struct err ERR_SIGN_UPS = { KIND_BUSY, "too-many-accounts",
	"Too many accounts were made from here: wait some minutes." };
static const struct err ERR_RECOVERY = { KIND_NOT_FOUND, "wrong-code",
	"This is no recovery code, or it was used." };
static const struct err ERR_BAD_ACTION = { KIND_INVALID, "bad-action",
	"There is no such action." };
static const struct err ERR_PASSKEYS = { KIND_CONFLICT, "passkey-count",
	"An account has from 1 to 20 passkeys." };
static const struct err ERR_PASSKEY_KNOWN = { KIND_CONFLICT, "passkey-known",
	"This passkey belongs to an account already." };
static const struct err ERR_YOUNG = { KIND_FORBIDDEN, "passkey-young",
	"After a recovery, use a passkey that was there before, or wait 72 "
	"hours." };

static const struct err ERR_EXTERNAL = { KIND_CONFLICT, "external-account",
	"You sign in with the platform's identity provider: passkeys and "
	"recovery codes are kept there." };

#define NAME_MAX_BYTES 64

static ERR_FN
check_name(struct ctx *cx, const char *name)
{
	if (strlen(name) > NAME_MAX_BYTES || !text_is_name(bytes_str(name)))
		return fail(cx, &ERR_BAD_NAME, "a name that is none");
	return NULL;
}

static struct touch
sign_up_touch(const char *account)
{
	return (struct touch){ "sign-up", "", account };
}

/* Whoever makes accounts in numbers does so slowly. */
static ERR_FN
take_sign_up(struct ctx *cx, const char *address)
{
	int64_t window = cx->svc->set.guess_window, n;
	const struct err *e;
	uint8_t key[32];

	code_guess_key(cx, "sign-up", net_prefix(cx->arena, address), key);
	e = guess_take(cx, "sign-up", key, window, &n);
	if (e != NULL || n <= SIGN_UPS_PER_ADDRESS)
		return e;
	e = guess_wait(cx, "sign-up", key, window, &n);
	if (e != NULL)
		return e;
	cx->retry_after = (int)n;
	return fail(cx, &ERR_SIGN_UPS, "%d accounts asked for from there",
	    SIGN_UPS_PER_ADDRESS);
}

const struct err *
account_ask_sign_up(struct ctx *cx, const char *address, const char **account,
    struct touch_challenge *out)
{
	const struct err *e = take_sign_up(cx, address);
	char id[UUID_TEXT_BYTES];
	struct touch t;

	if (e != NULL)
		return e;
	rng_uuid(id);
	*account = arena_strdup(cx->arena, id);
	t = sign_up_touch(*account);
	touch_ask(cx, &t, out);
	return NULL;
}

/* Within the transaction of what it is part of. */
static ERR_FN
store_passkey(struct ctx *cx, const char *account, const char *name,
    const struct passkey_made *made)
{
	char id[UUID_TEXT_BYTES];
	struct passkey p = { .owner_id = account,
		.name = name,
		.credential_id = made->credential_id,
		.cose_key = made->key,
		.sign_count = made->sign_count,
		.backup_eligible = made->backup_eligible,
		.backed_up = made->backed_up };
	const struct err *e;

	rng_uuid(id);
	p.id = id;
	e = passkey_add(cx, &p);
	return e == &ERR_CONFLICT
		   ? fail(cx, &ERR_PASSKEY_KNOWN, "the credential is known")
		   : e;
}

static ERR_FN
record(struct ctx *cx, const char *kind, const char *account)
{
	return event_add(
	    cx, &(struct event){ .kind = kind, .owner_id = account });
}

const struct err *
account_sign_up(
    struct ctx *cx, const struct account_new *in, struct signed_in *out)
{
	struct touch t = sign_up_touch(in->account);
	struct passkey_made made;
	const struct err *e;
	TX tx = { .open = false };

	e = check_name(cx, in->name);
	if (e == NULL)
		e = check_name(cx, in->passkey);
	if (e == NULL && !text_is_uuid(bytes_str(in->account)))
		return fail(cx, &ERR_TOUCH, "not an account's id");
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_created(cx, &t, &in->made, true, &made);
	if (e == NULL)
		e = account_add(cx, in->account, in->name);
	if (e == NULL)
		e = store_passkey(cx, in->account, in->passkey, &made);
	if (e == NULL)
		e = session_open(cx, in->account, false, &out->session);
	if (e == NULL)
		e = record(cx, "account.created", in->account);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	out->account = in->account;
	LOG(cx, "account.created", LOG_S("owner", in->account));
	return NULL;
}

void
account_ask_sign_in(struct ctx *cx, struct touch_challenge *out)
{
	const struct touch t = TOUCH_SIGN_IN;

	touch_ask(cx, &t, out);
}

const struct err *
account_sign_in(
    struct ctx *cx, const struct touch_answer *in, struct signed_in *out)
{
	struct account a;
	const struct err *e;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_sign_in(cx, in, &out->account);
	if (e == NULL)
		e = account_get(cx, out->account, false, &a);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_TOUCH, "the account is disabled");
	if (e == NULL)
		e = session_open(cx, out->account, false, &out->session);
	if (e == NULL)
		e = record(cx, "account.signed_in", out->account);
	return e != NULL ? e : tx_commit(&tx);
}

/* What comes of the code, within its try. */
static ERR_FN
use_code(struct ctx *cx, const uint8_t mac[32], struct signed_in *out)
{
	const struct err *e = recovery_take(cx, mac, &out->account);
	struct account a;

	if (e == NULL)
		e = account_get(cx, out->account, true, &a);
	if (e == NULL)
		e = account_hold(cx, out->account, ACCOUNT_HOLD_SECONDS);
	if (e == NULL)
		e = session_open(cx, out->account, true, &out->session);
	return e != NULL ? e : record(cx, "account.recovered", out->account);
}

const struct err *
account_recover(struct ctx *cx, const char *address, const char *code,
    struct signed_in *out)
{
	TX tx = { .open = false };
	struct budget_try try = { .address = address, .tx = &tx };
	const struct err *e;
	uint8_t mac[32];

	e = budget_begin(cx, &try);
	if (e != NULL)
		return e;
	e = code_long_mac(cx, CODE_RECOVERY, code, mac) ? use_code(cx, mac, out)
							: &ERR_NOT_FOUND;
	if (e == NULL)
		return budget_right(cx, &try);
	if (e != &ERR_NOT_FOUND)
		return e;
	e = budget_wrong(
	    cx, &try, &(struct event){ .kind = "account.wrong_recovery_code" });
	return e != NULL ? e : fail(cx, &ERR_RECOVERY, "no such code");
}

const struct err *
account_view(struct ctx *cx, const char *id, struct account *out)
{
	return account_get(cx, id, false, out);
}

const struct err *
account_passkeys(struct ctx *cx, const char *id,
    struct passkey out[LIMIT_PASSKEYS], size_t *n)
{
	return passkey_list(cx, id, out, n);
}

const struct err *
account_check_hold(struct ctx *cx, const char *account)
{
	struct account a;
	const struct err *e = account_get(cx, account, false, &a);

	if (e == NULL && a.held)
		return fail(cx, &ERR_ACCOUNT_HELD, "held until %lld",
		    (long long)a.held_until);
	return e;
}

const struct err *
account_ask(struct ctx *cx, const struct owner_caller *owner,
    const char *action, const char *target, struct touch_challenge *out)
{
	static const char *const actions[] = { TOUCH_APPROVE, TOUCH_DENY,
		TOUCH_RELEASE, TOUCH_LOST, TOUCH_FOUND, TOUCH_ADD, TOUCH_REMOVE,
		TOUCH_CODES, TOUCH_DELETE, TOUCH_TRANSFER, TOUCH_ACCEPT,
		TOUCH_INVITE, TOUCH_JOIN };
	struct touch t = { action, owner->owner_id, target };
	size_t i, n = sizeof(actions) / sizeof(actions[0]);

	for (i = 0; i < n && strcmp(actions[i], action) != 0; i++)
		;
	if (i == n)
		return fail(cx, &ERR_BAD_ACTION, "action %.40s", action);
	touch_ask(cx, &t, out);
	return NULL;
}

/* After a recovery, a passkey that came with it does not throw out those that
 * were there: whoever found a code would own the account (P4). */
static ERR_FN
check_change(struct ctx *cx, const struct owner_caller *owner,
    const char *action, const char *target, const struct touch_answer *touch,
    struct account *a)
{
	struct touch t = { action, owner->owner_id, target };
	const struct err *e = account_get(cx, owner->owner_id, true, a);
	int64_t since = 0;

	if (owner->external)
		return fail(cx, &ERR_EXTERNAL, "%s", action);
	if (e == NULL && touch == NULL)
		return fail(cx, &ERR_TOUCH, "%s without a touch", action);
	if (e == NULL)
		e = touch_check(cx, &t, touch, &since);
	if (e == NULL && a->held && since >= a->recovered_at)
		return fail(cx, &ERR_YOUNG, "passkey of after the recovery");
	return e;
}

const struct err *
account_add_passkey(struct ctx *cx, const struct owner_caller *owner,
    const struct account_passkey *in)
{
	struct touch t = { TOUCH_ADD, owner->owner_id, "" };
	struct passkey_made made;
	const struct err *e;
	struct account a;
	TX tx = { .open = false };

	e = check_name(cx, in->name);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = account_get(cx, owner->owner_id, true, &a);
	if (e == NULL && a.passkeys >= LIMIT_PASSKEYS)
		return fail(cx, &ERR_PASSKEYS, "passkeys are full");
	if (e == NULL && in->touch == NULL && !owner->recovery)
		return fail(cx, &ERR_TOUCH, "no touch of an existing passkey");
	if (e == NULL && in->touch != NULL &&
	    !bytes_eq(in->touch->challenge, in->made.challenge))
		return fail(cx, &ERR_TOUCH, "answers to two challenges");
	if (e == NULL && in->touch != NULL)
		e = touch_check(cx, &t, in->touch, NULL);
	if (e == NULL)
		e = touch_created(cx, &t, &in->made, in->touch == NULL, &made);
	if (e == NULL)
		e = store_passkey(cx, owner->owner_id, in->name, &made);
	if (e == NULL)
		e = record(cx, "passkey.added", owner->owner_id);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
account_remove_passkey(struct ctx *cx, const struct owner_caller *owner,
    const char *id, const struct touch_answer *touch)
{
	const struct err *e;
	struct account a;
	bool done = false;
	TX tx = { .open = false };

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "not a passkey's id");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_change(cx, owner, TOUCH_REMOVE, id, touch, &a);
	if (e == NULL && a.passkeys < 2)
		return fail(cx, &ERR_PASSKEYS, "the last one");
	if (e == NULL)
		e = passkey_remove(cx, owner->owner_id, id, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_NOT_FOUND, "no such passkey");
	/* Who has what it was on is signed out, and so is every app there. */
	if (e == NULL)
		e = session_close_others(cx, owner->owner_id, owner->cookie);
	if (e == NULL)
		e = family_end_all(cx, owner->owner_id);
	if (e == NULL)
		e = record(cx, "passkey.removed", owner->owner_id);
	if (e == NULL)
		e = feed_removed(cx, "passkey", id, 0);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	/* Other nodes hear of it. */
	kept_forget(cx->svc->introspected);
	return lineage_settle(cx);
}

const struct err *
account_new_codes(struct ctx *cx, const struct owner_caller *owner,
    const struct touch_answer *touch, const char *codes[RECOVERY_CODES])
{
	uint8_t macs[RECOVERY_CODES][32];
	const struct err *e;
	struct account a;
	size_t i;
	TX tx = { .open = false };

	for (i = 0; i < RECOVERY_CODES; i++) {
		codes[i] = code_long_new(cx);
		(void)code_long_mac(cx, CODE_RECOVERY, codes[i], macs[i]);
	}
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_change(cx, owner, TOUCH_CODES, "", touch, &a);
	if (e == NULL)
		e = recovery_replace(cx, owner->owner_id,
		    (const uint8_t(*)[32])macs, RECOVERY_CODES);
	if (e == NULL)
		e = record(cx, "account.recovery_codes", owner->owner_id);
	return e != NULL ? e : tx_commit(&tx);
}

/* All that the owner has; each is a commit of its own. */
static ERR_FN
release_all(struct ctx *cx, const char *account)
{
	const struct owner_caller owner = { .owner_id = account };
	const struct err *e;
	struct device *d;
	size_t i, n;

	do {
		e = ownership_list(cx, &owner, NULL, RELEASE_AT_ONCE, &d, &n);
		for (i = 0; i < n && e == NULL; i++)
			e = ownership_end(cx, account, d[i].id);
	} while (e == NULL && n == RELEASE_AT_ONCE);
	return e;
}

static ERR_FN
erase_now(struct ctx *cx, const char *account, const char *admin_token_id)
{
	const struct event ev = { .kind = "account.erased",
		.owner_id = account,
		.admin_token_id = admin_token_id };
	const struct err *e = release_all(cx, account);
	TX tx = { .open = false };

	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = account_erase(cx, account);
	if (e == NULL)
		e = event_add(cx, &ev);
	if (e == NULL)
		e = feed_removed(cx, "account", account, 0);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e != NULL)
		return e;
	LOG(cx, ev.kind, LOG_S("owner", account));
	return lineage_settle(cx);
}

const struct err *
account_erase_by(
    struct ctx *cx, const struct admin_caller *by, const char *account)
{
	const struct err *e;
	struct account a;

	if (!text_is_uuid(bytes_str(account)))
		return fail(cx, &ERR_NOT_FOUND, "not an owner's id");
	e = account_get(cx, account, false, &a);
	return e != NULL ? e : erase_now(cx, account, by->token_id);
}

const struct err *
account_delete(struct ctx *cx, const struct owner_caller *owner,
    const struct touch_answer *touch)
{
	const struct touch t = { TOUCH_DELETE, owner->owner_id, "" };
	struct account a = { .held = false };
	const struct err *e;
	TX tx = { .open = false };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = owner->external
			? touch_owner(cx, owner, &t, touch)
			: check_change(cx, owner, TOUCH_DELETE, "", touch, &a);
	/* It releases every device. */
	if (e == NULL && a.held)
		return fail(cx, &ERR_ACCOUNT_HELD, "held");
	if (e == NULL)
		e = session_close_others(cx, owner->owner_id, owner->cookie);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : erase_now(cx, owner->owner_id, NULL);
}
