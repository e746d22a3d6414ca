#include "domain/oauth.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "domain/attested.h"
#include "domain/code.h"
#include "domain/facts.h"
#include "domain/label_rule.h"
#include "domain/live.h"
#include "domain/network.h"
#include "domain/pace.h"
#include "domain/svc.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "store/approval.h"
#include "store/birth.h"
#include "store/event.h"

#define TOKEN_LIFETIME 600
#define USER_CODE_TRIES 3

const struct err ERR_INVALID_REQUEST = { KIND_INVALID, "invalid_request",
	"A parameter is missing, repeated or malformed." };
const struct err ERR_INVALID_CLIENT = { KIND_UNAUTHENTICATED, "invalid_client",
	"The client is unknown or not authenticated." };
const struct err ERR_UNAUTHORIZED_CLIENT = { KIND_INVALID,
	"unauthorized_client", "The client is not this device's model's." };
const struct err ERR_INVALID_SCOPE = { KIND_INVALID, "invalid_scope",
	"The only scope here is enroll." };
const struct err ERR_INVALID_GRANT = { KIND_INVALID, "invalid_grant",
	"The code is unknown, used, or another client's." };
const struct err ERR_UNSUPPORTED_GRANT_TYPE = { KIND_INVALID,
	"unsupported_grant_type", "This grant type is not offered." };
const struct err ERR_AUTHORIZATION_PENDING = { KIND_INVALID,
	"authorization_pending", "The owner has not decided yet." };
const struct err ERR_SLOW_DOWN = { KIND_INVALID, "slow_down",
	"Poll less often: wait five seconds longer from now on." };
const struct err ERR_ACCESS_DENIED = { KIND_INVALID, "access_denied",
	"The owner refused this request." };
const struct err ERR_EXPIRED_TOKEN = { KIND_INVALID, "expired_token",
	"The code has expired: start again." };

/* The key may be certified for this unit: it is nobody else's, no birth key,
 * and not refused for good (SECURITY.md A5, A9). */
static ERR_FN
check_key(struct ctx *cx, const struct csr *csr, const char *device_id)
{
	const struct err *e;
	bool taken;

	e = birth_key_is_taken(cx, csr->key.sha256, device_id, &taken);
	if (e == NULL && taken)
		e = fail(cx, &ERR_INVALID_REQUEST,
		    "csr: the key is a birth key, was certified for another "
		    "ownership, or is refused for good: make a new one");
	return e;
}

static ERR_FN
check_authorize(struct ctx *cx, const struct unit *unit,
    const struct oauth_authorize_in *in, bool *longer_code)
{
	const struct err *e;

	if (in->client_id == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "client_id is missing");
	if (strcmp(in->client_id, unit->client_id) != 0)
		return fail(cx, &ERR_INVALID_CLIENT,
		    "client_id is not the model's, %s", unit->client_id);
	if (in->scope != NULL && strcmp(in->scope, "enroll") != 0)
		return fail(cx, &ERR_INVALID_SCOPE, "scope is not enroll");
	if (unit->quarantined)
		return fail(cx, &ERR_ACCESS_DENIED, "unit is quarantined");
	e = pace_source(cx, unit, in->address);
	return e != NULL ? e : pace_request(cx, unit, longer_code);
}

/* Stores the request under fresh codes; a user code that is taken by
 * another open request is drawn again. */
static ERR_FN
store_request(struct ctx *cx, struct approval_new *a, bool longer_code,
    struct oauth_authorize_out *out, uint8_t device_mac[32])
{
	uint8_t user_mac[32];
	const struct err *e = NULL;
	int i;

	for (i = 0; i < USER_CODE_TRIES; i++) {
		out->user_code = code_user_new(cx, longer_code);
		out->device_code = code_device_new(cx);
		(void)code_user_mac(cx, out->user_code, user_mac);
		code_device_mac(cx, out->device_code, device_mac);
		a->user_code_mac = (struct bytes){ user_mac, 32 };
		a->device_code_mac = (struct bytes){ device_mac, 32 };
		e = approval_create(cx, a);
		if (e != &ERR_CONFLICT)
			break;
	}
	return e;
}

/* What the owner will see, once the unit's evidence is good. */
static ERR_FN
write_facts(struct ctx *cx, const struct unit *unit,
    const struct oauth_authorize_in *in, const struct csr *csr,
    const char **json)
{
	const struct attestation_in evidence = {
		.handle = in->attestation,
		.format = in->evidence_format,
		.evidence = in->evidence,
		.nonce = in->evidence_nonce,
		.key = csr->spki,
		.binding = in->binding,
		.purpose = HANDLE_ENROLL,
	};
	struct attested attested;
	const struct err *e;

	/* EST reads it there; this request has parameters for it. */
	if (csr->evidence.format != NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "evidence in the csr");
	e = attestation_judge(cx, unit, &evidence, &attested);
	return e != NULL
		   ? e
		   : facts_write(cx, unit, csr->key.sha256, &attested, json);
}

/* Who asks: the certificate's unit, or else the handle's. */
static ERR_FN
find_unit(struct ctx *cx, const struct unit *caller,
    const struct oauth_authorize_in *in, struct unit *out)
{
	if (caller != NULL) {
		*out = *caller;
		return NULL;
	}
	if (in->attestation == NULL)
		return fail(cx, &ERR_NO_CLIENT_CERTIFICATE,
		    "neither a client certificate nor a handle");
	return attested_by_handle(cx, in->attestation, out);
}

const struct err *
oauth_authorize(struct ctx *cx, const struct unit *caller,
    const struct oauth_authorize_in *in, struct oauth_authorize_out *out)
{
	const struct settings *set = &cx->svc->set;
	struct approval_new a = { .kind = "device_code" };
	struct live_code code = { .interval = set->code_interval };
	struct unit judged;
	const struct unit *unit = &judged;
	bool longer = false;
	const struct err *e;
	struct csr csr;

	e = find_unit(cx, caller, in, &judged);
	if (e == NULL)
		e = check_authorize(cx, unit, in, &longer);
	if (e == NULL)
		e = label_rule_unit(cx, &judged, in->label, LABEL_TOKEN);
	if (e != NULL)
		return e;
	e = csr_parse(cx, in->csr, &csr);
	if (e != NULL)
		return e;
	/* Keys of the present ownership are judged when the owner decides. */
	e = check_key(cx, &csr, unit->device_id);
	if (e == NULL && unit->device_id != NULL)
		e = event_add(
		    cx, &(struct event){ .kind = "device.requested_again",
			    .birth_id = unit->birth_id,
			    .device_id = unit->device_id });
	if (e != NULL)
		return e;
	e = write_facts(cx, unit, in, &csr, &a.facts);
	if (e != NULL)
		return e;
	rng_uuid(code.approval_id);
	a.id = code.approval_id;
	a.client_id = unit->client_id;
	a.label = unit->profile;
	a.network = network_keep(cx, a.id, in->address);
	a.birth_id = unit->birth_id;
	a.device_id = unit->device_id;
	a.expires_at = cx->now + set->code_lifetime;
	a.key_sha256 = csr.key.sha256;
	if (!unit->by_evidence) {
		a.birth_key_sha256 = unit->key_sha256;
		a.birth_cert_sha256 = unit->cert_sha256;
	}
	e = store_request(cx, &a, longer, out, code.mac);
	if (e != NULL)
		return e;
	code_holder(cx, unit->cert_sha256, unit->client_id, code.holder);
	code.expires_at = a.expires_at;
	live_put(cx->svc->live, &code, cx->now);
	out->expires_in = set->code_lifetime;
	out->interval = set->code_interval;
	out->verification_uri =
	    arena_printf(cx->arena, "%s/activate", set->issuer);
	/* The code in a fragment never reaches a server's log (P1). */
	out->verification_uri_complete = arena_printf(
	    cx->arena, "%s/activate#%s", set->issuer, out->user_code);
	LOG(cx, "oauth.requested", LOG_S("approval", a.id),
	    LOG_I("birth", unit->birth_id));
	return NULL;
}

static ERR_FN
check_token_request(struct ctx *cx, const struct oauth_token_in *in)
{
	if (in->grant_type == NULL)
		return fail(cx, &ERR_INVALID_REQUEST, "grant_type is missing");
	if (strcmp(in->grant_type, GRANT_DEVICE_CODE) != 0)
		return fail(cx, &ERR_UNSUPPORTED_GRANT_TYPE,
		    "grant_type is not device_code");
	if (in->device_code == NULL || in->client_id == NULL)
		return fail(cx, &ERR_INVALID_REQUEST,
		    "device_code or client_id is missing");
	return NULL;
}

const struct err *
oauth_token_quick(
    struct ctx *cx, const struct peer *peer, const struct oauth_token_in *in)
{
	uint8_t mac[32], cert[32] = { 0 }, holder[32];

	if (in->grant_type == NULL || in->device_code == NULL ||
	    in->client_id == NULL ||
	    strcmp(in->grant_type, GRANT_DEVICE_CODE) != 0)
		return NULL;
	if (peer->n > 0)
		digest_sha256(peer->chain[0], cert);
	code_device_mac(cx, in->device_code, mac);
	code_holder(cx, cert, in->client_id, holder);
	switch (
	    live_poll(cx->svc->live, mac, holder, cx->now, clock_mono_us())) {
	case LIVE_PENDING:
		return &ERR_AUTHORIZATION_PENDING;
	case LIVE_SLOW_DOWN:
		return &ERR_SLOW_DOWN;
	case LIVE_ASK:
		break;
	}
	return NULL;
}

/* The code's approval, if it is this unit's and this client's.  A code that
 * was asked for without a certificate has none, and is redeemed in the same
 * way: what comes of it is good for its key alone. */
static ERR_FN
find_approval(struct ctx *cx, const struct unit *unit,
    const struct oauth_token_in *in, const uint8_t mac[32], struct approval *a)
{
	static const uint8_t none[32] = { 0 };
	const uint8_t *cert = unit == NULL ? none : unit->cert_sha256;
	const struct err *e = approval_by_device_code(cx, mac, a);

	if (e == &ERR_NOT_FOUND)
		return fail(cx, &ERR_INVALID_GRANT, "unknown device code");
	if (e != NULL)
		return e;
	if ((unit != NULL && a->birth_id != unit->birth_id) ||
	    strcmp(a->client_id, in->client_id) != 0 ||
	    !bytes_eq(
		BYTES_OF(a->birth_cert_sha256), (struct bytes){ cert, 32 }))
		return fail(cx, &ERR_INVALID_GRANT,
		    "approval %s belongs to another unit, certificate or "
		    "client",
		    a->id);
	return NULL;
}

/* A code that this node did not know, or doubted, is pending: remember it
 * and judge the pace from here on. */
static ERR_FN
still_pending(struct ctx *cx, const struct approval *a, const uint8_t mac[32])
{
	struct live_code code = { .expires_at = a->expires_at,
		.interval = cx->svc->set.code_interval };

	memcpy(code.mac, mac, 32);
	code_holder(cx, a->birth_cert_sha256, a->client_id, code.holder);
	memcpy(code.approval_id, a->id, sizeof(code.approval_id));
	live_put(cx->svc->live, &code, cx->now);
	if (live_poll(cx->svc->live, mac, code.holder, cx->now,
		clock_mono_us()) == LIVE_SLOW_DOWN)
		return &ERR_SLOW_DOWN;
	return &ERR_AUTHORIZATION_PENDING;
}

static ERR_FN
redeem(struct ctx *cx, const struct approval *a,
    const struct oauth_token_in *in, struct oauth_token_out *out)
{
	const struct err *e;
	uint8_t mac[32];
	bool minted;

	out->access_token = code_token(cx, a->id, in->device_code);
	code_token_mac(cx, out->access_token, mac);
	e = approval_redeem(cx, a->id, mac, TOKEN_LIFETIME, &minted);
	if (e != NULL)
		return e;
	if (!minted)
		return fail(cx, &ERR_INVALID_GRANT,
		    "approval %s: redeemed before, expired, or the device is "
		    "no longer good",
		    a->id);
	out->token_type = "Bearer";
	out->scope = "enroll";
	out->expires_in = TOKEN_LIFETIME;
	return NULL;
}

const struct err *
oauth_token(struct ctx *cx, const struct unit *unit,
    const struct oauth_token_in *in, struct oauth_token_out *out)
{
	const struct err *e;
	struct approval a;
	uint8_t mac[32];

	e = check_token_request(cx, in);
	if (e != NULL)
		return e;
	code_device_mac(cx, in->device_code, mac);
	e = find_approval(cx, unit, in, mac, &a);
	if (e != NULL)
		return e;
	switch (a.state) {
	case APPROVAL_PENDING:
		if (a.expires_at <= cx->now)
			return fail(cx, &ERR_EXPIRED_TOKEN, "code expired");
		return still_pending(cx, &a, mac);
	case APPROVAL_DENIED:
		return fail(
		    cx, &ERR_ACCESS_DENIED, "approval %s: denied", a.id);
	case APPROVAL_SUPERSEDED:
		return fail(cx, &ERR_INVALID_GRANT, "approval %s: void", a.id);
	case APPROVAL_APPROVED:
	case APPROVAL_CONSUMED:
		break;
	}
	return redeem(cx, &a, in, out);
}
