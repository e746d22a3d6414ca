#include "domain/oauth.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "domain/attested.h"
#include "domain/code.h"
#include "domain/facts.h"
#include "domain/label_rule.h"
#include "domain/metrics.h"
#include "domain/network.h"
#include "domain/pace.h"
#include "domain/svc.h"
#include "pki/digest.h"
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
	"The scope is unknown, repeated, or more than is given here." };
const struct err ERR_INVALID_GRANT = { KIND_INVALID, "invalid_grant",
	"The code or token is unknown, used, over, or another client's." };
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

/* The parts of the request itself: no database, unless it came by a handle. */
static ERR_FN
check_authorize(struct oauth_asked *q)
{
	const struct oauth_authorize_in *in = &q->in;
	const struct unit *unit = &q->judged;
	struct ctx *cx = q->cx;
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
	if (e == NULL)
		e = label_rule_unit(cx, &q->judged, in->label, LABEL_TOKEN);
	return e != NULL ? e : csr_parse(cx, in->csr, &q->csr);
}

/* Who asks: the certificate's unit, or else the handle's. */
static ERR_FN
find_unit(struct oauth_asked *q)
{
	if (q->unit != NULL) {
		q->judged = *q->unit;
		return NULL;
	}
	if (q->in.attestation == NULL)
		return fail(q->cx, &ERR_NO_CLIENT_CERTIFICATE,
		    "neither a client certificate nor a handle");
	return attested_by_handle(q->cx, q->in.attestation, &q->judged);
}

/* What the owner will see, once the unit's evidence is good. */
static ERR_FN
write_facts(struct oauth_asked *q)
{
	const struct oauth_authorize_in *in = &q->in;
	const struct csr *csr = &q->csr;
	const struct attestation_in evidence = {
		.handle = in->attestation,
		.format = in->evidence_format,
		.evidence = in->evidence,
		.nonce = in->evidence_nonce,
		.key = csr->spki,
		.binding = in->binding,
		.purpose = HANDLE_ENROLL,
	};
	struct attested attested = { .format = NULL };
	const struct err *e = NULL;

	/* EST reads it there; this request has parameters for it. */
	if (csr->evidence.format != NULL)
		return fail(q->cx, &ERR_INVALID_REQUEST, "evidence in the csr");
	if (q->judged.asks_evidence || in->attestation != NULL ||
	    in->evidence_format != NULL)
		e = attestation_judge(q->cx, &q->judged, &evidence, &attested);
	return e != NULL ? e
			 : facts_write(q->cx, &q->judged, csr->key.sha256,
			       &attested, &q->a.facts);
}

/* What was seen of the unit and key allows it: the key is nobody else's, no
 * birth key, and not refused for good (SECURITY.md A5, A9).  Keys of the
 * present ownership are judged when the owner decides. */
static ERR_FN
check_seen(struct oauth_asked *q)
{
	struct ctx *cx = q->cx;
	const struct unit *unit = &q->judged;
	const struct err *e = pace_unit(cx, q->seen.recent);

	if (e != NULL)
		return e;
	if (q->seen.key_taken)
		return fail(cx, &ERR_INVALID_REQUEST,
		    "csr: the key is a birth key, was certified for another "
		    "ownership, or is refused for good: make a new one");
	if (unit->device_id == NULL)
		return NULL;
	return event_add(cx, &(struct event){ .kind = "device.requested_again",
				 .birth_id = unit->birth_id,
				 .device_id = unit->device_id });
}

/* Everything of the request to store but its codes. */
static ERR_FN
prepare(struct oauth_asked *q)
{
	const struct settings *set = &q->cx->svc->set;
	const struct unit *unit = &q->judged;
	struct approval_new *a = &q->a;
	const struct err *e = check_seen(q);

	*a = (struct approval_new){ .kind = "device_code" };
	if (e == NULL)
		e = write_facts(q);
	if (e != NULL)
		return e;
	rng_uuid(q->code.approval_id);
	a->id = q->code.approval_id;
	a->request_id = q->cx->rid;
	a->client_id = unit->client_id;
	a->label = unit->profile;
	a->network = network_keep(q->cx, a->id, q->in.address);
	a->birth_id = unit->birth_id;
	a->device_id = unit->device_id;
	a->expires_at = q->cx->now + set->code_lifetime;
	a->key_sha256 = q->csr.key.sha256;
	if (!unit->by_evidence) {
		a->birth_key_sha256 = unit->key_sha256;
		a->birth_cert_sha256 = unit->cert_sha256;
	}
	return NULL;
}

static void
draw_codes(struct oauth_asked *q)
{
	struct oauth_authorize_out *out = &q->out;
	bool longer = pace_longer_code(q->cx, q->seen.tries);

	out->user_code = code_user_new(q->cx, longer);
	out->device_code = code_device_new(q->cx);
	(void)code_user_mac(q->cx, out->user_code, q->user_mac);
	code_device_mac(q->cx, out->device_code, q->code.mac);
	q->a.user_code_mac = BYTES_OF(q->user_mac);
	q->a.device_code_mac = BYTES_OF(q->code.mac);
}

/* A user code that is taken by another open request is drawn again. */
static ERR_FN
store_alone(struct oauth_asked *q)
{
	const struct err *e = NULL;
	int i;

	for (i = 0; i < USER_CODE_TRIES; i++) {
		draw_codes(q);
		e = approval_create(q->cx, &q->a);
		if (e != &ERR_CONFLICT)
			break;
	}
	return e;
}

/* One commit for all of them.  Those whose unit somebody holds, or all if one
 * made the database refuse, are to be served again, each by itself; the pace
 * of their source counts them twice. */
static void
store_all(struct oauth_asked *const *v, size_t n)
{
	const struct approval_new *a[LIMIT_TOGETHER] = { NULL };
	bool stored[LIMIT_TOGETHER] = { false };
	const struct err *e;
	bool away;
	size_t i;

	for (i = 0; i < n; i++) {
		draw_codes(v[i]);
		a[i] = &v[i]->a;
	}
	e = approval_create_all(v[0]->cx, a, n, false, stored);
	away = e == &ERR_STORE && !db_collided(v[0]->cx);
	for (i = 0; i < n; i++) {
		v[i]->e = away ? e : NULL;
		v[i]->again = !away && !stored[i];
	}
}

static void
answer(struct oauth_asked *q)
{
	const struct settings *set = &q->cx->svc->set;
	const struct unit *unit = &q->judged;
	struct oauth_authorize_out *out = &q->out;

	code_holder(q->cx, unit->cert_sha256, unit->client_id, q->code.holder);
	q->code.expires_at = q->a.expires_at;
	q->code.interval = set->code_interval;
	live_put(q->cx->svc->live, &q->code, q->cx->now);
	out->expires_in = set->code_lifetime;
	out->interval = set->code_interval;
	out->verification_uri =
	    arena_printf(q->cx->arena, "%s/activate", set->issuer);
	/* The code in a fragment never reaches a server's log (P1). */
	out->verification_uri_complete = arena_printf(
	    q->cx->arena, "%s/activate#%s", set->issuer, out->user_code);
	LOG(q->cx, "oauth.requested", LOG_S("approval", q->a.id),
	    LOG_I("birth", unit->birth_id));
}

/* Of those that go on; how many there are. */
static size_t
good(struct oauth_asked **v, size_t n)
{
	size_t i, m = 0;

	for (i = 0; i < n; i++)
		if (v[i]->e == NULL && !v[i]->again)
			v[m++] = v[i];
	return m;
}

/* One question for all of them. */
static void
look(struct oauth_asked *const *v, size_t n)
{
	struct approval_seen seen[LIMIT_TOGETHER] = { 0 };
	struct approval_ask ask[LIMIT_TOGETHER] = { 0 };
	struct guess_of tries = pace_tries(v[0]->cx);
	const struct err *e;
	size_t i;

	for (i = 0; i < n; i++)
		ask[i] = (struct approval_ask){
			.birth_id = v[i]->judged.birth_id,
			.key_sha256 = v[i]->csr.key.sha256,
			.device_id = v[i]->judged.device_id,
		};
	e = approval_look(v[0]->cx, ask, n, &tries, seen);
	for (i = 0; i < n; i++) {
		v[i]->e = e;
		v[i]->seen = seen[i];
	}
}

/* Whether it has to be served by itself: what has more to be stored, or is of
 * a unit that one of these asks for already, which is counted (P2). */
static bool
goes_alone(struct oauth_asked *const *v, size_t n, const struct oauth_asked *q)
{
	size_t i;

	if (q->unit == NULL || q->unit->device_id != NULL ||
	    q->in.attestation != NULL || q->in.evidence_format != NULL)
		return true;
	for (i = 0; i < n; i++)
		if (v[i]->unit->birth_id == q->unit->birth_id)
			return true;
	return false;
}

void
oauth_authorize(struct oauth_asked *v, size_t n)
{
	struct oauth_asked *go[LIMIT_TOGETHER] = { NULL };
	size_t i, m = 0;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		struct oauth_asked *q = &v[i];

		q->again = n > 1 && goes_alone(go, m, q);
		if (q->again)
			continue;
		q->e = find_unit(q);
		if (q->e == NULL)
			q->e = check_authorize(q);
		if (q->e == NULL)
			go[m++] = q;
	}
	if (m > 0)
		look(go, m);
	m = good(go, m);
	for (i = 0; i < m; i++)
		go[i]->e = prepare(go[i]);
	m = good(go, m);
	if (m > 0 && n == 1)
		go[0]->e = store_alone(go[0]);
	else if (m > 0)
		store_all(go, m);
	m = good(go, m);
	for (i = 0; i < m; i++)
		answer(go[i]);
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
	metrics_token(cx, "device-code");
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
