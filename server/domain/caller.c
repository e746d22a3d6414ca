#include "domain/caller.h"

#include "base/arena.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/code.h"
#include "domain/operator.h"
#include "domain/svc.h"
#include "pki/key.h"
#include "store/owner.h"

#define OWNER_TOKEN_SECONDS 300
#define CLOCK_SKEW_SECONDS 30

static const struct err ERR_OWNER_TOKEN = { KIND_UNAUTHENTICATED,
	"invalid-token",
	"The bearer token is missing, malformed, expired or not for this "
	"request." };

struct owner_claims {
	const char *iss, *aud, *htm, *htu;
	int64_t iat, exp;
};

static const struct json_field owner_claim_fields[] = {
	JSON_F_STR(owner_claims, iss, 64, true),
	JSON_F_STR(owner_claims, aud, 512, true),
	JSON_F_STR(owner_claims, htm, 16, true),
	JSON_F_STR(owner_claims, htu, 1024, true),
	JSON_F_INT(owner_claims, iat, INT64_MAX, true),
	JSON_F_INT(owner_claims, exp, INT64_MAX, true),
	JSON_END,
};

/* RFC 7519 section 4.1 and, for htm and htu, RFC 9449 section 4.2: a token
 * for one kind of request serves no other. */
static ERR_FN
check_claims(struct ctx *cx, const struct owner_claims *c, const char *method,
    const char *path)
{
	const char *issuer = cx->svc->set.issuer;

	if (strcmp(c->aud, issuer) != 0)
		return fail(cx, &ERR_OWNER_TOKEN, "aud is not %s", issuer);
	if (strcmp(c->htm, method) != 0 ||
	    strcmp(c->htu, arena_printf(cx->arena, "%s%s", issuer, path)) != 0)
		return fail(
		    cx, &ERR_OWNER_TOKEN, "htm or htu is another request's");
	if (c->exp <= cx->now || c->iat > cx->now + CLOCK_SKEW_SECONDS ||
	    c->exp - c->iat > OWNER_TOKEN_SECONDS)
		return fail(cx, &ERR_OWNER_TOKEN,
		    "expired, from the future, or longer than %d s",
		    OWNER_TOKEN_SECONDS);
	return NULL;
}

const struct err *
caller_owner(struct ctx *cx, const char *jws, const char *method,
    const char *path, struct owner_caller *out)
{
	struct owner_claims claims;
	struct owner owner;
	struct bytes payload, x, y;
	struct jws_head head;
	const struct err *e;

	if (!cx->svc->set.app_keys)
		return fail(cx, &ERR_OWNER_TOKEN, "the setting app_keys is no");
	if (jws == NULL)
		return fail(cx, &ERR_OWNER_TOKEN, "no bearer token");
	if (jws_peek(cx, jws, &head) != NULL ||
	    json_read_open(cx, head.payload, owner_claim_fields, &claims) !=
		NULL)
		return &ERR_OWNER_TOKEN;
	if (!text_is_uuid(bytes_str(claims.iss)))
		return fail(cx, &ERR_OWNER_TOKEN, "iss is no owner's id");
	e = owner_get(cx, claims.iss, &owner);
	if (e == &ERR_NOT_FOUND || (e == NULL && owner.disabled))
		return fail(cx, &ERR_OWNER_TOKEN, "unknown owner");
	if (e != NULL)
		return e;
	/* The key signs each request anew. */
	*out = (struct owner_caller){ .app_key = owner.app_key,
		.signed_in_at = cx->now };
	if (key_point_p256(cx, out->app_key, &x, &y) != NULL ||
	    jws_verify_es256(cx, jws, x, y, "owner+jwt", &payload) != NULL)
		return &ERR_OWNER_TOKEN;
	out->owner_id = claims.iss;
	return check_claims(cx, &claims, method, path);
}

const struct err *
caller_admin(struct ctx *cx, const struct admin_call *call, unsigned scope,
    struct admin_caller *out)
{
	return operator_judge(cx, call, scope, out);
}

bool
caller_token_is_ours(struct ctx *cx, const char *token)
{
	return operator_token_is_ours(cx, token);
}
