#include "client/owner.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "codec/jws.h"
#include "pki/key.h"

/* The service takes at most five minutes. */
#define BEARER_SECONDS 120
#define TEXT_BYTES 1000

struct claims {
	const char *iss, *aud, *htm, *htu;
	int64_t iat, exp;
};

static const struct json_field claims_fields[] = {
	JSON_F_STR(claims, iss, TEXT_BYTES, true),
	JSON_F_STR(claims, aud, TEXT_BYTES, true),
	JSON_F_INT(claims, iat, 0, true),
	JSON_F_INT(claims, exp, 0, true),
	JSON_F_STR(claims, htm, TEXT_BYTES, true),
	JSON_F_STR(claims, htu, TEXT_BYTES, true),
	JSON_END,
};

static const struct json_field attestation_fields[] = {
	JSON_F_STR(owner_attestation, format, TEXT_BYTES, false),
	JSON_F_STR(owner_attestation, grade, TEXT_BYTES, false),
	JSON_F_STR(owner_attestation, sw_version, TEXT_BYTES, false),
	JSON_F_STR(owner_attestation, secure_boot, TEXT_BYTES, false),
	JSON_F_STR(owner_attestation, debug, TEXT_BYTES, false),
	JSON_END,
};

static const struct json_field facts_fields[] = {
	JSON_F_STR(owner_facts, manufacturer, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, manufacturer_id, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, model, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, model_id, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, serial, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, batch, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, made_at, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, boot_test, TEXT_BYTES, false),
	JSON_F_STR(owner_facts, support_until, TEXT_BYTES, false),
	JSON_F_OBJ(owner_facts, attestation, attestation_fields, false),
	JSON_F_STR(owner_facts, key_sha256, TEXT_BYTES, false),
	JSON_F_BOOL(owner_facts, seen_before, false),
	JSON_F_STRS(owner_facts, asks, 16, TEXT_BYTES, false),
	JSON_END,
};

const struct json_field owner_approval_fields[] = {
	JSON_F_STR(owner_approval, id, TEXT_BYTES, true),
	JSON_F_STR(owner_approval, kind, TEXT_BYTES, false),
	JSON_F_OBJ(owner_approval, facts, facts_fields, true),
	JSON_F_STR(owner_approval, digest, TEXT_BYTES, true),
	JSON_F_STR(owner_approval, account, TEXT_BYTES, false),
	JSON_F_TIME(owner_approval, expires_at, false),
	JSON_END,
};

/* A bearer for this one call: method and path are in it. */
static const struct err *
make_bearer(struct ctx *cx, const struct owner_app *app, const char *what,
    const char **out)
{
	const char *path = strchr(what, ' ') + 1;
	struct claims c = {
		.iss = app->id,
		.aud = app->issuer,
		.iat = cx->now,
		.exp = cx->now + BEARER_SECONDS,
		.htm = arena_printf(
		    cx->arena, "%.*s", (int)(path - what) - 1, what),
		.htu = arena_printf(cx->arena, "%s%s", app->issuer, path),
	};
	struct bytes payload, sig;
	const char *input;
	const struct err *e = json_write(cx, claims_fields, &c, &payload);

	if (e != NULL)
		return e;
	input = jws_input(cx, "owner+jwt", NULL, payload);
	e = keypair_sign_es256(cx, app->key, bytes_str(input), &sig);
	if (e == NULL)
		*out = jws_join(cx, input, sig);
	return e;
}

static const struct err *
call(struct ctx *cx, const struct owner_app *app, const char *what,
    const struct api_shape *in, const struct api_shape *out)
{
	struct api api = app->api;
	const struct err *e = make_bearer(cx, app, what, &api.bearer);

	return e != NULL ? e : api_json(cx, &api, what, in, out);
}

struct lookup {
	const char *user_code;
};

static const struct json_field lookup_fields[] = {
	JSON_F_STR(lookup, user_code, TEXT_BYTES, true),
	JSON_END,
};

const struct err *
owner_lookup(struct ctx *cx, const struct owner_app *app, const char *user_code,
    struct owner_approval *out)
{
	struct lookup l = { user_code };
	struct api_shape in = { lookup_fields, &l };
	struct api_shape shape = { owner_approval_fields, out };

	*out = (struct owner_approval){ .id = NULL };
	return call(cx, app, "POST /v1/approvals/lookup", &in, &shape);
}

static const struct json_field claim_fields[] = {
	JSON_F_STR(owner_claim, serial, TEXT_BYTES, true),
	JSON_F_STR(owner_claim, claim_code, TEXT_BYTES, true),
	JSON_F_STR(owner_claim, manufacturer, TEXT_BYTES, false),
	JSON_END,
};

const struct err *
owner_claim(struct ctx *cx, const struct owner_app *app,
    const struct owner_claim *claim, struct owner_approval *out)
{
	struct owner_claim copy = *claim;
	struct api_shape in = { claim_fields, &copy };
	struct api_shape shape = { owner_approval_fields, out };

	*out = (struct owner_approval){ .id = NULL };
	return call(cx, app, "POST /v1/claims", &in, &shape);
}

struct decide {
	const char *decision, *digest;
	struct bytes signature;
};

static const struct json_field decide_fields[] = {
	JSON_F_STR(decide, decision, TEXT_BYTES, true),
	JSON_F_STR(decide, digest, TEXT_BYTES, true),
	JSON_F_B64U(decide, signature, 64, true),
	JSON_END,
};

static const struct json_field decision_fields[] = {
	JSON_F_STR(owner_decision, id, TEXT_BYTES, true),
	JSON_F_STR(owner_decision, state, TEXT_BYTES, true),
	JSON_F_STR(owner_decision, device_id, TEXT_BYTES, false),
	JSON_END,
};

const struct err *
owner_decide(struct ctx *cx, const struct owner_app *app,
    const struct owner_approval *shown, bool approve,
    struct owner_decision *out)
{
	struct decide d = { approve ? "approve" : "deny", shown->digest,
		BYTES_NONE };
	struct api_shape in = { decide_fields, &d };
	struct api_shape shape = { decision_fields, out };
	const char *text =
	    arena_printf(cx->arena, "latchkey-decision-v1\n%s\n%s\n%s",
		shown->id, d.decision, shown->digest);
	const struct err *e;

	*out = (struct owner_decision){ .id = NULL };
	e = keypair_sign_es256(cx, app->key, bytes_str(text), &d.signature);
	if (e != NULL)
		return e;
	return call(cx, app,
	    arena_printf(cx->arena, "POST /v1/approvals/%s/decision",
		api_escape(cx, shown->id)),
	    &in, &shape);
}

const char *
owner_key_pem(struct ctx *cx, const struct keypair *key)
{
	const char *b64 = bytes_b64(cx->arena, keypair_spki(cx, key));
	const char *pem = "-----BEGIN PUBLIC KEY-----\n";

	for (; *b64 != '\0'; b64 += strlen(b64) < 64 ? strlen(b64) : 64)
		pem = arena_printf(cx->arena, "%s%.64s\n", pem, b64);
	return arena_printf(cx->arena, "%s-----END PUBLIC KEY-----\n", pem);
}
