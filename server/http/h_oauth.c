#include "base/arena.h"
#include "codec/form.h"
#include "codec/json.h"
#include "domain/oauth.h"
#include "domain/svc.h"
#include "domain/token_key.h"
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

struct metadata {
	const char *issuer, *token_endpoint, *device_authorization_endpoint;
	const char *jwks_uri;
	bool tls_client_certificate_bound_access_tokens;
	struct json_strs grant_types_supported, response_types_supported,
	    scopes_supported, token_endpoint_auth_methods_supported;
};

static const struct json_field metadata_fields[] = {
	JSON_F_STR(metadata, issuer, 1024, true),
	JSON_F_STR(metadata, token_endpoint, 1024, true),
	JSON_F_STR(metadata, device_authorization_endpoint, 1024, true),
	JSON_F_STR(metadata, jwks_uri, 1024, true),
	JSON_F_STRS(metadata, response_types_supported, 4, 64, true),
	JSON_F_STRS(metadata, grant_types_supported, 4, 64, true),
	JSON_F_STRS(metadata, scopes_supported, 4, 64, true),
	JSON_F_STRS(
	    metadata, token_endpoint_auth_methods_supported, 4, 64, true),
	JSON_F_BOOL(metadata, tls_client_certificate_bound_access_tokens, true),
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

const struct err *
post_device_authorization(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct oauth_authorize_in in = { .binding = rq->binding };
	struct oauth_authorize_out out;
	const struct err *e;
	struct form *form;
	struct bytes body;
	const char *csr;

	e = form_parse(cx, rq->body, &form);
	if (e != NULL)
		return e;
	in.client_id = form_get(form, "client_id");
	in.scope = form_get(form, "scope");
	in.label = form_get(form, "label");
	csr = form_get(form, "csr");
	if (csr == NULL || !bytes_from_b64u(cx->arena, bytes_str(csr), &in.csr))
		return fail(cx, &ERR_INVALID_REQUEST,
		    "csr is missing or not base64url");
	e = read_evidence(cx, form, &in);
	if (e == NULL)
		e = oauth_authorize(cx, unit_of(rq), &in, &out);
	if (e == NULL)
		e = json_write(cx, authorize_fields, &out, &body);
	if (e == NULL)
		reply_json(rs, 200, body);
	return e;
}

static ERR_FN
read_token_request(
    struct ctx *cx, const struct request *rq, struct oauth_token_in *in)
{
	const struct err *e;
	struct form *form;

	e = form_parse(cx, rq->body, &form);
	if (e != NULL)
		return e;
	in->grant_type = form_get(form, "grant_type");
	in->device_code = form_get(form, "device_code");
	in->client_id = form_get(form, "client_id");
	return NULL;
}

bool
quick_token(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct oauth_token_in in;
	const struct err *e;

	/* The certificate that asked for the code was judged then; here it
	 * must only be the same one, or none again. */
	if (read_token_request(cx, rq, &in) != NULL)
		return false;
	e = oauth_token_quick(cx, &rq->peer, &in);
	if (e == NULL)
		return false;
	problem_reply(cx, rq, e, rs);
	return true;
}

const struct err *
post_token(struct ctx *cx, struct request *rq, struct reply *rs)
{
	struct oauth_token_out out;
	struct oauth_token_in in;
	const struct err *e;
	struct bytes body;

	e = read_token_request(cx, rq, &in);
	if (e == NULL)
		e = oauth_token(cx, unit_of(rq), &in, &out);
	if (e == NULL)
		e = json_write(cx, token_fields, &out, &body);
	if (e == NULL)
		reply_json(rs, 200, body);
	return e;
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

/* RFC 8414, with what RFC 8628 section 4 and RFC 8705 section 3.3 add. */
const struct err *
get_oauth_metadata(struct ctx *cx, struct request *rq, struct reply *rs)
{
	static const char *grants[] = {
		"urn:ietf:params:oauth:grant-type:device_code"
	};
	static const char *scopes[] = { "enroll" };
	static const char *auth[] = { "tls_client_auth" };
	const char *issuer = cx->svc->set.issuer;
	struct metadata m = {
		.issuer = issuer,
		.token_endpoint =
		    arena_printf(cx->arena, "%s/oauth2/token", issuer),
		.device_authorization_endpoint = arena_printf(
		    cx->arena, "%s/oauth2/device_authorization", issuer),
		.jwks_uri = arena_printf(cx->arena, "%s/oauth2/jwks", issuer),
		.tls_client_certificate_bound_access_tokens = true,
		.grant_types_supported = { grants, 1 },
		.scopes_supported = { scopes, 1 },
		.token_endpoint_auth_methods_supported = { auth, 1 },
	};
	const struct err *e;
	struct bytes body;

	(void)rq;
	e = json_write(cx, metadata_fields, &m, &body);
	if (e == NULL)
		reply_body(rs, 200, "application/json", body);
	return e;
}
