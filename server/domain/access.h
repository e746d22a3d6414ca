/*
 * What apps are given: access tokens as JWTs (RFC 9068) of five minutes,
 * bound to the app's key or certificate where it has one (RFC 9449, 8705),
 * and ID tokens (OpenID Connect Core section 2).  typ and aud keep them apart
 * from everything else that is signed here (SECURITY.md H5).
 */
#ifndef DOMAIN_ACCESS_H
#define DOMAIN_ACCESS_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"
#include "codec/json.h"
#include "store/grant.h"

#define ACCESS_SECONDS 300

struct access_claims {
	const char *iss, *sub, *aud, *client_id, *scope, *jti;
	int64_t iat, exp, auth_time;
	struct access_cnf {
		struct bytes jkt, x5t; /* one of them, or neither */
	} cnf;
};

extern const struct json_field access_cnf_fields[];

/* Which family and generation a jti names; of an access token of ours. */
struct access_token {
	struct access_claims claims;
	struct family family; /* as it is now */
};

/* An access token of the family's present generation. */
ERR_FN access_mint(struct ctx *cx, const struct family *f, const char *scope,
    const char **jwt);

/* An ID token for the app, beside that access token. */
ERR_FN id_token_mint(struct ctx *cx, const struct family *f,
    const char *access_token, const char **jwt);

/* "invalid-token", UNAUTHENTICATED. */
extern const struct err ERR_ACCESS_TOKEN;

/* Judges a token: ours, of this kind, not expired, its family alive.  Whether
 * the caller holds its key is not judged. */
ERR_FN
access_judge(struct ctx *cx, const char *jwt, struct access_token *out);

/* The first part of that: ours, of this kind, not expired; and the family that
 * is still to be looked at. */
ERR_FN access_read(struct ctx *cx, const char *jwt, struct access_token *out);
const char *access_family(struct ctx *cx, const struct access_token *t);

#endif
