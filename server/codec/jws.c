#include "codec/jws.h"

#include <cjose/jwk.h>
#include <cjose/jws.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/json.h"

#define COORDINATE_BYTES 32
#define SIGNATURE_BYTES (2 * COORDINATE_BYTES)
#define HEADER_TEXT 256 /* characters of one header parameter */
#define HEADER_JWK 1024

AUTO_DEFINE(cjose_jws_t, cjose_jws_release);
AUTO_DEFINE(cjose_jwk_t, (void)cjose_jwk_release);

const struct err ERR_BAD_JWS = { KIND_UNAUTHENTICATED, "bad-token",
	"The signed token is not acceptable." };

/* RFC 7515 section 4.1.  Parameters that are not named here are ignored, as
 * section 4 demands; keys that a header carries never count. */
struct header {
	const char *alg, *typ, *kid, *jwk, *crit, *b64;
};

static const struct json_field header_fields[] = {
	JSON_F_STR(header, alg, HEADER_TEXT, true),
	JSON_F_STR(header, typ, HEADER_TEXT, false),
	JSON_F_STR(header, kid, HEADER_TEXT, false),
	JSON_F_RAW(header, jwk, HEADER_JWK, false),
	JSON_F_RAW(header, crit, HEADER_TEXT, false),
	JSON_F_RAW(header, b64, HEADER_TEXT, false),
	JSON_END,
};

struct parts {
	struct bytes header, payload, signature; /* decoded */
};

/* Three parts of strict base64url between two dots, section 7.1. */
static bool
split(struct arena *a, const char *compact, struct parts *out)
{
	struct bytes *part[] = { &out->header, &out->payload, &out->signature };
	const char *s = compact;
	size_t i;

	for (i = 0; i < 3; i++) {
		const char *end = i < 2 ? strchr(s, '.') : s + strlen(s);

		if (end == NULL ||
		    !bytes_from_b64u(a,
			(struct bytes){ (const uint8_t *)s, (size_t)(end - s) },
			part[i]))
			return false;
		s = end + 1;
	}
	return true;
}

static bool
is_among(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* Structure and header of a JWS, all but its signature. */
static const struct err *
parse_any(struct ctx *cx, const char *compact, const char *const *algs,
    struct parts *p, struct header *h)
{
	const char *why;

	if (strlen(compact) > LIMIT_JWS)
		return fail(cx, &ERR_BAD_JWS, "JWS is too long");
	if (!split(cx->arena, compact, p))
		return fail(cx, &ERR_BAD_JWS,
		    "JWS is not three parts of base64url (RFC 7515 7.1)");
	why = json_refusal(cx, p->header, header_fields, true, h);
	if (why != NULL)
		return fail(cx, &ERR_BAD_JWS, "JWS header: %s", why);
	if (!is_among(h->alg, algs))
		return fail(cx, &ERR_BAD_JWS,
		    "JWS alg \"%.20s\" is not accepted (RFC 8725 3.1)", h->alg);
	/* We understand no extension (RFC 7515 4.1.11, RFC 7797). */
	if (h->crit != NULL || h->b64 != NULL)
		return fail(cx, &ERR_BAD_JWS, "JWS header has crit or b64");
	return NULL;
}

static const struct err *
parse(struct ctx *cx, const char *compact, struct parts *p, struct header *h)
{
	static const char *const es256[] = { "ES256", NULL };
	const struct err *e = parse_any(cx, compact, es256, p, h);

	if (e != NULL)
		return e;
	if (p->signature.n != SIGNATURE_BYTES)
		return fail(cx, &ERR_BAD_JWS,
		    "JWS signature is not 64 bytes (RFC 7518 3.4)");
	return NULL;
}

static bool
verify(const char *compact, struct bytes x, struct bytes y)
{
	uint8_t xs[COORDINATE_BYTES], ys[COORDINATE_BYTES];
	cjose_jwk_ec_keyspec spec = { .crv = CJOSE_JWK_EC_P_256,
		.x = xs,
		.xlen = sizeof(xs),
		.y = ys,
		.ylen = sizeof(ys) };
	AUTO(cjose_jwk_t) *key = NULL;
	AUTO(cjose_jws_t) *jws = NULL;
	cjose_err error;

	must(x.n == sizeof(xs) && y.n == sizeof(ys));
	memcpy(xs, x.p, sizeof(xs));
	memcpy(ys, y.p, sizeof(ys));
	key = cjose_jwk_create_EC_spec(&spec, &error);
	if (key == NULL)
		return false;
	jws = cjose_jws_import(compact, strlen(compact), &error);
	return jws != NULL && cjose_jws_verify(jws, key, &error);
}

const struct err *
jws_verify_es256(struct ctx *cx, const char *compact, struct bytes x,
    struct bytes y, const char *typ, struct bytes *payload)
{
	struct header h = { 0 };
	struct parts p;
	const struct err *e;

	e = parse(cx, compact, &p, &h);
	if (e != NULL)
		return e;
	/* One kind of token never passes for another (RFC 8725 3.11). */
	if (typ != NULL && (h.typ == NULL || strcmp(h.typ, typ) != 0))
		return fail(cx, &ERR_BAD_JWS, "JWS typ is not %s", typ);
	if (!verify(compact, x, y))
		return fail(cx, &ERR_BAD_JWS, "JWS signature is wrong");
	*payload = p.payload;
	return NULL;
}

const struct err *
jws_peek_any(struct ctx *cx, const char *compact, const char *const *algs,
    struct jws_head *out)
{
	struct header h = { 0 };
	struct parts p;
	const struct err *e = parse_any(cx, compact, algs, &p, &h);

	if (e == NULL)
		*out =
		    (struct jws_head){ h.alg, h.typ, h.kid, h.jwk, p.payload };
	return e;
}

const struct err *
jws_peek(struct ctx *cx, const char *compact, struct jws_head *out)
{
	struct header h = { 0 };
	struct parts p;
	const struct err *e;

	e = parse(cx, compact, &p, &h);
	if (e != NULL)
		return e;
	*out = (struct jws_head){ h.alg, h.typ, h.kid, h.jwk, p.payload };
	return NULL;
}

const char *
jws_input(
    struct ctx *cx, const char *typ, const char *kid, struct bytes payload)
{
	const char *header =
	    arena_printf(cx->arena, "{\"alg\":\"ES256\",\"typ\":%s%s%s}",
		json_quote(cx, typ), kid == NULL ? "" : ",\"kid\":",
		kid == NULL ? "" : json_quote(cx, kid));

	return arena_printf(cx->arena, "%s.%s",
	    bytes_b64u(cx->arena, bytes_str(header)),
	    bytes_b64u(cx->arena, payload));
}

const char *
jws_join(struct ctx *cx, const char *input, struct bytes sig_rs64)
{
	must(sig_rs64.n == SIGNATURE_BYTES);
	return arena_printf(
	    cx->arena, "%s.%s", input, bytes_b64u(cx->arena, sig_rs64));
}
