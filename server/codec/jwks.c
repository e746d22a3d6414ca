#include "codec/jwks.h"

#include <cjose/jwk.h>
#include <cjose/jws.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/jwk.h"

#define COORDINATE_BYTES 32
#define RSA_LEAST 256 /* bytes of n */
#define RSA_MOST 512
#define MEMBER_TEXT 2048

AUTO_DEFINE(cjose_jws_t, cjose_jws_release);
AUTO_DEFINE(cjose_jwk_t, (void)cjose_jwk_release);

/* Members as they were written: a key that is not for us may have them of
 * any shape. */
struct raw_key {
	const char *kty, *crv, *x, *y, *n, *e, *use, *alg, *kid, *d, *k;
};

#define MEMBER(m) JSON_F_RAW(raw_key, m, MEMBER_TEXT, false)

static const struct json_field raw_fields[] = {
	MEMBER(kty),
	MEMBER(crv),
	MEMBER(x),
	MEMBER(y),
	MEMBER(n),
	MEMBER(e),
	MEMBER(use),
	MEMBER(alg),
	MEMBER(kid),
	MEMBER(d),
	MEMBER(k),
	JSON_END,
};

struct raw_set {
	struct json_list keys;
};

static const struct json_field set_fields[] = {
	JSON_F_LIST(raw_set, keys, JWKS_MAX, raw_key, raw_fields),
	JSON_END,
};

/* A member that is a string without escapes; NULL for none and any other. */
static const char *
text_of(struct ctx *cx, const char *raw)
{
	size_t n = raw == NULL ? 0 : strlen(raw);

	if (n < 2 || raw[0] != '"' || strchr(raw, '\\') != NULL)
		return NULL;
	return arena_printf(cx->arena, "%.*s", (int)n - 2, raw + 1);
}

static bool
is(struct ctx *cx, const char *raw, const char *word)
{
	const char *text = text_of(cx, raw);

	return text != NULL && strcmp(text, word) == 0;
}

static bool
number(struct ctx *cx, const char *raw, struct bytes *out)
{
	const char *text = text_of(cx, raw);

	return text != NULL && bytes_from_b64u(cx->arena, bytes_str(text), out);
}

/* RFC 7518 section 6.3.1: no leading zero; 2048 bits or more of it. */
static bool
is_good_rsa(const struct jwks_key *k)
{
	static const uint8_t f4[] = { 1, 0, 1 };

	return k->n.n >= RSA_LEAST && k->n.n <= RSA_MOST &&
	       (k->n.n > RSA_LEAST ? k->n.p[0] != 0 : k->n.p[0] >= 0x80) &&
	       (k->n.p[k->n.n - 1] & 1) == 1 && bytes_eq(k->e, BYTES_OF(f4));
}

/* Whether it is a key for signatures that are accepted here. */
static bool
read_key(struct ctx *cx, const struct raw_key *raw, struct jwks_key *out)
{
	*out = (struct jwks_key){ .kid = text_of(cx, raw->kid) };
	if (out->kid == NULL || strlen(out->kid) > JWKS_KID || raw->d != NULL ||
	    raw->k != NULL)
		return false;
	if (raw->use != NULL && !is(cx, raw->use, "sig"))
		return false;
	if (raw->alg != NULL) {
		out->alg = text_of(cx, raw->alg);
		if (out->alg == NULL)
			return false;
	}
	out->rsa = is(cx, raw->kty, "RSA");
	if (out->rsa)
		return number(cx, raw->n, &out->n) &&
		       number(cx, raw->e, &out->e) && is_good_rsa(out);
	return is(cx, raw->kty, "EC") && is(cx, raw->crv, "P-256") &&
	       number(cx, raw->x, &out->x) && number(cx, raw->y, &out->y) &&
	       out->x.n == COORDINATE_BYTES && out->y.n == COORDINATE_BYTES;
}

/* How many of the set have this kid, of whatever kind they are. */
static size_t
count(struct ctx *cx, const struct raw_set *set, const char *kid)
{
	const struct raw_key *raw = set->keys.v;
	size_t i, n = 0;

	for (i = 0; i < set->keys.n; i++)
		n += is(cx, raw[i].kid, kid);
	return n;
}

const struct err *
jwks_read(
    struct ctx *cx, struct bytes json, struct jwks_key out[JWKS_MAX], size_t *n)
{
	struct raw_set set = { { NULL, 0 } };
	const struct raw_key *raw;
	const char *why = json_refusal(cx, json, set_fields, true, &set);
	size_t i;

	*n = 0;
	if (why != NULL)
		return fail(cx, &ERR_BAD_JWK, "JWK set: %s", why);
	raw = set.keys.v;
	for (i = 0; i < set.keys.n; i++)
		if (read_key(cx, &raw[i], &out[*n]) &&
		    count(cx, &set, out[*n].kid) == 1)
			++*n;
	return NULL;
}

const struct err *
jwks_peek(struct ctx *cx, const char *compact, struct jws_head *out)
{
	static const char *const algs[] = { "ES256", "RS256", "PS256", NULL };

	return jws_peek_any(cx, compact, algs, out);
}

static cjose_jwk_t *
load(struct ctx *cx, const struct jwks_key *key)
{
	struct bytes a = bytes_dup(cx->arena, key->rsa ? key->n : key->x);
	struct bytes b = bytes_dup(cx->arena, key->rsa ? key->e : key->y);
	cjose_jwk_rsa_keyspec rsa = { .n = (uint8_t *)(uintptr_t)a.p,
		.nlen = a.n,
		.e = (uint8_t *)(uintptr_t)b.p,
		.elen = b.n };
	cjose_jwk_ec_keyspec ec = { .crv = CJOSE_JWK_EC_P_256,
		.x = (uint8_t *)(uintptr_t)a.p,
		.xlen = a.n,
		.y = (uint8_t *)(uintptr_t)b.p,
		.ylen = b.n };
	cjose_err error;

	return key->rsa ? cjose_jwk_create_RSA_spec(&rsa, &error)
			: cjose_jwk_create_EC_spec(&ec, &error);
}

const struct err *
jwks_verify(struct ctx *cx, const char *compact, const struct jwks_key *key)
{
	AUTO(cjose_jwk_t) *jwk = NULL;
	AUTO(cjose_jws_t) *jws = NULL;
	struct jws_head head;
	const struct err *e = jwks_peek(cx, compact, &head);
	cjose_err error;

	if (e != NULL)
		return e;
	if ((strcmp(head.alg, "ES256") == 0) == key->rsa ||
	    (key->alg != NULL && strcmp(key->alg, head.alg) != 0))
		return fail(
		    cx, &ERR_BAD_JWS, "JWS alg %s is not the key's", head.alg);
	jwk = load(cx, key);
	if (jwk == NULL)
		return fail(cx, &ERR_BAD_JWS, "JWS: the key is none");
	jws = cjose_jws_import(compact, strlen(compact), &error);
	if (jws == NULL || !cjose_jws_verify(jws, jwk, &error))
		return fail(cx, &ERR_BAD_JWS, "JWS signature is wrong");
	return NULL;
}
