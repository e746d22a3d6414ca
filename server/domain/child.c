#include "domain/child.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/account.h"
#include "domain/code.h"
#include "domain/grant.h"
#include "domain/lineage.h"
#include "domain/metrics.h"
#include "domain/oauth.h"
#include "domain/ownership.h"
#include "domain/svc.h"
#include "domain/token_key.h"
#include "store/event.h"
#include "store/feed.h"

#define TYPE_CHILD "urn:latchkey:token-type:child"
#define TYPE_ACCESS "urn:ietf:params:oauth:token-type:access_token"
#define TYP_ACCESS "at+jwt"
#define PENDING_SECONDS (7 * INT64_C(86400))
#define APPROVED_SECONDS (90 * INT64_C(86400))
#define UUID_TEXT 36
#define CLAIM_TEXT 1024

const struct err ERR_CHILDREN = { KIND_CONFLICT, "too-many-children",
	"This hub has as many devices behind it as it may have." };
const struct err ERR_CHILD = { KIND_INVALID, "bad-child",
	"Serial number, name or scope cannot be like that." };

/* What the token of a sensor may open: to send what it measured, and to be
 * told what to do. */
static const char *const scopes[] = { "telemetry", "commands" };
#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

const struct json_field child_actor_fields[] = {
	JSON_F_STR(child_actor, sub, UUID_TEXT, true),
	JSON_END,
};

static const struct json_field claims_fields[] = {
	JSON_F_STR(child_claims, iss, CLAIM_TEXT, true),
	JSON_F_STR(child_claims, sub, UUID_TEXT, true),
	JSON_F_STR(child_claims, aud, CLAIM_TEXT, true),
	JSON_F_STR(child_claims, client_id, UUID_TEXT, true),
	JSON_F_STR(child_claims, scope, CHILD_SCOPES, true),
	JSON_F_STR(child_claims, jti, UUID_TEXT, true),
	JSON_F_INT(child_claims, iat, INT64_MAX, true),
	JSON_F_INT(child_claims, exp, INT64_MAX, true),
	JSON_F_OBJ(child_claims, act, child_actor_fields, true),
	JSON_F_OBJ(child_claims, cnf, access_cnf_fields, true),
	JSON_END,
};

/* "a b" as a set of our words; 0 for anything else. */
static unsigned
read_scope(const char *text)
{
	unsigned set = 0;
	const char *end;
	size_t i;

	for (;; text = end + 1) {
		end = strchrnul(text, ' ');
		for (i = 0; i < SCOPES; i++)
			if (strlen(scopes[i]) == (size_t)(end - text) &&
			    strncmp(scopes[i], text, strlen(scopes[i])) == 0)
				break;
		if (i == SCOPES || (set & 1U << i) != 0)
			return 0;
		set |= 1U << i;
		if (*end == '\0')
			return set;
	}
}

/* The sensor's id and its MAC: what the hub keeps and trades. */
static const char *
token_of(struct ctx *cx, const char *id)
{
	uint8_t mac[32];

	code_app_mac(cx, "child", id, mac);
	return arena_printf(
	    cx->arena, "%s.%s", id, bytes_b64u(cx->arena, BYTES_OF(mac)));
}

static const char *
read_token(struct ctx *cx, const char *token)
{
	const char *id;

	if (!text_is_uuid((struct bytes){
		(const uint8_t *)token, strnlen(token, UUID_TEXT) }))
		return NULL;
	id = arena_printf(cx->arena, "%.36s", token);
	return bytes_eq(bytes_str(token), bytes_str(token_of(cx, id))) ? id
								       : NULL;
}

const struct err *
child_register(struct ctx *cx, const struct device_caller *hub,
    const char *hub_id, const struct child_in *in, struct child_out *out)
{
	char id[UUID_TEXT_BYTES];
	const char *scope = in->scope == NULL ? scopes[0] : in->scope;
	const struct child c = { .id = id,
		.hub_id = hub->device_id,
		.serial = in->serial,
		.name = in->name,
		.scope = scope,
		.expires_at = cx->now + PENDING_SECONDS };
	const struct err *e;
	struct child kept;
	bool done = false;

	rng_uuid(id);
	if (strcmp(hub_id, hub->device_id) != 0)
		return fail(cx, &ERR_NOT_FOUND, "another device's children");
	if (!text_is_serial(bytes_str(in->serial)) ||
	    !text_is_name(bytes_str(in->name)) || read_scope(scope) == 0)
		return fail(cx, &ERR_CHILD, "serial, name or scope");
	e = child_add(cx, &c, CHILD_MOST, &kept, &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_CHILDREN, "hub %s: %d, or not good for one",
		    hub_id, CHILD_MOST);
	if (e != NULL)
		return e;
	*out = (struct child_out){ kept.id, kept.state, kept.scope,
		token_of(cx, kept.id), kept.expires_at };
	return NULL;
}

const struct err *
child_page(struct ctx *cx, const struct owner_caller *owner, const char *hub_id,
    struct child **out, size_t *n)
{
	struct device hub;
	const struct err *e = ownership_get(cx, owner, hub_id, &hub);

	return e != NULL ? e
			 : child_list(
			       cx, hub_id, owner->owner_id, CHILD_MOST, out, n);
}

const struct err *
child_page_any(
    struct ctx *cx, const char *hub_id, struct child **out, size_t *n)
{
	struct device hub;
	const struct err *e = ownership_get_any(cx, hub_id, &hub);

	return e != NULL ? e : child_list(cx, hub_id, NULL, CHILD_MOST, out, n);
}

/* What the word makes of it, or NULL. */
static const char *
state_after(const char *decision)
{
	if (strcmp(decision, TOUCH_APPROVE) == 0)
		return "approved";
	if (strcmp(decision, TOUCH_DENY) == 0)
		return "denied";
	return strcmp(decision, TOUCH_RELEASE) == 0 ? "removed" : NULL;
}

const struct err *
child_word(struct ctx *cx, const struct owner_caller *owner,
    const struct child_decision *in)
{
	const struct child c = { .id = in->id,
		.hub_id = in->hub_id,
		.state = state_after(in->decision),
		.expires_at = cx->now + APPROVED_SECONDS };
	const struct touch t = { in->decision, owner->owner_id, in->id };
	const struct err *e;
	bool done = false;
	TX tx = { 0 };

	if (c.state == NULL)
		return fail(cx, &ERR_CHILD, "none of approve, deny, release");
	if (!text_is_uuid(bytes_str(in->id)) ||
	    !text_is_uuid(bytes_str(in->hub_id)))
		return fail(cx, &ERR_NOT_FOUND, "no id");
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = touch_owner(cx, owner, &t, in->touch);
	if (e == NULL && strcmp(in->decision, TOUCH_APPROVE) == 0)
		e = account_check_hold(cx, owner->owner_id);
	if (e == NULL)
		e = child_decide(cx, &c, owner->owner_id, &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_NOT_FOUND, "child %s is not %s's to %s",
		    in->id, owner->owner_id, in->decision);
	if (e == NULL && strcmp(in->decision, TOUCH_APPROVE) != 0)
		e = feed_removed(cx, "child", in->id, c.expires_at);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}

static const char *
audience(struct ctx *cx)
{
	return arena_printf(cx->arena, "%s/children", cx->svc->set.issuer);
}

/* RFC 8693 section 2.1. */
static ERR_FN
check_request(struct ctx *cx, const struct exchange_in *in)
{
	const char *aud = audience(cx);

	if (in->subject_token == NULL || in->subject_token_type == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no subject_token");
	if (strcmp(in->subject_token_type, TYPE_CHILD) != 0)
		return fail(
		    cx, &ERR_INVALID_REQUEST, "another subject_token_type");
	/* The hub is who acts, and it has shown its certificate. */
	if (in->actor_token != NULL || in->actor_token_type != NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "an actor_token");
	if (in->requested_token_type != NULL &&
	    strcmp(in->requested_token_type, TYPE_ACCESS) != 0)
		return fail(
		    cx, &ERR_INVALID_REQUEST, "another requested_token_type");
	if ((in->resource != NULL && strcmp(in->resource, aud) != 0) ||
	    (in->audience != NULL && strcmp(in->audience, aud) != 0))
		return fail(cx, &ERR_INVALID_TARGET, "not for %s", aud);
	return NULL;
}

/* The sensor that the token is of, and the scope that it gets: less is fine,
 * more is not. */
static ERR_FN
find(struct ctx *cx, const struct device_caller *hub,
    const struct exchange_in *in, struct child *c, const char **scope)
{
	const char *id = read_token(cx, in->subject_token);
	const struct err *e;
	unsigned want;

	if (id == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no token of ours");
	e = child_get(cx, id, c);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_INVALID_REQUEST, "no child %s", id);
	if (e != NULL)
		return e;
	if (strcmp(c->hub_id, hub->device_id) != 0)
		return fail(cx, &ERR_INVALID_REQUEST,
		    "child %s is behind hub %s", id, c->hub_id);
	*scope = in->scope == NULL ? c->scope : in->scope;
	want = read_scope(*scope);
	if (want == 0 || (want & ~read_scope(c->scope)) != 0)
		return fail(cx, &ERR_INVALID_SCOPE, "more than was given");
	return NULL;
}

static int64_t
end_of(struct ctx *cx, const struct device_caller *hub, const struct child *c)
{
	int64_t end = cx->now + CHILD_TOKEN_SECONDS;

	if (c->expires_at < end)
		end = c->expires_at;
	return hub->not_after < end ? hub->not_after : end;
}

const struct err *
child_exchange(struct ctx *cx, const struct device_caller *hub,
    const struct exchange_in *in, struct exchange_out *out)
{
	const char *issuer = cx->svc->set.issuer;
	struct child_claims claims = { .iss = issuer, .iat = cx->now };
	char jti[UUID_TEXT_BYTES];
	const struct err *e;
	struct bytes json;
	struct child c;
	bool done = false;

	rng_uuid(jti);
	e = check_request(cx, in);
	if (e == NULL)
		e = find(cx, hub, in, &c, &claims.scope);
	if (e == NULL)
		e = child_issue(cx, c.id, hub->device_id, &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_INVALID_REQUEST,
		    "child %s, which is %s, or its hub is not good", c.id,
		    c.state);
	if (e != NULL)
		return e;
	claims.sub = c.id;
	claims.aud = audience(cx);
	claims.client_id = hub->device_id;
	claims.jti = jti;
	claims.exp = end_of(cx, hub, &c);
	claims.act.sub = hub->device_id;
	claims.cnf.x5t = in->x5t;
	*out = (struct exchange_out){ .issued_token_type = TYPE_ACCESS,
		.token_type = "Bearer",
		.scope = claims.scope,
		.expires_in = claims.exp - cx->now };
	e = json_write(cx, claims_fields, &claims, &json);
	if (e == NULL)
		e = token_sign(cx, TYP_ACCESS, json, &out->access_token);
	if (e == NULL)
		metrics_token(cx, "token-exchange");
	return e;
}

/* Ours and alive, and so are hub and sensor. */
static ERR_FN
judge(struct ctx *cx, const char *jwt, struct child_claims *out)
{
	const struct err *e;
	struct bytes json;
	bool good = false;

	*out = (struct child_claims){ .iss = NULL };
	e = token_verify(cx, jwt, TYP_ACCESS, &json);
	if (e == &ERR_BAD_JWS)
		return &ERR_ACCESS_TOKEN;
	if (e == NULL && json_read_open(cx, json, claims_fields, out) != NULL)
		return &ERR_ACCESS_TOKEN;
	if (e != NULL)
		return e;
	if (strcmp(out->iss, cx->svc->set.issuer) != 0 ||
	    strcmp(out->aud, audience(cx)) != 0 || out->exp <= cx->now ||
	    !text_is_uuid(bytes_str(out->sub)))
		return fail(cx, &ERR_ACCESS_TOKEN, "no child's, or expired");
	e = child_is_good(cx, out->sub, &good);
	if (e == NULL && !good)
		e = fail(cx, &ERR_ACCESS_TOKEN, "child %s is over", out->sub);
	return e;
}

const struct err *
child_introspect(struct ctx *cx, const char *jwt, struct introspection *out)
{
	struct child_claims c;
	const struct err *e = judge(cx, jwt, &c);

	*out = (struct introspection){ .active = e == NULL };
	if (e == &ERR_ACCESS_TOKEN)
		return NULL;
	if (e == NULL)
		*out = (struct introspection){ .active = true,
			.iss = c.iss,
			.sub = c.sub,
			.aud = c.aud,
			.client_id = c.client_id,
			.scope = c.scope,
			.token_type = "Bearer",
			.iat = c.iat,
			.exp = c.exp,
			.cnf = c.cnf,
			.act = c.act };
	return e;
}
