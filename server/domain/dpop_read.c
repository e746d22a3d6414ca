#include "domain/dpop.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "codec/json.h"
#include "codec/jwk.h"
#include "codec/jws.h"
#include "pki/digest.h"

#define JTI_TEXT 256
#define NONCE_TEXT 128
#define URL_TEXT 1024

const struct err ERR_INVALID_DPOP_PROOF = { KIND_UNAUTHENTICATED,
	"invalid_dpop_proof",
	"The DPoP proof is not acceptable for this request." };

struct claims {
	const char *jti, *htm, *htu, *ath, *nonce;
	int64_t iat;
};

static const struct json_field claim_fields[] = {
	JSON_F_STR(claims, jti, JTI_TEXT, true),
	JSON_F_STR(claims, htm, 16, true),
	JSON_F_STR(claims, htu, URL_TEXT, true),
	JSON_F_STR(claims, ath, 64, false),
	JSON_F_STR(claims, nonce, NONCE_TEXT, false),
	JSON_F_INT(claims, iat, INT64_MAX, true),
	JSON_END,
};

/* Without query and fragment, scheme and host in lower case, and without the
 * port that https has anyway (RFC 9449 section 4.3, RFC 3986 section 6.2). */
static const char *
normal_url(struct ctx *cx, const char *url)
{
	size_t i, n = strcspn(url, "?#");
	char *s = arena_printf(cx->arena, "%.*s", (int)n, url);
	char *host = strstr(s, "://"), *path, *port;

	if (host == NULL)
		return s;
	host += 3;
	path = host + strcspn(host, "/");
	for (i = 0; s + i < path; i++)
		s[i] = (char)tolower((unsigned char)s[i]);
	port = path - host >= 4 ? path - 4 : NULL;
	if (port == NULL || strncmp(s, "https://", 8) != 0 ||
	    strncmp(port, ":443", 4) != 0)
		return s;
	return arena_printf(cx->arena, "%.*s%s", (int)(port - s), s, path);
}

static ERR_FN
check_claims(
    struct ctx *cx, const struct claims *c, const struct dpop_request *rq)
{
	uint8_t hash[SHA256_BYTES];

	if (*c->jti == '\0')
		return fail(cx, &ERR_INVALID_DPOP_PROOF, "jti is empty");
	if (strcmp(c->htm, rq->method) != 0)
		return fail(cx, &ERR_INVALID_DPOP_PROOF, "htm is another");
	if (strcmp(normal_url(cx, c->htu), normal_url(cx, rq->url)) != 0)
		return fail(cx, &ERR_INVALID_DPOP_PROOF, "htu is another");
	if (c->iat < rq->now - rq->window || c->iat > rq->now + DPOP_AHEAD)
		return fail(cx, &ERR_INVALID_DPOP_PROOF, "iat is %lld s ago",
		    (long long)(rq->now - c->iat));
	if (rq->access_token == NULL)
		return NULL;
	digest_sha256(bytes_str(rq->access_token), hash);
	if (c->ath == NULL ||
	    strcmp(c->ath, bytes_b64u(cx->arena, BYTES_OF(hash))) != 0)
		return fail(cx, &ERR_INVALID_DPOP_PROOF,
		    "ath is not of the access token");
	return NULL;
}

const struct err *
dpop_read(struct ctx *cx, const char *proof, const struct dpop_request *rq,
    struct dpop_proof *out)
{
	struct claims c = { 0 };
	struct jwk_public key;
	struct jws_head head;
	struct bytes payload;
	const char *why;

	if (jws_peek(cx, proof, &head) != NULL)
		return &ERR_INVALID_DPOP_PROOF;
	if (head.jwk == NULL)
		return fail(cx, &ERR_INVALID_DPOP_PROOF, "DPoP: no jwk");
	if (jwk_read(cx, bytes_str(head.jwk), &key) != NULL ||
	    jws_verify_es256(cx, proof, key.x, key.y, "dpop+jwt", &payload) !=
		NULL)
		return &ERR_INVALID_DPOP_PROOF;
	why = json_refusal(cx, payload, claim_fields, true, &c);
	if (why != NULL)
		return fail(cx, &ERR_INVALID_DPOP_PROOF, "DPoP: %s", why);
	digest_sha256(jwk_thumbprint_input(cx, &key), out->jkt);
	out->jti = c.jti;
	out->nonce = c.nonce;
	return check_claims(cx, &c, rq);
}
