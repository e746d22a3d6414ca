/*
 * An owner's touch of a passkey, for one action (SECURITY.md A7): the
 * challenge is a keyed hash of the action, what it is done to, the account,
 * an expiry and randomness.  Any node knows its service's challenges without
 * storing them; each is used once.
 */
#ifndef DOMAIN_TOUCH_H
#define DOMAIN_TOUCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"
#include "domain/passkey.h"

#define TOUCH_SECONDS 300

/* The question: what is to be done, by whom, to what.  The account is "" for
 * who is yet to sign in; target may be "". */
struct touch {
	const char *action, *account, *target;
};

#define TOUCH_SIGN_IN             \
	{                         \
		"sign-in", "", "" \
	}

/* The answer, as the page sends it. */
struct touch_answer {
	struct bytes challenge, credential_id;
	struct bytes client_data, authenticator_data, signature;
};

struct touch_challenge {
	struct bytes challenge;
	int64_t expires_at;
	const char *rp_id;
};

/* "passkey-refused", FORBIDDEN; the reason is the operator's. */
extern const struct err ERR_TOUCH;

void
touch_ask(struct ctx *cx, const struct touch *t, struct touch_challenge *out);

/* Judges an answer by a passkey of the account, within the transaction of
 * what it allows, and uses the challenge up; *since (may be NULL) is when that
 * passkey was added. */
ERR_FN touch_check(struct ctx *cx, const struct touch *t,
    const struct touch_answer *in, int64_t *since);

/* That the owner does this now, and themselves (A7), by what their account
 * has for that: a touch of a passkey, to an app of ours also from where that is
 * at home; at the platform's own identity provider a sign-in that is fresh and
 * strong enough, else ERR_STEP_UP (RFC 9470); or the key of a development app,
 * which signs each request.  in is NULL where no touch was sent.  Credentials
 * are not changed by this: only passkeys add and remove passkeys (P4). */
ERR_FN touch_owner(struct ctx *cx, const struct owner_caller *owner,
    const struct touch *t, const struct touch_answer *in);

/* The same for who signs in: *account is whose passkey it was. */
ERR_FN touch_sign_in(
    struct ctx *cx, const struct touch_answer *in, const char **account);

/* A new passkey, made in answer to the challenge; unspent says that no
 * touch_check has used that up already. */
struct touch_made {
	struct bytes challenge, client_data, attestation;
};
ERR_FN touch_created(struct ctx *cx, const struct touch *t,
    const struct touch_made *in, bool unspent, struct passkey_made *out);

#endif
