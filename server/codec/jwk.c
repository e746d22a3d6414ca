#include "codec/jwk.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/limits.h"

#define COORDINATE_BYTES 32
#define MEMBER_TEXT 1024 /* characters of a member, RSA of 4096 bits */

const struct err ERR_BAD_JWK = { KIND_INVALID, "bad-jwk",
	"The key is no JWK of a kind that is accepted here." };

const struct json_field jwk_public_fields[] = {
	JSON_F_STR(jwk_public, kty, 8, true),
	JSON_F_STR(jwk_public, crv, 16, true),
	JSON_F_B64U(jwk_public, x, COORDINATE_BYTES, true),
	JSON_F_B64U(jwk_public, y, COORDINATE_BYTES, true),
	JSON_F_STR(jwk_public, use, 8, false),
	JSON_F_STR(jwk_public, alg, 16, false),
	JSON_F_STR(jwk_public, kid, MEMBER_TEXT, false),
	JSON_END,
};

/* Members of private and of symmetric keys, RFC 7518 sections 6.2.2, 6.3.2
 * and 6.4.1. */
struct secrets {
	const char *d, *p, *q, *dp, *dq, *qi, *oth, *k;
};

#define SECRET(m) JSON_F_RAW(secrets, m, LIMIT_JWS, false)

static const struct json_field secret_fields[] = {
	SECRET(d),
	SECRET(p),
	SECRET(q),
	SECRET(dp),
	SECRET(dq),
	SECRET(qi),
	SECRET(oth),
	SECRET(k),
	JSON_END,
};

static bool
is_secret(const struct secrets *s)
{
	return s->d != NULL || s->p != NULL || s->q != NULL || s->dp != NULL ||
	       s->dq != NULL || s->qi != NULL || s->oth != NULL || s->k != NULL;
}

const struct err *
jwk_read(struct ctx *cx, struct bytes json, struct jwk_public *out)
{
	struct secrets s = { 0 };
	const char *why;

	*out = (struct jwk_public){ 0 };
	why = json_refusal(cx, json, secret_fields, true, &s);
	if (why == NULL)
		why = json_refusal(cx, json, jwk_public_fields, true, out);
	if (why != NULL)
		return fail(cx, &ERR_BAD_JWK, "JWK: %s", why);
	if (is_secret(&s))
		return fail(cx, &ERR_BAD_JWK, "JWK has a private member");
	if (strcmp(out->kty, "EC") != 0 || strcmp(out->crv, "P-256") != 0 ||
	    out->x.n != COORDINATE_BYTES || out->y.n != COORDINATE_BYTES)
		return fail(cx, &ERR_BAD_JWK, "JWK is no P-256 key");
	return NULL;
}

struct bytes
jwk_thumbprint_input(struct ctx *cx, const struct jwk_public *key)
{
	return bytes_str(arena_printf(cx->arena,
	    "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
	    bytes_b64u(cx->arena, key->x), bytes_b64u(cx->arena, key->y)));
}

/* The members that are required of some kind of key, as they were written. */
struct any_key {
	const char *crv, *e, *k, *kty, *n, *x, *y;
};

#define MEMBER(m, required) JSON_F_RAW(any_key, m, MEMBER_TEXT, required)

static const struct json_field any_fields[] = {
	MEMBER(crv, false),
	MEMBER(e, false),
	MEMBER(k, false),
	MEMBER(kty, true),
	MEMBER(n, false),
	MEMBER(x, false),
	MEMBER(y, false),
	JSON_END,
};

const struct err *
jwk_thumbprint_of(struct ctx *cx, struct bytes json, struct bytes *input)
{
	struct any_key k = { 0 };
	const char *why, *text = NULL;
	struct arena *a = cx->arena;

	why = json_refusal(cx, json, any_fields, true, &k);
	if (why != NULL)
		return fail(cx, &ERR_BAD_JWK, "JWK: %s", why);
	/* RFC 7638 section 3.2, RFC 8037 section 2. */
	if (strcmp(k.kty, "\"EC\"") == 0 && k.crv && k.x && k.y)
		text =
		    arena_printf(a, "{\"crv\":%s,\"kty\":%s,\"x\":%s,\"y\":%s}",
			k.crv, k.kty, k.x, k.y);
	else if (strcmp(k.kty, "\"OKP\"") == 0 && k.crv && k.x)
		text = arena_printf(
		    a, "{\"crv\":%s,\"kty\":%s,\"x\":%s}", k.crv, k.kty, k.x);
	else if (strcmp(k.kty, "\"RSA\"") == 0 && k.e && k.n)
		text = arena_printf(
		    a, "{\"e\":%s,\"kty\":%s,\"n\":%s}", k.e, k.kty, k.n);
	else if (strcmp(k.kty, "\"oct\"") == 0 && k.k)
		text = arena_printf(a, "{\"k\":%s,\"kty\":%s}", k.k, k.kty);
	if (text == NULL)
		return fail(cx, &ERR_BAD_JWK, "JWK lacks a member");
	*input = bytes_str(text);
	return NULL;
}
