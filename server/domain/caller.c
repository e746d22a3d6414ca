#include "domain/caller.h"

#include "attest/fmt_x509.h"
#include "base/arena.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "domain/admission.h"
#include "domain/clone.h"
#include "domain/code.h"
#include "domain/listed.h"
#include "domain/operator.h"
#include "domain/svc.h"
#include "domain/trusted.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "pki/key.h"
#include "store/birth.h"
#include "store/event.h"
#include "store/guess.h"
#include "store/owner.h"

#define OWNER_TOKEN_SECONDS 300
#define CLOCK_SKEW_SECONDS 30
#define RECORDS_OF_UNKNOWN_MAKERS 10000
#define RECORDS_WINDOW 3600

const struct err ERR_NO_CLIENT_CERTIFICATE = { KIND_UNAUTHENTICATED,
	"client-certificate-required", "This needs a TLS client certificate." };
/* One refusal for every reason (E5): the rest is the operator's to read. */
static const struct err ERR_ATTESTATION = { KIND_FORBIDDEN,
	"attestation-refused",
	"The device's identity is not accepted here; its operator can find "
	"the reason by the request id." };
static const struct err ERR_OWNER_TOKEN = { KIND_UNAUTHENTICATED,
	"invalid-token",
	"The bearer token is missing, malformed, expired or not for this "
	"request." };

/* Whoever has any certificate at all can make us refuse it: the records of
 * chains that lead to no maker have a budget, so that nobody fills the store.
 * Beyond it the reason stands in the log alone. */
static ERR_FN
within_budget(struct ctx *cx, const struct event *ev, bool *within)
{
	const struct err *e;
	uint8_t key[32];
	int64_t n = 0;

	*within = true;
	if (ev->manufacturer_id != NULL || ev->birth_id != 0)
		return NULL;
	code_guess_key(cx, "unknown-maker", "", key);
	e = guess_take(cx, "unknown-maker", key, RECORDS_WINDOW, &n);
	*within = n <= RECORDS_OF_UNKNOWN_MAKERS;
	return e;
}

/* Refuses with a record for the operator; should that fail, the sender is
 * told to try again, since the record is owed. */
static ERR_FN
refuse(struct ctx *cx, const struct err *e, const struct event *ev)
{
	struct event record = *ev;
	const struct err *failed;
	bool within;

	record.code = e->code;
	record.detail = cx->reason;
	failed = within_budget(cx, ev, &within);
	if (failed == NULL && within)
		failed = event_add(cx, &record);
	return failed != NULL ? failed : e;
}

/* Whether the maker's listing is of this very unit: each thing it names must
 * agree, not just one. */
static bool
is_listed(const struct birth_candidate *c, const struct idevid *id)
{
	if (c->birth_id == 0)
		return false;
	if (c->serial != NULL &&
	    (id->serial == NULL || strcmp(c->serial, id->serial) != 0))
		return false;
	if (c->dac_subject != NULL &&
	    strcmp(c->dac_subject, id->leaf.subject) != 0)
		return false;
	return c->key_sha256.n == 0 ||
	       bytes_eq(c->key_sha256, BYTES_OF(id->leaf.key_sha256));
}

/* Whether the path to the candidate's anchor leads through a CA that is
 * another maker's anchor or scope: what that CA signs is that maker's alone,
 * or it could make birth certificates of this one's units (A11). */
static bool
is_anothers(struct ctx *cx, const struct idevid *id,
    const struct birth_candidate *mine, const struct birth_candidate *c,
    size_t n)
{
	struct cert ca;
	size_t i;

	for (i = 0; i < n; i++) {
		struct attest_anchor through = { .value = mine->anchor,
			.scope_spki_sha256 = c[i].scope_spki_sha256 };

		if (strcmp(c[i].manufacturer_id, mine->manufacturer_id) == 0)
			continue;
		if (through.scope_spki_sha256.n == 0) {
			if (cert_parse(cx, c[i].anchor, &ca) != NULL)
				return true;
			through.scope_spki_sha256 = BYTES_OF(ca.key_sha256);
		}
		if (idevid_verify(cx, id, cx->svc->anchors, &through) == NULL)
			return true;
	}
	return false;
}

/* The one listed unit whose anchor verifies the chain, or NULL with the
 * private reason on the context. */
static const struct birth_candidate *
find_unit(struct ctx *cx, const struct idevid *id,
    const struct birth_candidate *c, size_t n, const struct err **e)
{
	const struct birth_candidate *found = NULL;
	const char *why = n == 0 ? "no manufacturer has such an anchor"
				 : "the unit is not on the allowlist";
	size_t i;

	for (i = 0; i < n; i++) {
		struct attest_anchor anchor = { .value = c[i].anchor,
			.scope_spki_sha256 = c[i].scope_spki_sha256 };
		const struct err *failed;

		if (!is_listed(&c[i], id))
			continue;
		failed = idevid_verify(cx, id, cx->svc->anchors, &anchor);
		if (failed != NULL) {
			why = failed->code;
			continue;
		}
		if (is_anothers(cx, id, &c[i], c, n)) {
			why = "signed below another manufacturer's anchor";
			continue;
		}
		if (found != NULL && found->birth_id != c[i].birth_id) {
			*e = fail(cx, &ERR_ATTESTATION,
			    "two units match: births %lld and %lld",
			    (long long)found->birth_id,
			    (long long)c[i].birth_id);
			return NULL;
		}
		found = &c[i];
	}
	if (found == NULL)
		*e = fail(cx, &ERR_ATTESTATION, "%s (subject %s)", why,
		    id->leaf.subject);
	return found;
}

/* The unit's key is another's, or the unit has another key: signs of a clone,
 * the first on the unit whose key was proved. */
static ERR_FN
refuse_key(
    struct ctx *cx, const struct birth_candidate *c, const struct idevid *id)
{
	struct clone_sign sign = { .kind = "unit.second_birth_key",
		.birth_id = c->birth_id,
		.device_id = c->device_id,
		.manufacturer_id = c->manufacturer_id,
		.policy = c->policy };
	struct birth_holder holder;
	const struct err *e, *refusal;

	e = birth_of_key(cx, id->leaf.key_sha256, &holder);
	if (e != NULL)
		return e;
	if (holder.birth_id != 0 && holder.birth_id != c->birth_id) {
		sign.kind = "unit.birth_key_shared";
		sign.proved = true;
		sign.birth_id = holder.birth_id;
		sign.device_id = holder.device_id;
		refusal = fail(cx, &ERR_ATTESTATION,
		    "the birth key of unit %lld came as unit %lld",
		    (long long)holder.birth_id, (long long)c->birth_id);
	} else {
		refusal = fail(cx, &ERR_ATTESTATION,
		    "the unit has pinned another birth key");
	}
	e = clone_signal(cx, &sign);
	return e != NULL ? e : refusal;
}

/* A unit listed by serial number pins its key at first success, and a frozen
 * maker's units must have done so before (A11). */
static ERR_FN
check_pinned(
    struct ctx *cx, const struct birth_candidate *c, const struct idevid *id)
{
	const struct err *e;
	bool pinned;

	if (bytes_eq(c->pinned_key_sha256, BYTES_OF(id->leaf.key_sha256)))
		return NULL;
	if (c->pinned_key_sha256.n != 0)
		return refuse_key(cx, c, id);
	if (c->manufacturer_frozen)
		return fail(cx, &ERR_ATTESTATION,
		    "the manufacturer is frozen and the unit is new");
	e = admission_pin(cx, c, id, &pinned);
	if (e == &ERR_NOT_ADMITTED)
		return &ERR_ATTESTATION;
	if (e == &ERR_CONFLICT || (e == NULL && !pinned))
		return refuse_key(cx, c, id);
	return e;
}

static ERR_FN
check_revoked(
    struct ctx *cx, const struct birth_candidate *c, const struct idevid *id)
{
	const char *revoked = NULL;
	const struct err *e = NULL;

	if (c->has_crls)
		e = listed_first(
		    cx, c->manufacturer_id, id->chain, id->n, &revoked);
	if (e == NULL && revoked != NULL)
		return fail(cx, &ERR_ATTESTATION,
		    "certificate %s was revoked by its maker", revoked);
	return e;
}

static ERR_FN
check_unit(
    struct ctx *cx, const struct birth_candidate *c, const struct idevid *id)
{
	const struct err *e;

	if (!c->model_active)
		return fail(
		    cx, &ERR_ATTESTATION, "model %s is retired", c->model_id);
	if (c->revoked || c->lost || c->decommissioned)
		return fail(cx, &ERR_ATTESTATION, "the unit is %s",
		    c->revoked ? "revoked"
		    : c->lost  ? "lost"
			       : "decommissioned");
	e = check_revoked(cx, c, id);
	if (e == NULL)
		e = trusted_check_lists(
		    cx, c->manufacturer_id, c->model_id, id);
	if (e == &ERR_LISTS)
		return &ERR_ATTESTATION;
	return e != NULL ? e : check_pinned(cx, c, id);
}

/* Whether nobody lists the unit in any way, and a candidate's maker vouches
 * for it: then an open model may take it (A11). */
static const struct birth_candidate *
find_maker(struct ctx *cx, const struct idevid *id,
    const struct birth_candidate *c, size_t n)
{
	const struct birth_candidate *found = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		struct attest_anchor anchor = { .value = c[i].anchor,
			.scope_spki_sha256 = c[i].scope_spki_sha256 };

		if (c[i].birth_id != 0)
			return NULL;
		if (!c[i].manufacturer_frozen &&
		    idevid_verify(cx, id, cx->svc->anchors, &anchor) == NULL &&
		    !is_anothers(cx, id, &c[i], c, n))
			found = &c[i];
	}
	return found;
}

/* The candidates of a unit that presents this chain.  One that is unknown
 * first comes on the allowlist, where its maker has an open model. */
static ERR_FN
candidates(struct ctx *cx, const struct idevid *id, struct birth_candidate **c,
    size_t *n)
{
	const struct birth_names names = { id->serial, id->leaf.subject,
		id->leaf.key_sha256 };
	const struct birth_candidate *maker;
	const struct err *e;
	bool opened = false;

	e = birth_candidates(cx, id->issuers, id->n, &names, c, n);
	if (e != NULL)
		return e;
	maker = find_maker(cx, id, *c, *n);
	if (maker == NULL)
		return NULL;
	e = check_revoked(cx, maker, id);
	if (e == NULL)
		e = admission_open(cx, maker->manufacturer_id, id, &opened);
	if (e == &ERR_NOT_ADMITTED)
		e = &ERR_ATTESTATION;
	if (e != NULL || !opened)
		return e;
	return birth_candidates(cx, id->issuers, id->n, &names, c, n);
}

static void
fill_unit(
    const struct birth_candidate *c, const struct idevid *id, struct unit *out)
{
	*out = (struct unit){
		.birth_id = c->birth_id,
		.manufacturer_id = c->manufacturer_id,
		.manufacturer_name = c->manufacturer_name,
		.model_id = c->model_id,
		.model_name = c->model_name,
		.client_id = c->client_id,
		.profile = c->profile,
		.labels = c->labels,
		.model_policy = c->policy,
		.support_until = c->support_until,
		.serial = c->serial != NULL ? c->serial : id->serial,
		.listed_serial = c->serial,
		.batch = c->batch,
		.made_at = c->made_at,
		.boot_test = c->boot_test,
		.device_id = c->device_id,
		.quarantined = c->quarantined,
	};
	memcpy(out->key_sha256, id->leaf.key_sha256, 32);
	memcpy(out->cert_sha256, id->leaf.sha256, 32);
}

static ERR_FN
check_peer(struct ctx *cx, const struct peer *peer)
{
	if (peer->n == 0)
		return fail(
		    cx, &ERR_NO_CLIENT_CERTIFICATE, "no client certificate");
	if (peer->too_long)
		return fail(cx, &ERR_ATTESTATION,
		    "the client chain is longer than %d", LIMIT_CHAIN);
	return NULL;
}

const struct err *
caller_unit(struct ctx *cx, const struct peer *peer, struct unit *out)
{
	struct event ev = { .kind = "attestation.refused" };
	const struct birth_candidate *found;
	struct birth_candidate *c;
	const struct err *e;
	struct idevid id;
	size_t n = 0;

	e = check_peer(cx, peer);
	if (e != NULL)
		return e;
	if (idevid_parse(cx, peer->chain, peer->n, &id) != NULL)
		return refuse(cx, &ERR_ATTESTATION, &ev);
	e = candidates(cx, &id, &c, &n);
	if (n > 0)
		ev.manufacturer_id = c[0].manufacturer_id;
	if (e == &ERR_ATTESTATION)
		return refuse(cx, e, &ev);
	if (e != NULL)
		return e;
	found = find_unit(cx, &id, c, n, &e);
	if (found == NULL)
		return refuse(cx, e, &ev);
	ev.manufacturer_id = found->manufacturer_id;
	ev.birth_id = found->birth_id;
	ev.device_id = found->device_id;
	e = check_unit(cx, found, &id);
	if (e == &ERR_ATTESTATION)
		return refuse(cx, e, &ev);
	if (e != NULL)
		return e;
	fill_unit(found, &id, out);
	return NULL;
}

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
caller_admin(
    struct ctx *cx, const char *token, unsigned scope, struct admin_caller *out)
{
	return operator_judge(cx, token, scope, out);
}

bool
caller_token_is_ours(struct ctx *cx, const char *token)
{
	return operator_token_is_ours(cx, token);
}
