#include "domain/grant.h"

#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "codec/form.h"
#include "domain/code.h"
#include "domain/oauth.h"
#include "domain/pace.h"
#include "domain/prompt.h"
#include "domain/scope.h"
#include "domain/session.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "store/account.h"
#include "store/event.h"
#include "store/grant.h"

#define PUSHED_SECONDS 60
#define SHOWN_SECONDS 600
#define CODE_SECONDS 60
#define FAMILY_SECONDS (90 * INT64_C(86400))
#define LIMIT_OPAQUE 512 /* characters of state and nonce */
#define REQUEST_URN "urn:ietf:params:oauth:request_uri:"
#define PURPOSE "authorization"

const struct err ERR_UNSUPPORTED_RESPONSE_TYPE = { KIND_INVALID,
	"unsupported_response_type", "The only response type is code." };
const struct err ERR_INVALID_TARGET = { KIND_INVALID, "invalid_target",
	"The only resource is this service." };
const struct err ERR_LOGIN_REQUIRED = { KIND_INVALID, "login_required",
	"The owner has to be asked." };
const struct err ERR_REQUEST_NOT_SUPPORTED = { KIND_INVALID,
	"request_not_supported", "Signed requests are not offered." };
const struct err ERR_INVALID_REQUEST_URI = { KIND_INVALID,
	"invalid_request_uri", "The request URI is unknown, used or expired." };
const struct err ERR_REDIRECT = { KIND_INVALID, "invalid_request",
	"The app is unknown, or asks to be answered where it is not at home." };
static const struct err ERR_SIGN_IN = { KIND_FORBIDDEN, "sign-in-required",
	"Only an owner who signed in here may let an app in." };
static const struct err ERR_SIGN_IN_AGAIN = { KIND_UNAUTHENTICATED,
	"sign-in-again", "The app asks that you sign in again." };

bool
pkce_verifier_ok(const char *verifier)
{
	size_t n = strlen(verifier);

	return n >= 43 && n <= 128 &&
	       strspn(verifier,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789-._~") == n;
}

bool
pkce_matches(const char *verifier, struct bytes challenge)
{
	uint8_t hash[SHA256_BYTES];

	digest_sha256(bytes_str(verifier), hash);
	return bytes_eq(BYTES_OF(hash), challenge);
}

static const char *
handle_new(struct ctx *cx, uint8_t mac[32])
{
	const char *handle = code_device_new(cx);

	code_app_mac(cx, PURPOSE, handle, mac);
	return handle;
}

/* The app's URI with these parameters, and the issuer (RFC 9207). */
static const char *
answer_at(struct ctx *cx, const struct authorization *a, const char *params)
{
	return arena_printf(cx->arena, "%s%c%s&iss=%s%s%s", a->redirect_uri,
	    strchr(a->redirect_uri, '?') == NULL ? '?' : '&', params,
	    form_escape(cx, cx->svc->set.issuer),
	    a->state == NULL ? "" : "&state=",
	    a->state == NULL ? "" : form_escape(cx, a->state));
}

static const char *
refusal_at(struct ctx *cx, const struct authorization *a, const struct err *e)
{
	return answer_at(cx, a,
	    arena_printf(cx->arena, "error=%s&error_description=%s", e->code,
		form_escape(cx, e->title)));
}

static bool
is(const char *value, const char *word)
{
	return value != NULL && strcmp(value, word) == 0;
}

/* A SHA-256 in base64url. */
static bool
read_hash(struct ctx *cx, const char *text, struct bytes *out)
{
	return bytes_from_b64u(cx->arena, bytes_str(text), out) &&
	       out->n == SHA256_BYTES;
}

static ERR_FN
read_scope(struct ctx *cx, const struct client *client, const char *asked,
    const char **scope)
{
	unsigned may, want;

	if (!scope_parse(client->scope, &may))
		return fail(cx, &ERR_INTERNAL, "client %s: scope", client->id);
	want = may;
	if (asked != NULL && !scope_parse(asked, &want))
		return fail(cx, &ERR_INVALID_SCOPE, "unknown scope");
	if ((want & ~may) != 0)
		return fail(cx, &ERR_INVALID_SCOPE, "more than the client's");
	*scope = scope_text(cx, want);
	return NULL;
}

static ERR_FN
read_pkce(struct ctx *cx, const struct grant_in *in, struct authorization *out)
{
	if (in->code_challenge == NULL ||
	    !is(in->code_challenge_method, "S256"))
		return fail(cx, &ERR_INVALID_REQUEST, "PKCE: not by S256");
	if (!read_hash(cx, in->code_challenge, &out->code_challenge))
		return fail(cx, &ERR_INVALID_REQUEST, "PKCE: no SHA-256");
	if (in->dpop_jkt != NULL && !read_hash(cx, in->dpop_jkt, &out->jkt))
		return fail(cx, &ERR_INVALID_REQUEST, "dpop_jkt: no SHA-256");
	return NULL;
}

/* How fresh the owner's sign-in has to be. */
static ERR_FN
read_prompt(struct ctx *cx, const struct grant_in *in, int64_t *max_age)
{
	unsigned prompt = 0;

	*max_age = -1;
	if (in->prompt != NULL && !prompt_parse(in->prompt, &prompt))
		return fail(cx, &ERR_INVALID_REQUEST, "prompt");
	if (in->max_age != NULL && !max_age_parse(in->max_age, max_age))
		return fail(cx, &ERR_INVALID_REQUEST, "max_age");
	if ((prompt & (PROMPT_LOGIN | PROMPT_SELECT_ACCOUNT)) != 0)
		*max_age = 0;
	/* The owner is asked each time. */
	if ((prompt & PROMPT_NONE) != 0)
		return fail(cx, &ERR_LOGIN_REQUIRED, "prompt=none");
	return NULL;
}

/* Whoever signed in since the app asked has done what can be done. */
static ERR_FN
check_fresh(struct ctx *cx, const struct owner_caller *owner,
    const struct authorization *a)
{
	if (a->max_age < 0 || owner->signed_in_at >= a->asked_at ||
	    (a->max_age > 0 && cx->now - owner->signed_in_at <= a->max_age))
		return NULL;
	return fail(cx, &ERR_SIGN_IN_AGAIN, "signed in %lld s ago",
	    (long long)(cx->now - owner->signed_in_at));
}

/* Everything but who asks and where they are answered. */
static ERR_FN
read_question(struct ctx *cx, const struct client *client,
    const struct grant_in *in, struct authorization *out)
{
	const struct err *e;

	if (in->request != NULL)
		return fail(cx, &ERR_REQUEST_NOT_SUPPORTED, "request");
	if (in->response_type == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no response_type");
	if (!is(in->response_type, "code"))
		return fail(cx, &ERR_UNSUPPORTED_RESPONSE_TYPE, "not code");
	if (in->response_mode != NULL && !is(in->response_mode, "query"))
		return fail(cx, &ERR_INVALID_REQUEST, "response_mode");
	if (in->resource != NULL && !is(in->resource, cx->svc->set.issuer))
		return fail(cx, &ERR_INVALID_TARGET, "resource is another");
	if ((in->state != NULL && strlen(in->state) > LIMIT_OPAQUE) ||
	    (in->nonce != NULL && strlen(in->nonce) > LIMIT_OPAQUE))
		return fail(cx, &ERR_INVALID_REQUEST, "state or nonce: long");
	e = read_pkce(cx, in, out);
	if (e == NULL)
		e = read_scope(cx, client, in->scope, &out->scope);
	return e != NULL ? e : read_prompt(cx, in, &out->max_age);
}

static ERR_FN
read_redirect(struct ctx *cx, const struct client *client,
    const struct grant_in *in, struct authorization *out)
{
	*out = (struct authorization){ .client_id = client->id,
		.client_name = client->name,
		.redirect_uri = in->redirect_uri,
		.nonce = in->nonce,
		.asked_at = cx->now };
	/* What is too long to be kept is not sent back either. */
	if (in->state == NULL || strlen(in->state) <= LIMIT_OPAQUE)
		out->state = in->state;
	if (in->redirect_uri == NULL ||
	    !client_has_redirect(client->redirect_uris, in->redirect_uri))
		return fail(
		    cx, &ERR_REDIRECT, "client %s: redirect_uri", client->id);
	return NULL;
}

const struct err *
grant_push(struct ctx *cx, const struct client *client,
    const struct grant_in *in, const struct dpop_proof *proof,
    struct grant_pushed *out)
{
	struct bytes jkt = proof == NULL ? BYTES_NONE : BYTES_OF(proof->jkt);
	struct authorization a;
	const struct err *e;
	const char *handle;
	uint8_t mac[32];

	if (in->request_uri != NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "request_uri in PAR");
	e = read_redirect(cx, client, in, &a);
	if (e == NULL)
		e = read_question(cx, client, in, &a);
	if (e != NULL)
		return e;
	if (jkt.n > 0 && a.jkt.n > 0 && !bytes_eq(jkt, a.jkt))
		return fail(
		    cx, &ERR_INVALID_REQUEST, "dpop_jkt is not the proof's");
	if (jkt.n > 0)
		a.jkt = jkt;
	/* Anybody can say that they are a public client. */
	if (client->key.n == 0)
		e = pace_question(cx, in->address);
	if (e == NULL && proof != NULL)
		e = dpop_use(cx, proof);
	if (e != NULL)
		return e;
	handle = handle_new(cx, mac);
	out->request_uri = arena_printf(cx->arena, REQUEST_URN "%s", handle);
	out->expires_in = PUSHED_SECONDS;
	return authorization_add(cx, &a, mac, true, cx->now + PUSHED_SECONDS);
}

static const char *
page_of(struct ctx *cx, const char *handle)
{
	/* In a fragment, it reaches no server's log. */
	return arena_printf(
	    cx->arena, "%s/authorize#%s", cx->svc->set.issuer, handle);
}

/* What was pushed, once; other parameters than these two are ignored (RFC
 * 9101 section 6.3). */
static ERR_FN
ask_pushed(struct ctx *cx, const struct grant_in *in, const char **location)
{
	const char *urn = in->request_uri;
	uint8_t old_mac[32], mac[32];
	const char *handle = handle_new(cx, mac);
	const struct err *e;
	bool done;

	if (strncmp(urn, REQUEST_URN, strlen(REQUEST_URN)) != 0)
		return fail(cx, &ERR_INVALID_REQUEST_URI, "none of ours");
	code_app_mac(cx, PURPOSE, urn + strlen(REQUEST_URN), old_mac);
	e = authorization_show(cx,
	    &(struct authorization_shown){
		old_mac, mac, in->client_id, cx->now + SHOWN_SECONDS },
	    &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_INVALID_REQUEST_URI, "unknown, used, over");
	if (e == NULL)
		*location = page_of(cx, handle);
	return e;
}

static bool
is_for_the_app(const struct err *e)
{
	return e->kind == KIND_INVALID;
}

const struct err *
grant_ask(struct ctx *cx, const struct grant_in *in, const char **location)
{
	struct authorization a;
	struct client client;
	const struct err *e;
	const char *handle;
	uint8_t mac[32];

	if (in->client_id == NULL)
		return fail(cx, &ERR_REDIRECT, "no client_id");
	e = client_get(cx, in->client_id, &client);
	if (e == &ERR_NOT_FOUND || (e == NULL && client.withdrawn))
		return fail(
		    cx, &ERR_REDIRECT, "no client %.64s", in->client_id);
	if (e == NULL && in->request_uri != NULL)
		return ask_pushed(cx, in, location);
	if (e == NULL)
		e = read_redirect(cx, &client, in, &a);
	if (e != NULL)
		return e;
	e = read_question(cx, &client, in, &a);
	if (e != NULL && is_for_the_app(e)) {
		*location = refusal_at(cx, &a, e);
		return NULL;
	}
	if (e == NULL)
		e = pace_question(cx, in->address);
	if (e != NULL)
		return e;
	handle = handle_new(cx, mac);
	*location = page_of(cx, handle);
	return authorization_add(cx, &a, mac, false, cx->now + SHOWN_SECONDS);
}

static ERR_FN
find(struct ctx *cx, const char *handle, uint8_t mac[32],
    struct authorization *out)
{
	const struct err *e;

	code_app_mac(cx, PURPOSE, handle, mac);
	e = authorization_get(cx, mac, out);
	return e == &ERR_NOT_FOUND ? fail(cx, e, "no such question") : e;
}

const struct err *
grant_show(struct ctx *cx, const struct owner_caller *owner, const char *handle,
    struct grant_view *out)
{
	struct authorization a;
	uint8_t mac[32];
	const struct err *e = find(cx, handle, mac, &a);
	const char *path;

	if (e == NULL)
		e = check_fresh(cx, owner, &a);
	if (e != NULL)
		return e;
	path = strchr(strstr(a.redirect_uri, "://") + 3, '/');
	*out = (struct grant_view){
		.client_id = a.client_id,
		.client_name = a.client_name,
		.scope = a.scope,
		.redirect_host = arena_printf(cx->arena, "%.*s",
		    (int)(path - a.redirect_uri), a.redirect_uri),
	};
	return NULL;
}

/* The yes, within the transaction that ends the question. */
static ERR_FN
give_code(struct ctx *cx, const struct authorization *a,
    const struct owner_caller *owner, const char **location)
{
	const char *code = code_device_new(cx);
	char id[UUID_TEXT_BYTES];
	uint8_t mac[32];

	rng_uuid(id);
	code_app_mac(cx, "authorization-code", code, mac);
	*location = answer_at(
	    cx, a, arena_printf(cx->arena, "code=%s", form_escape(cx, code)));
	return family_add(cx,
	    &(struct family){
		.id = id,
		.client_id = a->client_id,
		.owner_id = owner->owner_id,
		.scope = a->scope,
		.nonce = a->nonce,
		.code_challenge = a->code_challenge,
		.code_expires_at = cx->now + CODE_SECONDS,
		.redirect_uri = a->redirect_uri,
		.jkt = a->jkt,
		.signed_in_at = owner->signed_in_at,
		.expires_at = cx->now + FAMILY_SECONDS,
	    },
	    mac);
}

/* Whoever signs an owner out holds the account: they wait for this, or this
 * sees it (A3). */
static ERR_FN
check_signed_in(struct ctx *cx, const struct owner_caller *owner)
{
	struct owner_caller now;
	struct account a;
	const struct err *e = account_get(cx, owner->owner_id, true, &a);

	return e != NULL || owner->cookie == NULL
		   ? e
		   : session_judge(cx, owner->cookie, &now);
}

const struct err *
grant_decide(struct ctx *cx, const struct owner_caller *owner,
    const char *handle, bool allow, const char **location)
{
	struct authorization a;
	const struct err *e;
	uint8_t mac[32];
	bool done = false;
	TX tx = { 0 };

	if (owner->client_id != NULL || owner->external)
		return fail(cx, &ERR_SIGN_IN, "an app asks for an app");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = check_signed_in(cx, owner);
	if (e == NULL)
		e = find(cx, handle, mac, &a);
	if (e == NULL)
		e = check_fresh(cx, owner, &a);
	if (e == NULL)
		e = authorization_end(cx, mac, &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_NOT_FOUND, "answered meanwhile");
	if (e == NULL && allow)
		e = give_code(cx, &a, owner, location);
	if (e == NULL && !allow) {
		*location = refusal_at(cx, &a, &ERR_ACCESS_DENIED);
		e = event_add(cx, &(struct event){ .kind = "app.refused",
				      .owner_id = owner->owner_id,
				      .detail = a.client_id });
	}
	return e != NULL ? e : tx_commit(&tx);
}
