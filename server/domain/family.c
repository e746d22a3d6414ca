#include "domain/family.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "codec/jws.h"
#include "domain/child.h"
#include "domain/code.h"
#include "domain/grant.h"
#include "domain/kept.h"
#include "domain/metrics.h"
#include "domain/oauth.h"
#include "domain/scope.h"
#include "domain/svc.h"
#include "pki/mac.h"
#include "store/event.h"
#include "store/grant.h"

#define LOST_REPLY_SECONDS 60

const struct err ERR_UNSUPPORTED_TOKEN_TYPE = { KIND_INVALID,
	"unsupported_token_type",
	"Access tokens die in minutes; end the refresh token." };

/* Which of a family's tokens is shown: 0 is the code. */
struct shown {
	struct family *f;
	int64_t generation;
};

/* Whether the caller has the family's key.  One that is bound to nothing is
 * its client's, if that has a key. */
static bool
is_holder(const struct family_in *in, const struct family *f)
{
	if (f->jkt.n > 0 && !bytes_eq(f->jkt, in->jkt))
		return false;
	return f->x5t.n == 0 || bytes_eq(f->x5t, in->x5t);
}

static bool
has_key(const struct family_in *in, const struct family *f)
{
	return f->jkt.n > 0 || f->x5t.n > 0 || in->client->key.n > 0;
}

/* Ends the family, for this node at once: others hear of it. */
static ERR_FN
end(struct ctx *cx, const struct family *f, const char *kind)
{
	const struct err *e = family_end(cx, f, kind);

	kept_forget(cx->svc->introspected);
	return e;
}

/* What was shown was used before: the answer was lost, or somebody has a copy
 * of it (A10). */
static ERR_FN
judge_again(struct ctx *cx, const struct family_in *in, const struct shown *s)
{
	const struct family *f = s->f;
	const struct err *e;

	if (s->generation + 1 == f->generation && has_key(in, f) &&
	    cx->now - f->issued_at <= LOST_REPLY_SECONDS)
		return NULL;
	e = end(cx, f, "app.token_reused");
	return e != NULL
		   ? e
		   : fail(cx, &ERR_INVALID_GRANT,
			 "family %s: generation %lld again, now %lld", f->id,
			 (long long)s->generation, (long long)f->generation);
}

/* A token of the family is shown by somebody without its key: that ends
 * nothing, but operators see it. */
static ERR_FN
refuse_stranger(struct ctx *cx, const struct family *f)
{
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "app.token_without_key",
			      .owner_id = f->owner_id,
			      .detail = f->client_id });

	return e != NULL ? e
			 : fail(cx, &ERR_INVALID_GRANT,
			       "family %s: without its key", f->id);
}

/* Takes the family on to its next generation, unless this is a repeat; who
 * comes second at the same time is one, with the key that the first has bound
 * it to.  Nothing else speaks against it any more. */
static ERR_FN
step(struct ctx *cx, const struct family_in *in, const struct shown *s)
{
	struct family *f = s->f;
	const struct err *e =
	    in->proof == NULL ? NULL : dpop_use(cx, in->proof);
	bool done = false;

	if (e != NULL)
		return e;
	if (s->generation == f->generation) {
		e = family_next(cx, f, &done);
		if (e != NULL)
			return e;
		if (done) {
			f->generation++;
			f->issued_at = cx->now;
			return NULL;
		}
		e = family_get(cx, f->id, f);
		if (e != NULL)
			return e;
		if (!is_holder(in, f))
			return refuse_stranger(cx, f);
	}
	if (!f->alive || s->generation >= f->generation)
		return fail(
		    cx, &ERR_INVALID_GRANT, "family %s: is over", f->id);
	return judge_again(cx, in, s);
}

/* What the generation is, in the words of RFC 6749 section 5.1. */
static ERR_FN
answer(struct ctx *cx, const struct family *f, const char *grant,
    const char *scope, struct family_out *out)
{
	const struct err *e;
	unsigned scopes = 0;

	(void)scope_parse(f->scope, &scopes);
	*out = (struct family_out){
		.token_type = f->jkt.n > 0 ? "DPoP" : "Bearer",
		.scope = scope,
		.refresh_token = code_refresh(cx, f->id, f->generation),
		.expires_in = f->issued_at + ACCESS_SECONDS - cx->now,
	};
	e = access_mint(cx, f, scope, &out->access_token);
	if (e == NULL && (scopes & OWNER_OPENID) != 0)
		e = id_token_mint(cx, f, out->access_token, &out->id_token);
	if (e == NULL)
		metrics_token(cx, grant);
	return e;
}

static ERR_FN
check_resource(struct ctx *cx, const struct family_in *in)
{
	if (in->resource != NULL &&
	    strcmp(in->resource, cx->svc->set.issuer) != 0)
		return fail(cx, &ERR_INVALID_TARGET, "resource is another");
	return NULL;
}

/* The code's own conditions. */
static ERR_FN
check_code(struct ctx *cx, const struct family_in *in, const struct family *f)
{
	if (strcmp(f->client_id, in->client->id) != 0)
		return fail(cx, &ERR_INVALID_GRANT, "another client's code");
	if (strcmp(f->redirect_uri, in->redirect_uri) != 0)
		return fail(cx, &ERR_INVALID_GRANT, "another redirect_uri");
	if (!pkce_matches(in->code_verifier, f->code_challenge))
		return fail(cx, &ERR_INVALID_GRANT, "PKCE: wrong verifier");
	if (!f->alive)
		return fail(
		    cx, &ERR_INVALID_GRANT, "family %s: is over", f->id);
	if (f->generation == 0 && f->code_expires_at <= cx->now)
		return fail(cx, &ERR_INVALID_GRANT, "the code expired");
	if (!is_holder(in, f))
		return fail(
		    cx, &ERR_INVALID_GRANT, "the code is bound to another key");
	return NULL;
}

const struct err *
family_redeem(
    struct ctx *cx, const struct family_in *in, struct family_out *out)
{
	struct family f;
	struct shown s = { &f, 0 };
	const struct err *e = check_resource(cx, in);
	uint8_t mac[32];

	if (e != NULL)
		return e;
	if (in->code == NULL || in->redirect_uri == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no code or redirect");
	/* PKCE is for every client; a verifier that is none is as bad as a
	 * wrong one (RFC 7636 section 4.6). */
	if (in->code_verifier == NULL)
		return fail(cx, &ERR_INVALID_GRANT, "PKCE: no verifier");
	if (!pkce_verifier_ok(in->code_verifier))
		return fail(cx, &ERR_INVALID_REQUEST, "PKCE: malformed");
	code_app_mac(cx, "authorization-code", in->code, mac);
	e = family_by_code(cx, mac, &f);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_INVALID_GRANT, "unknown code");
	if (e == NULL)
		e = check_code(cx, in, &f);
	if (e != NULL)
		return e;
	/* From here on the family is bound to what its code came with. */
	if (f.generation == 0) {
		f.jkt = in->jkt;
		f.x5t = in->x5t;
	}
	e = step(cx, in, &s);
	return e != NULL ? e
			 : answer(cx, &f, "authorization-code", f.scope, out);
}

/* RFC 6749 section 6: less is fine, more is not. */
static ERR_FN
narrow(struct ctx *cx, const struct family_in *in, const struct family *f,
    const char **scope)
{
	unsigned has = 0, want = 0;

	*scope = f->scope;
	if (in->scope == NULL)
		return NULL;
	(void)scope_parse(f->scope, &has);
	if (!scope_parse(in->scope, &want) || (want & ~has) != 0)
		return fail(cx, &ERR_INVALID_SCOPE, "more than was given");
	*scope = scope_text(cx, want);
	return NULL;
}

/* The family that a refresh token is of; *generation which token. */
static ERR_FN
find(struct ctx *cx, const char *token, struct family *f, int64_t *generation)
{
	const struct err *e;
	const char *id;

	if (!code_refresh_read(cx, token, &id, generation))
		return &ERR_NOT_FOUND;
	e = family_get(cx, id, f);
	/* The code is generation 0, and each token the next one's. */
	if (e == NULL && *generation > f->generation)
		return &ERR_NOT_FOUND;
	return e;
}

const struct err *
family_refresh(
    struct ctx *cx, const struct family_in *in, struct family_out *out)
{
	struct family f;
	struct shown s = { &f, 0 };
	const struct err *e = check_resource(cx, in);
	const char *scope;

	if (e != NULL)
		return e;
	if (in->refresh_token == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no refresh_token");
	e = find(cx, in->refresh_token, &f, &s.generation);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_INVALID_GRANT, "unknown refresh token");
	if (e != NULL)
		return e;
	if (strcmp(f.client_id, in->client->id) != 0)
		return fail(cx, &ERR_INVALID_GRANT, "another client's token");
	if (!f.alive)
		return fail(cx, &ERR_INVALID_GRANT, "family %s: is over", f.id);
	if (!is_holder(in, &f))
		return refuse_stranger(cx, &f);
	/* One that was nobody's is bound from now on. */
	if (f.jkt.n == 0 && f.x5t.n == 0) {
		f.jkt = in->jkt;
		f.x5t = in->x5t;
	}
	e = narrow(cx, in, &f, &scope);
	if (e == NULL)
		e = step(cx, in, &s);
	return e != NULL ? e : answer(cx, &f, "refresh-token", scope, out);
}

const struct err *
family_revoke(struct ctx *cx, const struct client *client, const char *token)
{
	struct family f;
	const struct err *e;
	int64_t generation;

	if (token == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no token");
	if (caller_is_access_token(cx, token))
		return fail(cx, &ERR_UNSUPPORTED_TOKEN_TYPE, "access token");
	e = find(cx, token, &f, &generation);
	if (e == &ERR_NOT_FOUND)
		return NULL;
	if (e != NULL)
		return e;
	if (strcmp(f.client_id, client->id) == 0)
		return end(cx, &f, "app.revoked");
	/* Anybody can say that they are a public client: it learns nothing. */
	return client->key.n == 0
		   ? NULL
		   : fail(cx, &ERR_INVALID_REQUEST, "another client's token");
}

void
family_introspection_key(struct ctx *cx, const struct peer *peer,
    const char *client_id, const char *token, uint8_t key[KEPT_KEY])
{
	struct bytes parts[] = { peer->chain[0], bytes_str(client_id),
		bytes_str(token) };

	must(peer->n > 0);
	mac_compute(cx->svc->mac, "introspection", parts, 3, key);
}

static bool
may_know(const struct client *client, const struct family *f)
{
	return client->introspects || strcmp(client->id, f->client_id) == 0;
}

static ERR_FN
introspect_refresh(struct ctx *cx, const struct client *client,
    const char *token, struct introspection *out)
{
	struct family f;
	const struct err *e;
	int64_t generation;

	e = find(cx, token, &f, &generation);
	if (e == &ERR_NOT_FOUND)
		return NULL;
	if (e != NULL || !f.alive || generation != f.generation ||
	    !may_know(client, &f))
		return e;
	*out = (struct introspection){ .active = true,
		.iss = cx->svc->set.issuer,
		.sub = f.owner_id,
		.client_id = f.client_id,
		.scope = f.scope,
		.iat = f.issued_at,
		.exp = f.expires_at,
		.cnf = { f.jkt, f.x5t } };
	return NULL;
}

/* Of an access token that is alive. */
static void
say(const struct access_token *t, struct introspection *out)
{
	const struct access_claims *c = &t->claims;

	*out = (struct introspection){ .active = true,
		.iss = c->iss,
		.sub = c->sub,
		.aud = c->aud,
		.client_id = c->client_id,
		.scope = c->scope,
		.token_type = c->cnf.jkt.n > 0 ? "DPoP" : "Bearer",
		.jti = c->jti,
		.iat = c->iat,
		.exp = c->exp,
		.cnf = c->cnf };
}

/* Who asks, of each in one question. */
static void
find_clients(struct introspect_try *v, size_t n)
{
	struct client_ask ask[LIMIT_TOGETHER] = { 0 };
	size_t of[LIMIT_TOGETHER] = { 0 };
	const struct err *e = NULL;
	size_t i, m = 0;

	for (i = 0; i < n; i++) {
		struct introspect_try *t = &v[i];

		t->e = client_claimed(t->cx, &t->proof, &ask[m].id);
		if (t->e != NULL)
			continue;
		ask[m].cx = t->cx;
		of[m++] = i;
	}
	if (m > 0)
		e = client_get_all(v[of[0]].cx, ask, m);
	for (i = 0; i < m; i++) {
		struct introspect_try *t = &v[of[i]];

		t->client = ask[i].out;
		if (e != NULL)
			t->e = e;
		else if (!ask[i].found)
			t->e = fail(t->cx, &ERR_INVALID_CLIENT,
			    "no client %.64s", ask[i].id);
		else
			t->e = client_prove(t->cx, &t->proof, &t->client);
		if (t->e == NULL && t->token == NULL)
			t->e = fail(t->cx, &ERR_INVALID_REQUEST, "no token");
		if (t->e == NULL && t->client.key.n == 0)
			t->e =
			    fail(t->cx, &ERR_INVALID_CLIENT, "a public client");
	}
}

/* What kind of token it is; true if it may be an access token of ours, whose
 * family is to be looked at. */
static bool
is_read(struct introspect_try *t, struct access_token *token)
{
	struct ctx *cx = t->cx;

	if (!caller_is_access_token(cx, t->token)) {
		t->e = introspect_refresh(cx, &t->client, t->token, &t->out);
		return false;
	}
	t->e = access_read(cx, t->token, token);
	if (t->e == NULL)
		return true;
	if (t->e == &ERR_ACCESS_TOKEN)
		t->e = t->client.introspects
			   ? child_introspect(cx, t->token, &t->out)
			   : NULL;
	return false;
}

void
family_introspect(struct introspect_try *v, size_t n)
{
	struct access_token token[LIMIT_TOGETHER] = { 0 };
	struct family_ask ask[LIMIT_TOGETHER] = { 0 };
	size_t of[LIMIT_TOGETHER] = { 0 };
	const struct err *e = NULL;
	size_t i, m = 0;

	must(n <= LIMIT_TOGETHER);
	find_clients(v, n);
	for (i = 0; i < n; i++) {
		if (v[i].e != NULL || !is_read(&v[i], &token[m]))
			continue;
		ask[m] = (struct family_ask){ .cx = v[i].cx,
			.id = access_family(v[i].cx, &token[m]),
			.out = &token[m].family };
		of[m++] = i;
	}
	if (m > 0)
		e = family_get_all(v[of[0]].cx, ask, m);
	for (i = 0; i < m; i++) {
		struct introspect_try *t = &v[of[i]];

		t->e = e;
		if (e == NULL && ask[i].found && token[i].family.alive &&
		    may_know(&t->client, &token[i].family))
			say(&token[i], &t->out);
	}
}
