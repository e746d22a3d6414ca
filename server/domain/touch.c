#include "domain/touch.h"

#include "base/arena.h"
#include "base/rng.h"
#include "domain/client.h"
#include "domain/svc.h"
#include "pki/mac.h"
#include "store/account.h"
#include "store/evidence.h"

/* When it ends, in seconds since 1970, big endian; randomness; the hash. */
#define TIME_BYTES 8
#define HEAD_BYTES 24
#define CHALLENGE_BYTES (HEAD_BYTES + MAC_BYTES)

#define NONCE_KEPT 60 /* seconds after its end */

const struct err ERR_TOUCH = { KIND_FORBIDDEN, "passkey-refused",
	"The passkey was not accepted for this: try again." };

static void
hash(struct ctx *cx, const struct touch *t, const uint8_t *head,
    uint8_t out[MAC_BYTES])
{
	const struct bytes parts[] = { bytes_str(t->action),
		bytes_str(t->account), bytes_str(t->target),
		bytes_str(cx->svc->set.issuer), { head, HEAD_BYTES } };

	mac_compute(cx->svc->mac, "passkey-challenge", parts, 5, out);
}

/* The host of the issuer's URL: passkeys are for it alone. */
static const char *
rp_id(struct ctx *cx)
{
	const char *host = strstr(cx->svc->set.issuer, "://");

	host = host == NULL ? cx->svc->set.issuer : host + 3;
	return arena_printf(cx->arena, "%.*s", (int)strcspn(host, ":/"), host);
}

void
touch_ask(struct ctx *cx, const struct touch *t, struct touch_challenge *out)
{
	uint8_t *p = arena_alloc(cx->arena, CHALLENGE_BYTES);
	size_t i;

	out->expires_at = cx->now + TOUCH_SECONDS;
	for (i = 0; i < TIME_BYTES; i++)
		p[i] = (uint8_t)((uint64_t)out->expires_at >>
				 (8 * (TIME_BYTES - 1 - i)));
	rng_bytes(p + TIME_BYTES, HEAD_BYTES - TIME_BYTES);
	hash(cx, t, p, p + HEAD_BYTES);
	out->challenge = (struct bytes){ p, CHALLENGE_BYTES };
	out->rp_id = rp_id(cx);
}

/* Ours, for this, and not over. */
static ERR_FN
check_challenge(struct ctx *cx, const struct touch *t, struct bytes challenge,
    int64_t *expires_at)
{
	uint8_t sum[MAC_BYTES];
	uint64_t end = 0;
	size_t i;

	if (challenge.n != CHALLENGE_BYTES)
		return fail(cx, &ERR_TOUCH, "challenge of another length");
	hash(cx, t, challenge.p, sum);
	if (!bytes_eq((struct bytes){ challenge.p + HEAD_BYTES, MAC_BYTES },
		BYTES_OF(sum)))
		return fail(cx, &ERR_TOUCH,
		    "the challenge is not ours, or not for this %s", t->action);
	for (i = 0; i < TIME_BYTES; i++)
		end = end << 8 | challenge.p[i];
	if ((uint64_t)cx->now >= end)
		return fail(cx, &ERR_TOUCH, "the challenge has ended");
	*expires_at = (int64_t)end;
	return NULL;
}

/* Once, and only after what answered to it was good (E3). */
static ERR_FN
spend(struct ctx *cx, struct bytes challenge, int64_t expires_at)
{
	const struct err *e;
	bool fresh = false;

	e = nonce_use(cx, challenge, expires_at + NONCE_KEPT, &fresh);
	if (e == NULL && !fresh)
		return fail(cx, &ERR_TOUCH, "the challenge was used");
	return e;
}

/* That of our own pages. */
static const char *const *
own_origins(struct ctx *cx)
{
	const char **origins = arena_alloc(cx->arena, 2 * sizeof(*origins));

	origins[0] = cx->svc->set.issuer;
	origins[1] = NULL;
	return origins;
}

/* The answer to t by the passkey, from one of the origins, and what is now
 * known of that. */
static ERR_FN
check_answer(struct ctx *cx, const struct touch *t, struct passkey *key,
    const struct touch_answer *in, const char *const *origins)
{
	struct passkey_want w = { rp_id(cx), origins, in->challenge };
	struct passkey_answer answer = { in->client_data,
		in->authenticator_data, in->signature };
	struct passkey_known known = { .key = key->cose_key,
		.sign_count = (uint32_t)key->sign_count };
	const struct err *e;
	int64_t expires_at;
	bool done = false;

	e = check_challenge(cx, t, in->challenge, &expires_at);
	if (e != NULL)
		return e;
	if (passkey_asserted(cx, &w, &answer, &known) != NULL)
		return &ERR_TOUCH;
	key->sign_count = known.sign_count;
	key->backup_eligible = known.backup_eligible;
	key->backed_up = known.backed_up;
	e = passkey_used(cx, key, &done);
	if (e == NULL && !done)
		return fail(cx, &ERR_TOUCH, "the counter was overtaken");
	return e != NULL ? e : spend(cx, in->challenge, expires_at);
}

static ERR_FN
find_passkey(struct ctx *cx, struct bytes credential_id, struct passkey *out)
{
	const struct err *e = passkey_get(cx, credential_id, out);

	return e == &ERR_NOT_FOUND ? fail(cx, &ERR_TOUCH, "unknown passkey")
				   : e;
}

static ERR_FN
find_own(struct ctx *cx, const struct touch *t, const struct touch_answer *in,
    struct passkey *out)
{
	const struct err *e = find_passkey(cx, in->credential_id, out);

	if (e == NULL && strcmp(out->owner_id, t->account) != 0)
		return fail(cx, &ERR_TOUCH, "the passkey of another account");
	return e;
}

const struct err *
touch_check(struct ctx *cx, const struct touch *t,
    const struct touch_answer *in, int64_t *since)
{
	struct passkey key;
	const struct err *e = find_own(cx, t, in, &key);

	if (e != NULL)
		return e;
	if (since != NULL)
		*since = key.created_at;
	return check_answer(cx, t, &key, in, own_origins(cx));
}

/* The same where an app of that client asked for the touch: by its pages or
 * its builds for phones (domain/client), and by nobody else. */
static ERR_FN
check_app(struct ctx *cx, const struct touch *t, const struct touch_answer *in,
    const char *client_id)
{
	struct passkey key;
	struct client client;
	const struct err *e = find_own(cx, t, in, &key);

	if (e == NULL)
		e = client_get(cx, client_id, &client);
	if (e != NULL)
		return e;
	return check_answer(
	    cx, t, &key, in, client_origins(cx, &client, rp_id(cx)));
}

const struct err *
touch_owner(struct ctx *cx, const struct owner_caller *owner,
    const struct touch *t, const struct touch_answer *in)
{
	if (owner->external)
		return owner->stepped_up
			   ? NULL
			   : fail(cx, &ERR_STEP_UP, "%s", t->action);
	if (owner->app_key.n > 0)
		return NULL;
	if (in == NULL)
		return fail(cx, &ERR_TOUCH, "%s without a touch", t->action);
	return owner->client_id != NULL ? check_app(cx, t, in, owner->client_id)
					: touch_check(cx, t, in, NULL);
}

const struct err *
touch_sign_in(
    struct ctx *cx, const struct touch_answer *in, const char **account)
{
	const struct touch t = TOUCH_SIGN_IN;
	const struct err *e;
	struct passkey key;

	e = find_passkey(cx, in->credential_id, &key);
	if (e == NULL)
		e = check_answer(cx, &t, &key, in, own_origins(cx));
	if (e == NULL)
		*account = key.owner_id;
	return e;
}

const struct err *
touch_created(struct ctx *cx, const struct touch *t,
    const struct touch_made *in, bool unspent, struct passkey_made *out)
{
	struct passkey_want w = { rp_id(cx), own_origins(cx), in->challenge };
	const struct err *e;
	int64_t expires_at;

	e = check_challenge(cx, t, in->challenge, &expires_at);
	if (e != NULL)
		return e;
	if (passkey_created(cx, &w, in->client_data, in->attestation, out) !=
	    NULL)
		return &ERR_TOUCH;
	return unspent ? spend(cx, in->challenge, expires_at) : NULL;
}
