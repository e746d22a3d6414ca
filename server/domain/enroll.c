#include "domain/enroll.h"

#include "base/rng.h"
#include "domain/code.h"
#include "domain/facts.h"
#include "domain/pace.h"
#include "domain/svc.h"
#include "store/approval.h"
#include "store/birth.h"
#include "store/event.h"
#include "store/renewal.h"

static const struct err ERR_TOKEN = { KIND_UNAUTHENTICATED, "invalid_token",
	"The enroll token is unknown, expired, or for another device or "
	"key." };
static const struct err ERR_KEY_REFUSED = { KIND_FORBIDDEN, "key-refused",
	"This key cannot be certified: make a new one." };
/* The same to the sender: what was read had changed when it was to be used,
 * by a repeat of the same request or by a revocation. */
static const struct err ERR_CHANGED = { KIND_FORBIDDEN, "enrollment-refused",
	"This device may not enroll now; the operator can find the reason by "
	"the request id." };
static const struct err ERR_SECOND_KEY = { KIND_FORBIDDEN, "second-key",
	"This device has an owner and another key: ask for its approval "
	"first." };

/* What the templates of the label's profile may name. */
static struct issue
names_of(const struct unit *unit)
{
	return (struct issue){ .model = unit->model_id,
		.manufacturer = unit->manufacturer_id,
		.unit_serial = unit->serial };
}

/* Uses up the approval. */
static ERR_FN
issue_approved(struct ctx *cx, const struct unit *unit,
    const struct approval *a, const struct csr *csr, struct est_out *out)
{
	struct certificate_new c = { .device_id = a->device_id,
		.approval_id = a->id };
	struct certificate_latest latest;
	struct issue io = names_of(unit);
	const struct err *e;
	struct label label;
	bool issued = false;

	e = label_get(cx, unit->profile, &label);
	if (e == NULL)
		e = certify_sign(cx, &label, csr, &io, &c);
	if (e != NULL)
		return e;
	e = certificate_newest(cx, a->device_id, &latest);
	if (e == NULL)
		e = certificate_replace(cx, &c, &issued);
	else if (e == &ERR_NOT_FOUND)
		e = certificate_enroll(cx, &c, &issued);
	if (e != NULL)
		return e;
	if (!issued)
		return fail(cx, &ERR_CHANGED,
		    "approval %s was used or voided, or the device or key is "
		    "no longer good",
		    a->id);
	certify_log(cx, "certificate.issued", &c);
	return certify_answer(cx, c.der, out);
}

/* The unit's key has a certificate: the same again while it lives, and a new
 * one for the same key once it has expired (A1, R4). */
static ERR_FN
issue_again(struct ctx *cx, const struct certificate_latest *latest,
    const struct unit *unit, const struct csr *csr, struct est_out *out)
{
	struct certificate_new c = { .device_id = unit->device_id,
		.predecessor = latest->serial,
		.predecessor_not_before = latest->not_before,
		.predecessor_expired_ok = true };
	struct issue io = names_of(unit);
	const struct err *e;
	struct label label;
	bool issued;

	if (latest->revoked)
		return fail(cx, &ERR_NOT_ENROLLED, "certificate %s is revoked",
		    bytes_hex(cx->arena, latest->serial));
	if (latest->not_after > cx->now)
		return certify_answer(cx, latest->der, out);
	e = label_get(cx, latest->profile, &label);
	if (e == NULL)
		e = certify_sign(cx, &label, csr, &io, &c);
	if (e == NULL)
		e = renewal_add(cx, &c, &issued);
	if (e != NULL)
		return e;
	if (!issued)
		return fail(cx, &ERR_NOT_ENROLLED,
		    "the device or key is no longer good, or was just "
		    "renewed");
	certify_log(cx, "certificate.reissued", &c);
	return certify_answer(cx, c.der, out);
}

/* 202: not yet, for a request that was made then. */
static const struct err *
ask_again(struct ctx *cx, int64_t created_at, struct est_out *out)
{
	out->retry_after =
	    pace_retry_after(cx->now - created_at, rng_below(UINT32_MAX));
	return NULL;
}

/* Nobody was asked yet: a request that the owner claims with the code on the
 * device, open while the device keeps asking (A6). */
static ERR_FN
open_claim(struct ctx *cx, const struct unit *unit, const struct csr *csr,
    struct est_out *out)
{
	char id[UUID_TEXT_BYTES];
	struct approval_new a = {
		.id = id,
		.kind = "claim",
		.client_id = unit->client_id,
		.birth_id = unit->birth_id,
		.expires_at = cx->now + cx->svc->set.claim_window,
		.key_sha256 = csr->key.sha256,
		.birth_key_sha256 = unit->key_sha256,
		.birth_cert_sha256 = unit->cert_sha256,
	};
	const struct err *e;

	rng_uuid(id);
	e = pace_request(cx, unit);
	if (e == NULL)
		e = facts_write(cx, unit, csr->key.sha256, &a.facts);
	if (e == NULL)
		e = approval_create(cx, &a);
	return e != NULL ? e : ask_again(cx, cx->now, out);
}

static ERR_FN
refuse_second_key(struct ctx *cx, const struct unit *unit)
{
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "device.second_key",
			      .birth_id = unit->birth_id,
			      .device_id = unit->device_id,
			      .manufacturer_id = unit->manufacturer_id });

	return e != NULL ? e
			 : fail(cx, &ERR_SECOND_KEY,
			       "birth %lld is owned, with another key",
			       (long long)unit->birth_id);
}

/* By birth certificate alone, without an approval to use up. */
static ERR_FN
enroll_unapproved(struct ctx *cx, const struct unit *unit,
    const struct csr *csr, struct est_out *out)
{
	struct certificate_latest latest;
	const struct err *e;
	bool taken;

	e = birth_key_is_taken(cx, csr->key.sha256, unit->device_id, &taken);
	if (e != NULL)
		return e;
	if (taken)
		return fail(cx, &ERR_KEY_REFUSED,
		    "a birth key, or another ownership's");
	if (unit->device_id == NULL)
		return open_claim(cx, unit, csr, out);
	e = certificate_newest(cx, unit->device_id, &latest);
	if (e == NULL &&
	    bytes_eq(BYTES_OF(latest.key_sha256), BYTES_OF(csr->key.sha256)))
		return issue_again(cx, &latest, unit, csr, out);
	if (e != NULL && e != &ERR_NOT_FOUND)
		return e;
	return refuse_second_key(cx, unit);
}

/* What a found request of this (unit, key) means now. */
static ERR_FN
enroll_by_state(struct ctx *cx, const struct unit *unit,
    const struct approval *a, const struct csr *csr, struct est_out *out)
{
	bool open = a->expires_at > cx->now;

	switch (a->state) {
	case APPROVAL_APPROVED:
		if (open)
			return issue_approved(cx, unit, a, csr, out);
		break;
	case APPROVAL_PENDING:
		if (open)
			return ask_again(cx, a->created_at, out);
		break;
	case APPROVAL_DENIED:
		return fail(cx, &ERR_NOT_ENROLLED,
		    "approval %s: the owner said no", a->id);
	case APPROVAL_CONSUMED:
	case APPROVAL_SUPERSEDED:
		break;
	}
	return enroll_unapproved(cx, unit, csr, out);
}

/* By what the store says now of this (unit, key), or of its token. */
static ERR_FN
enroll_as_found(struct ctx *cx, const struct unit *unit, struct bytes token_mac,
    const struct csr *csr, struct est_out *out)
{
	const struct err *e;
	struct approval a;

	e = approval_for_enroll(
	    cx, unit->birth_id, csr->key.sha256, token_mac, &a);
	if (e == &ERR_NOT_FOUND && token_mac.n > 0)
		return fail(
		    cx, &ERR_TOKEN, "no such token for this unit and key");
	if (e == &ERR_NOT_FOUND)
		return enroll_unapproved(cx, unit, csr, out);
	return e != NULL ? e : enroll_by_state(cx, unit, &a, csr, out);
}

const struct err *
enroll_unit(struct ctx *cx, const struct unit *unit, const char *bearer,
    struct bytes csr_der, struct est_out *out)
{
	struct bytes token_mac = BYTES_NONE;
	const struct err *e;
	struct csr csr;
	uint8_t mac[32];

	e = csr_parse(cx, csr_der, &csr);
	if (e != NULL)
		return e;
	if (unit->quarantined)
		return fail(cx, &ERR_NOT_ENROLLED, "the unit is quarantined");
	if (bearer != NULL) {
		code_token_mac(cx, bearer, mac);
		token_mac = (struct bytes){ mac, 32 };
	}
	e = enroll_as_found(cx, unit, token_mac, &csr, out);
	/* A repeat that overtook this one left its certificate (A9). */
	if (e == &ERR_CHANGED)
		e = enroll_as_found(cx, unit, token_mac, &csr, out);
	return e;
}
