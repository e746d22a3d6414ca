#include "domain/client.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/client_text.h"
#include "domain/lineage.h"
#include "domain/oauth.h"
#include "domain/scope.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/mac.h"
#include "store/event.h"
#include "store/evidence.h"
#include "store/feed.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_SECONDS 300
#define SKEW_SECONDS 30
#define CLAIM_TEXT 1024

const struct err ERR_CLIENT = { KIND_INVALID, "bad-client",
	"The app cannot be registered like that." };
const struct err ERR_CLIENT_GONE = { KIND_CONFLICT, "client-withdrawn",
	"The app was withdrawn; its id is not used again." };

/* What each of a list must be. */
struct rule {
	bool (*ok)(const char *);
	const char *words;
};

/* The list as lines, once each of them is as it must be. */
static ERR_FN
take_list(struct ctx *cx, const struct json_strs *list, const struct rule *rule,
    const char **lines)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!rule->ok(list->v[i]))
			return fail(cx, &ERR_CLIENT, "%.200s: not %s",
			    list->v[i], rule->words);
		text = arena_printf(
		    cx->arena, "%s%s%s", text, i == 0 ? "" : "\n", list->v[i]);
	}
	*lines = text;
	return NULL;
}

static ERR_FN
read_client(struct ctx *cx, const struct client_view *in, struct client *out)
{
	static const struct rule redirect = { client_redirect_ok,
		"https://HOST/PATH, http://127.0.0.1/PATH or http://[::1]/PATH "
		"without a fragment" };
	static const struct rule origin = { client_origin_ok,
		"https://HOST[:PORT] as browsers write it" };
	static const struct rule android = { client_android_ok,
		"PACKAGE=FINGERPRINT, a SHA-256 like 0A:1B:..." };
	static const struct rule ios = { client_ios_ok,
		"TEAM.BUNDLE like A1B2C3D4E5.com.acme.lamp" };
	const struct err *e;
	unsigned scopes;

	*out = (struct client){ .id = in->id,
		.name = in->name,
		.scope = in->scope,
		.introspects = in->introspects };
	if (!text_is_slug(bytes_str(in->id)))
		return fail(cx, &ERR_CLIENT,
		    "id: lower-case letters, digits and hyphens");
	if (!text_is_name(bytes_str(in->name)))
		return fail(cx, &ERR_CLIENT, "name: not for people's eyes");
	if (!scope_parse(in->scope, &scopes))
		return fail(cx, &ERR_CLIENT, "scope: %.80s", in->scope);
	if (in->introspects && in->key == NULL)
		return fail(
		    cx, &ERR_CLIENT, "introspects: only a client with a key");
	if (in->key != NULL &&
	    key_parse_pem(cx, bytes_str(in->key), &out->key) != NULL)
		return fail(cx, &ERR_CLIENT, "key: no P-256 key in PEM");
	e = take_list(cx, &in->redirect_uris, &redirect, &out->redirect_uris);
	if (e == NULL)
		e = take_list(cx, &in->origins, &origin, &out->origins);
	if (e == NULL)
		e = take_list(
		    cx, &in->android_apps, &android, &out->android_apps);
	if (e == NULL)
		e = take_list(cx, &in->ios_apps, &ios, &out->ios_apps);
	return e;
}

/* The lines as a list; at most CLIENT_URIS. */
static struct json_strs
list_of(struct ctx *cx, const char *lines)
{
	struct json_strs list = {
		arena_alloc(cx->arena, CLIENT_URIS * sizeof(char *)), 0
	};
	const char *end;

	for (; *lines != '\0' && list.n < CLIENT_URIS;
	     lines = end + (*end != '\0')) {
		end = strchrnul(lines, '\n');
		list.v[list.n++] =
		    arena_printf(cx->arena, "%.*s", (int)(end - lines), lines);
	}
	return list;
}

static struct client_view
view_of(struct ctx *cx, const struct client *c)
{
	return (struct client_view){
		.id = c->id,
		.name = c->name,
		.scope = c->scope,
		.key = c->key.n > 0 ? key_pem(cx, c->key) : NULL,
		.redirect_uris = list_of(cx, c->redirect_uris),
		.origins = list_of(cx, c->origins),
		.android_apps = list_of(cx, c->android_apps),
		.ios_apps = list_of(cx, c->ios_apps),
		.introspects = c->introspects,
		.created_at = c->created_at,
	};
}

const struct err *
client_show(struct ctx *cx, const char *id, struct client_view *out)
{
	struct client c;
	const struct err *e = client_get(cx, id, &c);

	if (e == &ERR_NOT_FOUND || (e == NULL && c.withdrawn))
		return fail(cx, &ERR_NOT_FOUND, "no client %.64s", id);
	if (e == NULL)
		*out = view_of(cx, &c);
	return e;
}

const struct err *
client_names(
    struct ctx *cx, enum client_list_kind what, const char ***out, size_t *n)
{
	return client_all(cx, what, out, n);
}

const struct err *
client_is_at(
    struct ctx *cx, const char *client_id, const char *origin, bool *is)
{
	*is = false;
	return client_origin_ok(origin)
		   ? client_has_origin(cx, client_id, origin, is)
		   : NULL;
}

const struct err *
client_page(struct ctx *cx, const char *after, int64_t limit,
    struct client_view **out, size_t *n)
{
	struct client *c;
	const struct err *e = client_list(cx, after, limit, &c, n);
	size_t i;

	if (e != NULL)
		return e;
	*out = arena_alloc(cx->arena, (*n + 1) * sizeof(**out));
	for (i = 0; i < *n; i++)
		(*out)[i] = view_of(cx, &c[i]);
	return NULL;
}

/* One app's fingerprint, as Android names a caller of WebAuthn. */
static const char *
android_origin(struct ctx *cx, const char *text)
{
	struct client_android app;

	must(client_android_read(text, &app)); /* it was when it was added */
	return arena_printf(cx->arena, "android:apk-key-hash:%s",
	    bytes_b64u(cx->arena, BYTES_OF(app.sha256)));
}

const char *const *
client_origins(struct ctx *cx, const struct client *c, const char *rp_id)
{
	struct json_strs web = list_of(cx, c->origins);
	struct json_strs android = list_of(cx, c->android_apps);
	const char **out =
	    arena_alloc(cx->arena, (web.n + android.n + 2) * sizeof(*out));
	size_t i, n = 0;

	for (i = 0; i < web.n; i++)
		out[n++] = web.v[i];
	for (i = 0; i < android.n; i++)
		out[n++] = android_origin(cx, android.v[i]);
	if (*c->ios_apps != '\0')
		out[n++] = arena_printf(cx->arena, "https://%s", rp_id);
	out[n] = NULL;
	return out;
}

static ERR_FN
add_event(struct ctx *cx, const struct admin_caller *by, const char *kind,
    const char *id)
{
	return event_add(cx,
	    &(struct event){
		.kind = kind, .admin_token_id = by->token_id, .detail = id });
}

const struct err *
client_set(struct ctx *cx, const struct admin_caller *by,
    const struct client_view *in, bool *created)
{
	struct client c;
	const struct err *e = read_client(cx, in, &c);
	bool done = false;
	TX tx = { 0 };

	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL)
		e = client_put(cx, &c, created, &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_CLIENT_GONE, "%s", in->id);
	if (e == NULL)
		e = add_event(cx, by,
		    *created ? "client.added" : "client.changed", in->id);
	return e != NULL ? e : tx_commit(&tx);
}

const struct err *
client_remove(struct ctx *cx, const struct admin_caller *by, const char *id)
{
	const struct err *e;
	struct client c;
	bool done = false;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = client_get(cx, id, &c);
	if (e == NULL)
		e = client_withdraw(cx, id, &done);
	if (e == NULL && done)
		e = add_event(cx, by, "client.withdrawn", id);
	if (e == NULL && done)
		e = feed_removed(cx, "client", id, 0);
	if (e == NULL)
		e = tx_commit(&tx);
	return e != NULL ? e : lineage_settle(cx);
}

struct assertion {
	const char *iss, *sub, *jti;
	const char *aud; /* JSON: text, or a list of it */
	int64_t exp;
};

static const struct json_field assertion_fields[] = {
	JSON_F_STR(assertion, iss, CLAIM_TEXT, true),
	JSON_F_STR(assertion, sub, CLAIM_TEXT, true),
	JSON_F_STR(assertion, jti, CLAIM_TEXT, true),
	JSON_F_RAW(assertion, aud, CLAIM_TEXT, true),
	JSON_F_INT(assertion, exp, INT64_MAX, true),
	JSON_END,
};

/* The issuer, or the token endpoint as RFC 7523 section 3 has it; a list of
 * several would be good elsewhere as well. */
static bool
is_for_us(struct ctx *cx, const char *aud)
{
	const char *ours[] = { cx->svc->set.issuer,
		arena_printf(
		    cx->arena, "%s/oauth2/token", cx->svc->set.issuer) };
	size_t i;

	for (i = 0; i < 2; i++) {
		const char *quoted = json_quote(cx, ours[i]);

		if (strcmp(aud, quoted) == 0 ||
		    strcmp(aud, arena_printf(cx->arena, "[%s]", quoted)) == 0)
			return true;
	}
	return false;
}

static ERR_FN
check_assertion(
    struct ctx *cx, const struct assertion *a, const struct client *c)
{
	struct bytes parts[] = { bytes_str(c->id), bytes_str(a->jti) };
	const struct err *e;
	uint8_t mac[MAC_BYTES];
	bool fresh;

	if (strcmp(a->iss, c->id) != 0 || strcmp(a->sub, c->id) != 0)
		return fail(cx, &ERR_INVALID_CLIENT, "iss or sub is another");
	if (!is_for_us(cx, a->aud))
		return fail(cx, &ERR_INVALID_CLIENT, "aud is another");
	if (a->exp <= cx->now ||
	    a->exp > cx->now + ASSERTION_SECONDS + SKEW_SECONDS)
		return fail(cx, &ERR_INVALID_CLIENT,
		    "assertion is expired, or for more than %d s",
		    ASSERTION_SECONDS);
	mac_compute(cx->svc->mac, "client-assertion", parts, 2, mac);
	e = nonce_use(cx, BYTES_OF(mac), a->exp + 1, &fresh);
	if (e == NULL && !fresh)
		e = fail(cx, &ERR_INVALID_CLIENT, "jti was used before");
	return e;
}

static ERR_FN
verify_assertion(
    struct ctx *cx, const struct client_proof *in, const struct client *c)
{
	struct assertion a = { 0 };
	struct bytes x, y, json;
	const struct err *e;

	if (in->assertion_type == NULL || in->assertion == NULL ||
	    strcmp(in->assertion_type, ASSERTION_TYPE) != 0)
		return fail(cx, &ERR_INVALID_CLIENT, "no assertion");
	e = key_point_p256(cx, c->key, &x, &y);
	if (e != NULL)
		return e;
	if (jws_verify_es256(cx, in->assertion, x, y, NULL, &json) != NULL ||
	    json_read_open(cx, json, assertion_fields, &a) != NULL)
		return &ERR_INVALID_CLIENT;
	return check_assertion(cx, &a, c);
}

/* RFC 8705 section 2.2: whoever signed the certificate, it has the client's
 * key, whose possession TLS has proved. */
static ERR_FN
check_tls(struct ctx *cx, const struct peer *peer, const struct client *c)
{
	struct cert leaf;

	if (peer->n == 0)
		return fail(cx, &ERR_INVALID_CLIENT,
		    "neither assertion nor "
		    "certificate");
	if (cert_parse(cx, peer->chain[0], &leaf) != NULL)
		return &ERR_INVALID_CLIENT;
	if (!bytes_eq(leaf.spki, c->key))
		return fail(
		    cx, &ERR_INVALID_CLIENT, "the certificate has another key");
	return NULL;
}

const struct err *
client_claimed(struct ctx *cx, const struct client_proof *in, const char **id)
{
	struct assertion a = { 0 };
	struct jws_head head;

	*id = in->client_id;
	if (*id != NULL)
		return NULL;
	if (in->assertion == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "client_id is missing");
	if (jws_peek(cx, in->assertion, &head) != NULL ||
	    json_read_open(cx, head.payload, assertion_fields, &a) != NULL)
		return &ERR_INVALID_CLIENT;
	*id = a.sub;
	return NULL;
}

const struct err *
client_prove(
    struct ctx *cx, const struct client_proof *in, const struct client *c)
{
	if (c->withdrawn)
		return fail(cx, &ERR_INVALID_CLIENT, "no client %.64s", c->id);
	if (c->key.n > 0)
		return in->assertion == NULL ? check_tls(cx, in->peer, c)
					     : verify_assertion(cx, in, c);
	if (in->assertion != NULL)
		return fail(cx, &ERR_INVALID_CLIENT, "the client has no key");
	return NULL;
}

const struct err *
client_authenticate(
    struct ctx *cx, const struct client_proof *in, struct client *out)
{
	const struct err *e;
	const char *id;

	e = client_claimed(cx, in, &id);
	if (e != NULL)
		return e;
	e = client_get(cx, id, out);
	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_INVALID_CLIENT, "no client %.64s", id);
	return e != NULL ? e : client_prove(cx, in, out);
}
