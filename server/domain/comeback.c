#include "domain/comeback.h"

#include "domain/bootstrap.h"
#include "domain/clone.h"
#include "domain/label_rule.h"
#include "domain/proved.h"
#include "domain/svc.h"
#include "pki/crl_sign.h"
#include "store/device.h"
#include "store/event.h"
#include "store/renewal.h"

static const struct err ERR_SECOND_KEY = { KIND_FORBIDDEN, "second-key",
	"This device has an owner and another key: ask for its approval "
	"first." }; /* R4: what would refuse its certificates is kept for four
		     * weeks after they end, and so are they. */
static const struct err ERR_AWAY = { KIND_FORBIDDEN, "away-too-long",
	"No certificate of this device is remembered: four weeks after the "
	"last has ended, its owner must approve the device again." };

/* Signs and stores a certificate that no approval authorises: the successor
 * of c's predecessor or, without one, the first of an ownerless device whose
 * certificates are forgotten. */
static ERR_FN
store_unapproved(struct ctx *cx, struct enrollment *en, const struct label *l,
    struct certificate_new *c, bool *issued)
{
	const struct bootstrap *token = en->unit->bootstrap;
	const struct err *e;
	TX tx = { 0 };

	*issued = true;
	en->io = enroll_names(en->unit);
	e = proved_check_renewal(cx, en->unit->birth_id);
	if (e == NULL)
		e = certify_sign(cx, l, &en->csr, &en->io, c);
	if (e == NULL)
		e = tx_begin(cx, &tx);
	if (e == NULL && token != NULL)
		e = bootstrap_use(cx, token->id, en->csr.key.sha256, issued);
	if (e == NULL && *issued)
		e = c->predecessor.n > 0 ? renewal_add(cx, c, issued)
					 : renewal_return(cx, c, issued);
	if (e == NULL && *issued)
		e = tx_commit(&tx);
	if (e != NULL || !*issued)
		return e;
	certify_log(cx, "certificate.reissued", en->io.model, c);
	return certify_answer(cx, c->der, &en->out);
}

/* It was not stored: by a repeat that overtook this one and left its
 * certificate (A9), or because trust has ended. */
static ERR_FN
answer_repeat(struct ctx *cx, struct enrollment *en)
{
	struct certificate_latest now;
	const struct err *e = certificate_newest(cx, en->unit->device_id, &now);

	if (e != NULL && e != &ERR_NOT_FOUND)
		return e;
	if (e == NULL && !now.revoked && now.not_after > cx->now &&
	    bytes_eq(BYTES_OF(now.key_sha256), BYTES_OF(en->csr.key.sha256)))
		return certify_answer(cx, now.der, &en->out);
	return fail(cx, &ERR_NOT_ENROLLED,
	    "the device, key or token is no longer good, or was just renewed");
}

/* A device stays under the label that it has: who names none comes under
 * that one and what it asks; another one, named by path or token, is refused
 * (A8). */
static ERR_FN
stay_under(struct ctx *cx, const struct enrollment *en, const char *has,
    struct label *out)
{
	const struct unit *unit = en->unit;
	const struct err *e;

	*out = en->label;
	if (strcmp(unit->profile, has) == 0)
		return NULL;
	if (unit->labelled || unit->bootstrap != NULL)
		return fail(
		    cx, &ERR_LABEL_REFUSED, "the device is of label %s", has);
	e = label_get(cx, has, out);
	if (e == NULL)
		e = label_rule_proof(
		    cx, out, en->bearer != NULL ? LABEL_TOKEN : LABEL_BIRTH);
	return e != NULL ? e : enroll_check_under(cx, en, out);
}

/* The unit's key has a certificate: the same again while it lives, and a new
 * one for the same key once it has expired, a deadline has passed it by or its
 * CA is gone (A1, R4). */
static ERR_FN
issue_again(struct ctx *cx, const struct certificate_latest *latest,
    struct enrollment *en)
{
	struct certificate_new c = { .device_id = en->unit->device_id,
		.predecessor = latest->serial,
		.predecessor_not_before = latest->not_before,
		.predecessor_ended_ok = true };
	const struct err *e;
	struct label label;
	bool issued;

	e = stay_under(cx, en, latest->profile, &label);
	if (e != NULL)
		return e;
	if (latest->revoked && !latest->overdue)
		return fail(cx, &ERR_NOT_ENROLLED, "certificate %s is revoked",
		    bytes_hex(cx->arena, latest->serial));
	/* One of a CA that is not ours any more is good for nothing. */
	if (!latest->revoked && latest->not_after > cx->now &&
	    crl_issuer_of(cx->svc->signers, latest->der) >= 0)
		return certify_answer(cx, latest->der, &en->out);
	e = store_unapproved(cx, en, &label, &c, &issued);
	return e != NULL || issued ? e : answer_repeat(cx, en);
}

static ERR_FN
refuse_away(struct ctx *cx, const struct unit *unit)
{
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "device.away_too_long",
			      .birth_id = unit->birth_id,
			      .device_id = unit->device_id,
			      .manufacturer_id = unit->manufacturer_id });

	return e != NULL ? e
			 : fail(cx, &ERR_AWAY, "birth %lld is owned",
			       (long long)unit->birth_id);
}

/* A1: the newcomer is refused.  The unit's birth key was proved, unless a
 * token stands in for it, which says nothing of a clone. */
static ERR_FN
refuse_second_key(struct ctx *cx, const struct unit *unit)
{
	const struct clone_sign sign = { .kind = "device.second_key",
		.proved = unit->bootstrap == NULL,
		.birth_id = unit->birth_id,
		.device_id = unit->device_id,
		.manufacturer_id = unit->manufacturer_id,
		.policy = unit->model_policy };
	const struct err *refusal = fail(cx, &ERR_SECOND_KEY,
	    "birth %lld is owned", (long long)unit->birth_id);
	const struct err *e = clone_signal(cx, &sign);

	return e != NULL ? e : refusal;
}

const struct err *
comeback_check_new_key(struct ctx *cx, const struct unit *unit)
{
	struct certificate_latest latest;
	const struct err *e = NULL;

	if (unit->bootstrap != NULL)
		e = bootstrap_check(cx, unit, NULL);
	if (e != NULL || unit->device_id == NULL)
		return e;
	e = certificate_newest(cx, unit->device_id, &latest);
	if (e == &ERR_NOT_FOUND)
		return NULL;
	return e != NULL ? e : refuse_second_key(cx, unit);
}

/* For a device without an owner whose certificates are forgotten, what first
 * proved it is enough, as it was then. */
static ERR_FN
issue_forgotten(struct ctx *cx, struct enrollment *en)
{
	const struct unit *unit = en->unit;
	struct certificate_new c = { .device_id = unit->device_id };
	const struct err *e;
	struct label label;
	const char *has;
	bool issued;

	e = device_label(cx, unit->device_id, &has);
	if (e == NULL)
		e = stay_under(cx, en, has, &label);
	if (e != NULL)
		return e;
	if (enroll_asks_owner(unit, &label))
		return refuse_away(cx, unit);
	e = store_unapproved(cx, en, &label, &c, &issued);
	return e != NULL || issued ? e : answer_repeat(cx, en);
}

const struct err *
comeback(struct ctx *cx, struct enrollment *en)
{
	struct certificate_latest latest;
	const struct err *e =
	    certificate_newest(cx, en->unit->device_id, &latest);

	bool known = e == NULL;

	if (e != NULL && e != &ERR_NOT_FOUND)
		return e;
	if (known && !bytes_eq(BYTES_OF(latest.key_sha256),
			 BYTES_OF(en->csr.key.sha256)))
		return refuse_second_key(cx, en->unit);
	e = enroll_evidence(cx, en);
	if (e != NULL)
		return e;
	return known ? issue_again(cx, &latest, en) : issue_forgotten(cx, en);
}
