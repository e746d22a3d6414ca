/*
 * Accounts with passkeys: signing up and in, further passkeys, recovery codes
 * (SECURITY.md P4), and leaving.  An account is an owner; its id stays when
 * what tells who it was is erased (V1).
 */
#ifndef DOMAIN_ACCOUNT_H
#define DOMAIN_ACCOUNT_H

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/session.h"
#include "domain/touch.h"
#include "store/account.h"

#define ACCOUNT_HOLD_SECONDS (72 * 3600)
#define RECOVERY_CODES 8

/* "account-held", FORBIDDEN: a recovery code was used in the last 72 hours. */
extern const struct err ERR_ACCOUNT_HELD;

/* What a page asks touches for (action), beside signing in and up. */
/* Each to its target, or "". */
#define TOUCH_APPROVE "approve"
#define TOUCH_DENY "deny"
#define TOUCH_RELEASE "release"
#define TOUCH_LOST "lost"
#define TOUCH_FOUND "found"
#define TOUCH_ADD "passkey-add"
#define TOUCH_REMOVE "passkey-remove"
#define TOUCH_CODES "recovery-codes"
#define TOUCH_DELETE "account-delete"
#define TOUCH_TRANSFER "transfer"
#define TOUCH_ACCEPT "accept"
#define TOUCH_INVITE "invite"
#define TOUCH_JOIN "join"

struct account_new {
	const char *account; /* the id that the challenge is for */
	const char *name, *passkey;
	struct touch_made made;
};

struct signed_in {
	struct session session;
	const char *account;
};

/* A fresh id for an account, and the challenge to make its passkey with. */
ERR_FN account_ask_sign_up(struct ctx *cx, const char *address,
    const char **account, struct touch_challenge *out);
ERR_FN account_sign_up(
    struct ctx *cx, const struct account_new *in, struct signed_in *out);

void account_ask_sign_in(struct ctx *cx, struct touch_challenge *out);
ERR_FN account_sign_in(
    struct ctx *cx, const struct touch_answer *in, struct signed_in *out);

/* Uses a recovery code up: a session that may add a passkey, and three days
 * without yes, release or transfer. */
ERR_FN account_recover(struct ctx *cx, const char *address, const char *code,
    struct signed_in *out);

/* What its owner sees of it. */
ERR_FN account_view(struct ctx *cx, const char *id, struct account *out);
ERR_FN account_passkeys(struct ctx *cx, const char *id,
    struct passkey out[LIMIT_PASSKEYS], size_t *n);

/* ERR_ACCOUNT_HELD while it is. */
ERR_FN account_check_hold(struct ctx *cx, const char *account);

/* A challenge for one action on one target of the signed-in owner. */
ERR_FN account_ask(struct ctx *cx, const struct owner_caller *owner,
    const char *action, const char *target, struct touch_challenge *out);

/* Adds a passkey: by the touch of an existing one, or in a session that a
 * recovery code opened.  Both answer to the same challenge. */
struct account_passkey {
	const char *name;
	const struct touch_answer *touch; /* NULL: by recovery */
	struct touch_made made;
};
ERR_FN account_add_passkey(struct ctx *cx, const struct owner_caller *owner,
    const struct account_passkey *in);

/* Removes one, never the last; whoever is signed in elsewhere is signed out. */
ERR_FN account_remove_passkey(struct ctx *cx, const struct owner_caller *owner,
    const char *id, const struct touch_answer *touch);

/* Fresh recovery codes in place of all others, to be shown once. */
ERR_FN account_new_codes(struct ctx *cx, const struct owner_caller *owner,
    const struct touch_answer *touch, const char *codes[RECOVERY_CODES]);

/* Releases every device, then erases. */
ERR_FN account_delete(struct ctx *cx, const struct owner_caller *owner,
    const struct touch_answer *touch);

/* The same at an operator's word, for an owner who asks in another way (V1).
 * ERR_NOT_FOUND. */
ERR_FN account_erase_by(
    struct ctx *cx, const struct admin_caller *by, const char *account);

#endif
