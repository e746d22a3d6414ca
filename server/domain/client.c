#include "domain/client.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/oauth.h"
#include "domain/scope.h"
#include "domain/svc.h"
#include "pki/key.h"
#include "pki/mac.h"
#include "store/event.h"
#include "store/evidence.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_SECONDS 300
#define SKEW_SECONDS 30
#define CLAIM_TEXT 1024

const struct err ERR_CLIENT = { KIND_INVALID, "bad-client",
	"The app cannot be registered like that." };
const struct err ERR_CLIENT_GONE = { KIND_CONFLICT, "client-withdrawn",
	"The app was withdrawn; its id is not used again." };

/* http at these alone, without a port: RFC 8252 section 7.3 lets apps pick
 * one, and section 8.3 advises against "localhost". */
static const char *const loopbacks[] = { "http://127.0.0.1", "http://[::1]" };

/* The part before the port and path of a loopback URI, or NULL. */
static const char *
loopback_of(const char *uri)
{
	size_t i;

	for (i = 0; i < sizeof(loopbacks) / sizeof(loopbacks[0]); i++)
		if (strncmp(uri, loopbacks[i], strlen(loopbacks[i])) == 0)
			return loopbacks[i];
	return NULL;
}

/* Characters of RFC 3986, '#' excepted; lists are kept as lines. */
static bool
is_uri_text(const char *s)
{
	static const char others[] = "-._~:/?[]@!$&'()*+,;=%";

	if (strlen(s) > CLIENT_URI)
		return false;
	for (; *s != '\0'; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			(*s >= '0' && *s <= '9') || strchr(others, *s)))
			return false;
	return true;
}

/* The length of "https://host[:port]", or 0; no user information. */
static size_t
https_origin(const char *uri)
{
	static const char scheme[] = "https://";
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789-.:[]";
	size_t host;

	if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
		return 0;
	host = strspn(uri + sizeof(scheme) - 1, allowed);
	return host == 0 || uri[sizeof(scheme) - 1] == ':'
		   ? 0
		   : sizeof(scheme) - 1 + host;
}

bool
client_redirect_ok(const char *uri)
{
	const char *loopback = loopback_of(uri);
	size_t origin = https_origin(uri);

	if (!is_uri_text(uri))
		return false;
	if (loopback != NULL)
		return uri[strlen(loopback)] == '/';
	return origin > 0 && uri[origin] == '/';
}

bool
client_origin_ok(const char *origin)
{
	size_t n = https_origin(origin);

	return n > 0 && n <= CLIENT_URI && origin[n] == '\0';
}

/* Whether the text is one of the lines. */
static bool
has_line(const char *lines, const char *text)
{
	size_t n = strlen(text);
	const char *end;

	for (;; lines = end + 1) {
		end = strchrnul(lines, '\n');
		if ((size_t)(end - lines) == n && strncmp(lines, text, n) == 0)
			return n > 0;
		if (*end == '\0')
			return false;
	}
}

bool
client_has_redirect(const struct client *c, const char *uri)
{
	const char *loopback = loopback_of(uri);
	char plain[CLIENT_URI + 1];
	size_t host, port;

	if (!is_uri_text(uri))
		return false;
	if (has_line(c->redirect_uris, uri))
		return true;
	if (loopback == NULL)
		return false;
	host = strlen(loopback);
	if (uri[host] != ':')
		return false;
	port = strspn(uri + host + 1, "0123456789");
	if (port == 0 || port > 5)
		return false;
	(void)snprintf(
	    plain, sizeof(plain), "%s%s", loopback, uri + host + 1 + port);
	return has_line(c->redirect_uris, plain);
}

/* The list as lines, once each of them is as it must be. */
static ERR_FN
take_list(struct ctx *cx, const struct json_strs *list,
    bool (*ok)(const char *), const char **lines)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!ok(list->v[i]))
			return fail(cx, &ERR_CLIENT, "not acceptable: %.200s",
			    list->v[i]);
		text = arena_printf(
		    cx->arena, "%s%s%s", text, i == 0 ? "" : "\n", list->v[i]);
	}
	*lines = text;
	return NULL;
}

static ERR_FN
read_client(struct ctx *cx, const struct client_view *in, struct client *out)
{
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
	e = take_list(
	    cx, &in->redirect_uris, client_redirect_ok, &out->redirect_uris);
	return e != NULL ? e
			 : take_list(cx, &in->origins, client_origin_ok,
			       &out->origins);
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
		(*out)[i] = (struct client_view){
			.id = c[i].id,
			.name = c[i].name,
			.scope = c[i].scope,
			.key = c[i].key.n > 0 ? key_pem(cx, c[i].key) : NULL,
			.redirect_uris = list_of(cx, c[i].redirect_uris),
			.origins = list_of(cx, c[i].origins),
			.introspects = c[i].introspects,
			.created_at = c[i].created_at,
		};
	return NULL;
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
	return e != NULL ? e : tx_commit(&tx);
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

/* Who it says it is: the parameter may be left out beside an assertion, whose
 * subject it must be otherwise (RFC 7521 section 4.2). */
static ERR_FN
claimed_id(struct ctx *cx, const struct client_proof *in, const char **id)
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
client_authenticate(
    struct ctx *cx, const struct client_proof *in, struct client *out)
{
	const struct err *e;
	const char *id;

	e = claimed_id(cx, in, &id);
	if (e != NULL)
		return e;
	e = client_get(cx, id, out);
	if (e == &ERR_NOT_FOUND || (e == NULL && out->withdrawn))
		return fail(cx, &ERR_INVALID_CLIENT, "no client %.64s", id);
	if (e != NULL)
		return e;
	if (out->key.n > 0)
		return verify_assertion(cx, in, out);
	if (in->assertion != NULL)
		return fail(cx, &ERR_INVALID_CLIENT, "the client has no key");
	return NULL;
}
