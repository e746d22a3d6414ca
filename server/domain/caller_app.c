#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "codec/jws.h"
#include "domain/access.h"
#include "domain/caller.h"
#include "domain/dpop.h"
#include "domain/idp.h"
#include "domain/scope.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "store/external.h"

const struct err ERR_SCOPE = { KIND_FORBIDDEN, "insufficient-scope",
	"The app was not allowed this, or no app is." };

const struct err ERR_STEP_UP = { KIND_UNAUTHENTICATED,
	"insufficient_user_authentication",
	"Sign in again for this: freshly, and as strongly as it asks." };

bool
caller_is_access_token(struct ctx *cx, const char *token)
{
	struct jws_head head;

	return idp_is_issuer(cx, token) ||
	       (jws_peek(cx, token, &head) == NULL && head.typ != NULL &&
		   strcmp(head.typ, "at+jwt") == 0);
}

/* RFC 9449 section 7.1: what is bound is never a bearer's. */
static ERR_FN
check_key(struct ctx *cx, const struct app_call *call, struct bytes jkt)
{
	const struct dpop_call proof = { call->dpop, call->method, call->path,
		call->token };
	const struct err *e;
	struct dpop_proof shown;

	if (!call->dpop_scheme || call->dpop == NULL)
		return fail(cx, &ERR_ACCESS_TOKEN, "bound, and no proof");
	e = dpop_judge(cx, &proof, &shown);
	if (e == NULL && !bytes_eq(BYTES_OF(shown.jkt), jkt))
		e = fail(cx, &ERR_ACCESS_TOKEN, "bound to another key");
	return e != NULL ? e : dpop_use(cx, &shown);
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
    struct ctx *cx, const struct app_call *call, const struct access_cnf *cnf)
{
	const struct err *e = NULL;

	if (cnf->jkt.n > 0)
		e = check_key(cx, call, cnf->jkt);
	else if (call->dpop_scheme)
		e = fail(cx, &ERR_ACCESS_TOKEN, "DPoP, and not bound");
	if (e == NULL && cnf->x5t.n > 0)
		e = check_certificate(cx, call, cnf->x5t);
	return e;
}

/* The account of whom the issuer knows by this name, made when they first
 * come. */
static ERR_FN
find_owner(struct ctx *cx, const char *subject, const char **owner_id)
{
	char id[UUID_TEXT_BYTES];
	const struct external_new new = { cx->svc->set.idp_issuer, subject, id,
		text_is_name(bytes_str(subject)) ? subject : "-" };
	bool disabled = false, done;
	const struct err *e =
	    external_get(cx, new.issuer, subject, owner_id, &disabled);

	if (e == &ERR_NOT_FOUND) {
		rng_uuid(id);
		e = external_add(cx, &new, &done);
		if (e == NULL)
			e = external_get(
			    cx, new.issuer, subject, owner_id, &disabled);
	}
	if (e == NULL && disabled)
		e = fail(cx, &ERR_ACCESS_TOKEN, "owner %s is over", *owner_id);
	return e;
}

/* What is more than apps are given needs a sign-in that is fresh, and the
 * scope in which decisions are prepared. */
static ERR_FN
check_power(struct ctx *cx, const struct app_call *call,
    const struct idp_claims *c, bool *stepped_up)
{
	unsigned scopes = scope_known(c->scope);

	if ((scopes & (call->scope != 0 ? call->scope : OWNER_APPROVALS)) == 0)
		return fail(cx, &ERR_SCOPE, "scope: %s", c->scope);
	*stepped_up = idp_has_stepped_up(cx, c);
	if (call->scope == 0 && !*stepped_up)
		return fail(cx, &ERR_STEP_UP, "auth_time or acr");
	return NULL;
}

static ERR_FN
judge_external(
    struct ctx *cx, const struct app_call *call, struct owner_caller *out)
{
	const struct err *e;
	struct idp_claims c;

	*out = (struct owner_caller){ .external = true };
	e = idp_judge(cx, call->token, &c);
	if (e == NULL && !call->proved)
		e = check_binding(cx, call, &c.cnf);
	if (e == NULL)
		e = check_power(cx, call, &c, &out->stepped_up);
	return e != NULL ? e : find_owner(cx, c.sub, &out->owner_id);
}

const struct err *
caller_app(
    struct ctx *cx, const struct app_call *call, struct owner_caller *out)
{
	struct access_token t;
	unsigned scopes = 0;
	const struct err *e;

	if (idp_is_issuer(cx, call->token))
		return judge_external(cx, call, out);
	e = access_judge(cx, call->token, &t);
	if (e == NULL && !call->proved)
		e = check_binding(cx, call, &t.claims.cnf);
	if (e != NULL)
		return e;
	if (!scope_parse(t.claims.scope, &scopes) ||
	    (scopes & call->scope) == 0)
		return fail(cx, &ERR_SCOPE, "scope: %s", t.claims.scope);
	*out = (struct owner_caller){ .owner_id = t.family.owner_id,
		.client_id = t.family.client_id };
	return NULL;
}
