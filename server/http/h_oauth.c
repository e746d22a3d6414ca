#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/form.h"
#include "codec/json.h"
#include "domain/child.h"
#include "domain/oauth.h"
#include "domain/svc.h"
#include "domain/token_key.h"
#include "http/answer.h"
#include "http/app.h"
#include "http/handlers.h"
#include "http/problem.h"

static const struct json_field authorize_fields[] = {
	JSON_F_STR(oauth_authorize_out, device_code, 64, true),
	JSON_F_STR(oauth_authorize_out, user_code, 16, true),
	JSON_F_STR(oauth_authorize_out, verification_uri, 1024, true),
	JSON_F_STR(oauth_authorize_out, verification_uri_complete, 1024, true),
	JSON_F_INT(oauth_authorize_out, expires_in, 0, true),
	JSON_F_INT(oauth_authorize_out, interval, 0, true),
	JSON_END,
};

static const struct json_field token_fields[] = {
	JSON_F_STR(oauth_token_out, access_token, 64, true),
	JSON_F_STR(oauth_token_out, token_type, 16, true),
	JSON_F_INT(oauth_token_out, expires_in, 0, true),
	JSON_F_STR(oauth_token_out, scope, 64, true),
	JSON_END,
};

/* RFC 8414 section 2 and OpenID Connect Discovery section 3, with what RFC
 * 8628 section 4, 8705 section 3.3, 9126 section 5, 9207 section 3 and 9449
 * section 5.1 add: what there is, and nothing else. */
struct metadata {
	const char *issuer, *authorization_endpoint, *token_endpoint, *jwks_uri;
	const char *device_authorization_endpoint, *revocation_endpoint;
	const char *introspection_endpoint,
	    *pushed_authorization_request_endpoint;
	bool tls_client_certificate_bound_access_tokens;
	bool authorization_response_iss_parameter_supported;
	/* What clients otherwise take for offered: signed requests, by value
	 * or by reference; what was pushed is neither (RFC 9126 section 5). */
	bool request_parameter_supported, request_uri_parameter_supported,
	    claims_parameter_supported;
	struct json_strs response_types_supported, response_modes_supported,
	    grant_types_supported, scopes_supported, subject_types_supported,
	    prompt_values_supported, claims_supported,
	    id_token_signing_alg_values_supported,
	    code_challenge_methods_supported, dpop_signing_alg_values_supported,
	    token_endpoint_auth_methods_supported,
	    token_endpoint_auth_signing_alg_values_supported,
	    introspection_endpoint_auth_methods_supported,
	    introspection_endpoint_auth_signing_alg_values_supported,
	    revocation_endpoint_auth_methods_supported,
	    revocation_endpoint_auth_signing_alg_values_supported;
};

#define URL(name) JSON_F_STR(metadata, name, 1024, true)
#define WORDS(name) JSON_F_STRS(metadata, name, 8, 64, true)

static const struct json_field metadata_fields[] = {
	URL(issuer),
	URL(authorization_endpoint),
	URL(token_endpoint),
	URL(jwks_uri),
	URL(device_authorization_endpoint),
	URL(revocation_endpoint),
	URL(introspection_endpoint),
	URL(pushed_authorization_request_endpoint),
	WORDS(response_types_supported),
	WORDS(response_modes_supported),
	WORDS(grant_types_supported),
	WORDS(scopes_supported),
	WORDS(subject_types_supported),
	WORDS(prompt_values_supported),
	WORDS(claims_supported),
	WORDS(id_token_signing_alg_values_supported),
	WORDS(code_challenge_methods_supported),
	WORDS(dpop_signing_alg_values_supported),
	WORDS(token_endpoint_auth_methods_supported),
	WORDS(token_endpoint_auth_signing_alg_values_supported),
	WORDS(introspection_endpoint_auth_methods_supported),
	WORDS(introspection_endpoint_auth_signing_alg_values_supported),
	WORDS(revocation_endpoint_auth_methods_supported),
	WORDS(revocation_endpoint_auth_signing_alg_values_supported),
	JSON_F_BOOL(metadata, tls_client_certificate_bound_access_tokens, true),
	JSON_F_BOOL(
	    metadata, authorization_response_iss_parameter_supported, true),
	JSON_F_BOOL(metadata, request_parameter_supported, true),
	JSON_F_BOOL(metadata, request_uri_parameter_supported, true),
	JSON_F_BOOL(metadata, claims_parameter_supported, true),
	JSON_END,
};

/* The unit that showed its birth certificate, or NULL. */
static const struct unit *
unit_of(const struct request *rq)
{
	return rq->caller.kind == CALLER_UNIT ? &rq->caller.unit : NULL;
}

/* All of it or none, and not beside a handle. */
static ERR_FN
read_evidence(
    struct ctx *cx, const struct form *form, struct oauth_authorize_in *in)
{
	const char *evidence = form_get(form, "evidence");
	const char *nonce = form_get(form, "evidence_nonce");

	in->attestation = form_get(form, "attestation");
	in->evidence_format = form_get(form, "evidence_format");
	if (in->attestation != NULL && in->evidence_format != NULL)
		return fail(cx, &ERR_INVALID_REQUEST,
		    "evidence beside the handle of evidence");
	if ((in->evidence_format == NULL) != (evidence == NULL) ||
	    (evidence == NULL && nonce != NULL))
		return fail(cx, &ERR_INVALID_REQUEST,
		    "evidence, or its format, or both are missing");
	if ((evidence != NULL && !bytes_from_b64u(cx->arena,
				     bytes_str(evidence), &in->evidence)) ||
	    (nonce != NULL && !bytes_from_b64u(cx->arena, bytes_str(nonce),
				  &in->evidence_nonce)))
		return fail(cx, &ERR_INVALID_REQUEST,
		    "evidence or its nonce is not base64url");
	return NULL;
}

static ERR_FN
read_authorize(
    struct ctx *cx, const struct request *rq, struct oauth_authorize_in *in)
{
	const struct err *e;
	struct form *form;
	const char *csr;

	e = form_parse(cx, rq->body, &form);
	if (e != NULL)
		return e;
	*in = (struct oauth_authorize_in){ .binding = rq->binding,
		.address = rq->address,
		.client_id = form_get(form, "client_id"),
		.scope = form_get(form, "scope"),
		.label = form_get(form, "label") };
	csr = form_get(form, "csr");
	if (csr == NULL ||
	    !bytes_from_b64u(cx->arena, bytes_str(csr), &in->csr))
		return fail(cx, &ERR_INVALID_REQUEST,
		    "csr is missing or not base64url");
	return read_evidence(cx, form, in);
}

void
device_authorization_together(struct call *const *calls, size_t n)
{
	struct oauth_asked v[LIMIT_TOGETHER];
	struct call *of[LIMIT_TOGETHER];
	size_t i, m = 0;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		struct call *c = calls[i];

		v[m] =
		    (struct oauth_asked){ .cx = c->cx, .unit = unit_of(c->rq) };
		c->e = read_authorize(c->cx, c->rq, &v[m].in);
		if (c->e == NULL)
			of[m++] = c;
	}
	oauth_authorize(v, m);
	for (i = 0; i < m; i++) {
		of[i]->e = v[i].e;
		of[i]->again = v[i].again;
		if (v[i].e == NULL && !v[i].again)
			of[i]->e = answer_json(of[i]->cx, of[i]->rs, 200,
			    authorize_fields, &v[i].out);
	}
}

const struct err *
post_device_authorization(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct call one = { .cx = cx, .rq = rq, .rs = rs };
	struct call *calls[] = { &one };

	device_authorization_together(calls, 1);
	return one.e;
}

static void
read_device_grant(const struct form *form, struct oauth_token_in *in)
{
	in->grant_type = form_get(form, "grant_type");
	in->device_code = form_get(form, "device_code");
	in->client_id = form_get(form, "client_id");
}

bool
quick_token(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct oauth_token_in in;
	const struct err *e;
	struct form *form;

	/* The certificate that asked for the code was judged then; here it
	 * must only be the same one, or none again. */
	if (form_parse(cx, rq->body, &form) != NULL)
		return false;
	read_device_grant(form, &in);
	e = oauth_token_quick(cx, &rq->peer, &in);
	if (e == NULL)
		return false;
	problem_reply(cx, rq, e, rs);
	return true;
}

/* A device is its birth certificate, or it came without one before. */
static ERR_FN
device_token(struct ctx *cx, struct request *rq, const struct form *form,
    struct reply *rs)
{
	struct oauth_token_out out;
	struct oauth_token_in in;
	const struct err *e = NULL;

	read_device_grant(form, &in);
	if (rq->peer.n > 0) {
		rq->caller.kind = CALLER_UNIT;
		e = caller_unit(cx, &rq->peer, &rq->caller.unit);
	}
	if (e == NULL)
		e = oauth_token(cx, unit_of(rq), &in, &out);
	return e != NULL ? e : answer_json(cx, rs, 200, token_fields, &out);
}

const struct err *
post_token(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const char *grant;
	const struct err *e;
	struct form *form;

	e = form_parse(cx, rq->body, &form);
	if (e != NULL)
		return e;
	grant = form_get(form, "grant_type");
	if (grant == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "no grant_type");
	if (strcmp(grant, GRANT_DEVICE_CODE) == 0)
		return device_token(cx, rq, form, rs);
	if (strcmp(grant, GRANT_TOKEN_EXCHANGE) == 0)
		return exchange_token(cx, rq, form, rs);
	return app_token(cx, rq, form, rs);
}

/* RFC 7517; the cache lives as long as a rotation gives it. */
const struct err *
get_jwks(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct err *e;
	struct bytes body;

	(void)rq;
	e = token_jwks(cx, &body);
	if (e != NULL)
		return e;
	reply_body(rs, 200, "application/jwk-set+json", body);
	reply_header(rs, "Cache-Control", "public, max-age=300");
	return NULL;
}

static const char *
url(struct ctx *cx, const char *path)
{
	return arena_printf(
	    cx->arena, "%s/oauth2/%s", cx->svc->set.issuer, path);
}

#define LIST(array)                                         \
	(struct json_strs)                                  \
	{                                                   \
		(array), sizeof(array) / sizeof((array)[0]) \
	}

const struct err *
get_oauth_metadata(struct ctx *cx, struct request *rq, struct reply *rs)
{
	static const char *code[] = { "code" }, *query[] = { "query" };
	static const char *subjects[] = { "public" }, *es256[] = { "ES256" };
	static const char *s256[] = { "S256" };
	static const char *prompts[] = { "none", "login", "consent",
		"select_account" };
	static const char *claims[] = { "iss", "sub", "aud", "exp", "iat",
		"auth_time", "nonce", "at_hash" };
	static const char *grants[] = { GRANT_DEVICE_CODE, "authorization_code",
		"refresh_token", GRANT_TOKEN_EXCHANGE };
	static const char *scopes[] = { "enroll", "openid", "approvals",
		"devices" };
	/* A device is a public client whose certificate binds its tokens. */
	static const char *auth[] = { "none", "private_key_jwt",
		"self_signed_tls_client_auth" };
	static const char *key_auth[] = { "private_key_jwt",
		"self_signed_tls_client_auth" };
	const struct metadata m = {
		.issuer = cx->svc->set.issuer,
		.authorization_endpoint = url(cx, "authorize"),
		.token_endpoint = url(cx, "token"),
		.jwks_uri = url(cx, "jwks"),
		.device_authorization_endpoint =
		    url(cx, "device_authorization"),
		.revocation_endpoint = url(cx, "revoke"),
		.introspection_endpoint = url(cx, "introspect"),
		.pushed_authorization_request_endpoint = url(cx, "par"),
		.tls_client_certificate_bound_access_tokens = true,
		.authorization_response_iss_parameter_supported = true,
		.response_types_supported = LIST(code),
		.response_modes_supported = LIST(query),
		.grant_types_supported = LIST(grants),
		.scopes_supported = LIST(scopes),
		.subject_types_supported = LIST(subjects),
		.prompt_values_supported = LIST(prompts),
		.claims_supported = LIST(claims),
		.id_token_signing_alg_values_supported = LIST(es256),
		.code_challenge_methods_supported = LIST(s256),
		.dpop_signing_alg_values_supported = LIST(es256),
		.token_endpoint_auth_methods_supported = LIST(auth),
		.token_endpoint_auth_signing_alg_values_supported = LIST(es256),
		.introspection_endpoint_auth_methods_supported = LIST(key_auth),
		.introspection_endpoint_auth_signing_alg_values_supported =
		    LIST(es256),
		.revocation_endpoint_auth_methods_supported = LIST(auth),
		.revocation_endpoint_auth_signing_alg_values_supported =
		    LIST(es256),
	};
	const struct err *e;
	struct bytes body;

	(void)rq;
	e = json_write(cx, metadata_fields, &m, &body);
	if (e == NULL)
		reply_body(rs, 200, "application/json", body);
	return e;
}
