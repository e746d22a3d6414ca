#include "domain/access.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/svc.h"
#include "domain/token_key.h"
#include "pki/digest.h"

#define TYP_ACCESS "at+jwt"
#define CLAIM_TEXT 1024
#define UUID_TEXT 36

const struct err ERR_ACCESS_TOKEN = { KIND_UNAUTHENTICATED, "invalid-token",
	"The access token is malformed, expired or withdrawn, or not for "
	"this." };

const struct json_field access_cnf_fields[] = {
	JSON_F_B64U(access_cnf, jkt, 32, false),
	{ .name = "x5t#S256",
	    .type = JSON_B64U,
	    .offset = offsetof(struct access_cnf, x5t),
	    .max = 32 },
	JSON_END,
};

static const struct json_field access_fields[] = {
	JSON_F_STR(access_claims, iss, CLAIM_TEXT, true),
	JSON_F_STR(access_claims, sub, UUID_TEXT, true),
	JSON_F_STR(access_claims, aud, CLAIM_TEXT, true),
	JSON_F_STR(access_claims, client_id, CLAIM_TEXT, true),
	JSON_F_STR(access_claims, scope, CLAIM_TEXT, true),
	JSON_F_STR(access_claims, jti, CLAIM_TEXT, true),
	JSON_F_INT(access_claims, iat, INT64_MAX, true),
	JSON_F_INT(access_claims, exp, INT64_MAX, true),
	JSON_F_INT(access_claims, auth_time, INT64_MAX, true),
	JSON_F_OBJ(access_claims, cnf, access_cnf_fields, false),
	JSON_END,
};

struct id_claims {
	const char *iss, *sub, *aud, *nonce;
	struct bytes at_hash;
	int64_t iat, exp, auth_time;
};

static const struct json_field id_fields[] = {
	JSON_F_STR(id_claims, iss, CLAIM_TEXT, true),
	JSON_F_STR(id_claims, sub, UUID_TEXT, true),
	JSON_F_STR(id_claims, aud, CLAIM_TEXT, true),
	JSON_F_STR(id_claims, nonce, CLAIM_TEXT, false),
	JSON_F_B64U(id_claims, at_hash, 16, true),
	JSON_F_INT(id_claims, iat, INT64_MAX, true),
	JSON_F_INT(id_claims, exp, INT64_MAX, true),
	JSON_F_INT(id_claims, auth_time, INT64_MAX, true),
	JSON_END,
};

/* The same generation gets the same claims, so that a repeat after a lost
 * answer is the same token (A10). */
const struct err *
access_mint(
    struct ctx *cx, const struct family *f, const char *scope, const char **jwt)
{
	const char *issuer = cx->svc->set.issuer;
	struct access_claims c = {
		.iss = issuer,
		.sub = f->owner_id,
		.aud = issuer,
		.client_id = f->client_id,
		.scope = scope,
		.jti = arena_printf(
		    cx->arena, "%s.%lld", f->id, (long long)f->generation),
		.iat = f->issued_at,
		.exp = f->issued_at + ACCESS_SECONDS,
		.auth_time = f->signed_in_at,
		.cnf = { f->jkt, f->x5t },
	};
	const struct err *e;
	struct bytes json;

	e = json_write(cx, access_fields, &c, &json);
	return e != NULL ? e : token_sign(cx, TYP_ACCESS, json, jwt);
}

/* OpenID Connect Core sections 3.1.3.6 and 12.2: at_hash is the left half of
 * the hash; auth_time stays the sign-in's, and a refresh repeats no nonce. */
const struct err *
id_token_mint(struct ctx *cx, const struct family *f, const char *access_token,
    const char **jwt)
{
	uint8_t hash[SHA256_BYTES];
	struct id_claims c = {
		.iss = cx->svc->set.issuer,
		.sub = f->owner_id,
		.aud = f->client_id,
		.nonce = f->generation == 1 ? f->nonce : NULL,
		.at_hash = { hash, sizeof(hash) / 2 },
		.iat = f->issued_at,
		.exp = f->issued_at + ACCESS_SECONDS,
		.auth_time = f->signed_in_at,
	};
	const struct err *e;
	struct bytes json;

	digest_sha256(bytes_str(access_token), hash);
	e = json_write(cx, id_fields, &c, &json);
	return e != NULL ? e : token_sign(cx, "JWT", json, jwt);
}

/* RFC 9068 section 4. */
static ERR_FN
check_claims(struct ctx *cx, const struct access_claims *c)
{
	const char *issuer = cx->svc->set.issuer;

	if (strcmp(c->iss, issuer) != 0 || strcmp(c->aud, issuer) != 0)
		return fail(cx, &ERR_ACCESS_TOKEN, "iss or aud is another");
	if (c->exp <= cx->now)
		return fail(cx, &ERR_ACCESS_TOKEN, "expired");
	if (strlen(c->jti) < UUID_TEXT + 2 ||
	    !text_is_uuid((struct bytes){ (const uint8_t *)c->jti, UUID_TEXT }))
		return fail(cx, &ERR_ACCESS_TOKEN, "jti is none of ours");
	return NULL;
}

const struct err *
access_read(struct ctx *cx, const char *jwt, struct access_token *out)
{
	struct access_claims c = { 0 };
	const struct err *e;
	struct bytes json;

	e = token_verify(cx, jwt, TYP_ACCESS, &json);
	if (e == &ERR_BAD_JWS)
		return &ERR_ACCESS_TOKEN;
	if (e == NULL && json_read_open(cx, json, access_fields, &c) != NULL)
		return &ERR_ACCESS_TOKEN;
	if (e == NULL)
		e = check_claims(cx, &c);
	out->claims = c;
	return e;
}

const char *
access_family(struct ctx *cx, const struct access_token *t)
{
	return arena_printf(cx->arena, "%.36s", t->claims.jti);
}

const struct err *
access_judge(struct ctx *cx, const char *jwt, struct access_token *out)
{
	const struct err *e = access_read(cx, jwt, out);

	if (e != NULL)
		return e;
	e = family_get(cx, access_family(cx, out), &out->family);
	if (e == &ERR_NOT_FOUND || (e == NULL && !out->family.alive))
		return fail(cx, &ERR_ACCESS_TOKEN, "its family is over");
	return e;
}
