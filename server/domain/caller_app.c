#include <string.h>

#include "codec/jws.h"
#include "domain/access.h"
#include "domain/caller.h"
#include "domain/dpop.h"
#include "domain/scope.h"
#include "pki/digest.h"

const struct err ERR_SCOPE = { KIND_FORBIDDEN, "insufficient-scope",
	"The app was not allowed this, or no app is." };

bool
caller_is_access_token(struct ctx *cx, const char *token)
{
	struct jws_head head;

	return jws_peek(cx, token, &head) == NULL && head.typ != NULL &&
	       strcmp(head.typ, "at+jwt") == 0;
}

/* RFC 9449 section 7.1: what is bound is never a bearer's. */
static ERR_FN
check_key(struct ctx *cx, const struct app_call *call, struct bytes jkt)
{
	const struct dpop_call proof = { call->dpop, call->method, call->path,
		call->token };
	const struct err *e;
	struct bytes shown;

	if (!call->dpop_scheme || call->dpop == NULL)
		return fail(cx, &ERR_ACCESS_TOKEN, "bound, and no proof");
	e = dpop_judge(cx, &proof, &shown);
	if (e == NULL && !bytes_eq(shown, jkt))
		e = fail(cx, &ERR_ACCESS_TOKEN, "bound to another key");
	return e;
}

/* RFC 8705 section 3. */
static ERR_FN
check_certificate(struct ctx *cx, const struct app_call *call, struct bytes x5t)
{
	uint8_t hash[SHA256_BYTES];

	if (call->peer->n == 0)
		return fail(cx, &ERR_ACCESS_TOKEN, "bound, no certificate");
	digest_sha256(call->peer->chain[0], hash);
	if (!bytes_eq(BYTES_OF(hash), x5t))
		return fail(cx, &ERR_ACCESS_TOKEN, "another certificate");
	return NULL;
}

static ERR_FN
check_binding(
    struct ctx *cx, const struct app_call *call, const struct access_claims *c)
{
	const struct err *e = NULL;

	if (c->cnf.jkt.n > 0)
		e = check_key(cx, call, c->cnf.jkt);
	else if (call->dpop_scheme)
		e = fail(cx, &ERR_ACCESS_TOKEN, "DPoP, and not bound");
	if (e == NULL && c->cnf.x5t.n > 0)
		e = check_certificate(cx, call, c->cnf.x5t);
	return e;
}

const struct err *
caller_app(
    struct ctx *cx, const struct app_call *call, struct owner_caller *out)
{
	struct access_token t;
	unsigned scopes = 0;
	const struct err *e;

	e = access_judge(cx, call->token, &t);
	if (e == NULL && !call->proved)
		e = check_binding(cx, call, &t.claims);
	if (e != NULL)
		return e;
	if (!scope_parse(t.claims.scope, &scopes) ||
	    (scopes & call->scope) == 0)
		return fail(cx, &ERR_SCOPE, "scope: %s", t.claims.scope);
	*out = (struct owner_caller){ .owner_id = t.family.owner_id,
		.client_id = t.family.client_id };
	return NULL;
}
