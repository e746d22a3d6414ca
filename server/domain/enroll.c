#include "domain/enroll.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/rng.h"
#include "domain/attestation.h"
#include "domain/bootstrap.h"
#include "domain/clone.h"
#include "domain/code.h"
#include "domain/csrattrs.h"
#include "domain/facts.h"
#include "domain/label_rule.h"
#include "domain/link.h"
#include "domain/pace.h"
#include "domain/proved.h"
#include "domain/svc.h"
#include "store/birth.h"
#include "store/device.h"
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
static const struct err ERR_NAME_WISH = { KIND_FORBIDDEN, "names-are-ours",
	"Names are given here: ask without ChangeSubjectName (RFC 6402 "
	"section 2.8)." };
static const struct err ERR_SECOND_KEY = { KIND_FORBIDDEN, "second-key",
	"This device has an owner and another key: ask for its approval "
	"first." };
/* R4: what would refuse its certificates is kept for four weeks after they
 * end, and so are they. */
static const struct err ERR_AWAY = { KIND_FORBIDDEN, "away-too-long",
	"No certificate of this device is remembered: four weeks after the "
	"last has ended, its owner must approve the device again." };

/* What the templates of the label's profile may name. */
static struct issue
names_of(const struct unit *unit)
{
	return (struct issue){ .model = unit->model_id,
		.manufacturer = unit->manufacturer_id,
		.unit_serial = unit->listed_serial };
}

const struct err *
enroll_check(struct ctx *cx, const struct unit *unit, const struct label *l,
    const struct csr *csr, struct bytes binding)
{
	const struct err *e;

	if (unit->quarantined)
		return fail(cx, &ERR_NOT_ENROLLED, "the unit is quarantined");
	if (csr->has_name_wish)
		return fail(cx, &ERR_NAME_WISH, "ChangeSubjectName");
	e = csrattrs_check(cx, l, csr);
	return e != NULL ? e : link_check(cx, l, csr, binding);
}

/* What is authorised, signed: it counts once it is stored. */
static ERR_FN
sign(struct ctx *cx, struct enrollment *en)
{
	const struct bootstrap *token = en->unit->bootstrap;

	if (token != NULL && token->used)
		return fail(cx, &ERR_NOT_ENROLLED,
		    "bootstrap token %s was used", token->id);
	en->io = names_of(en->unit);
	en->c.birth_id = en->unit->birth_id;
	en->c.bootstrap_id = token == NULL ? NULL : token->id;
	en->c.request_id = cx->rid;
	en->step = ENROLLMENT_SIGNED;
	return certify_sign(cx, &en->label, &en->csr, &en->io, &en->c);
}

/* A yes is for what was proved then; whether that is enough is asked by the
 * policy of now (E1). */
static ERR_FN
sign_approved(struct ctx *cx, struct enrollment *en)
{
	const struct err *e = NULL;

	if (en->found.asks_evidence)
		e = proved_check_key(
		    cx, en->unit->birth_id, en->csr.key.sha256);
	if (e != NULL)
		return e;
	en->c = (struct certificate_new){ .device_id = en->found.device_id,
		.approval_id = en->found.approval_id };
	return sign(cx, en);
}

/* For a device that the platform itself owns. */
static ERR_FN
sign_ownerless(struct ctx *cx, struct enrollment *en)
{
	char *id = arena_alloc(cx->arena, UUID_TEXT_BYTES);

	rng_uuid(id);
	en->c = (struct certificate_new){ .device_id = id, .new_device = true };
	return sign(cx, en);
}

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
	en->io = names_of(en->unit);
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
	certify_log(cx, "certificate.reissued", c);
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

/* What the label asks of a request, whatever is known of its unit. */
static ERR_FN
check_under(struct ctx *cx, const struct enrollment *en, const struct label *l)
{
	const struct err *e =
	    enroll_check(cx, en->unit, l, &en->csr, en->binding);

	return e != NULL ? e : certify_key(cx, l, &en->csr.key);
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
	return e != NULL ? e : check_under(cx, en, out);
}

/* The unit's key has a certificate: the same again while it lives, and a new
 * one for the same key once it has expired (A1, R4). */
static ERR_FN
issue_again(struct ctx *cx, const struct certificate_latest *latest,
    struct enrollment *en)
{
	struct certificate_new c = { .device_id = en->unit->device_id,
		.predecessor = latest->serial,
		.predecessor_not_before = latest->not_before,
		.predecessor_expired_ok = true };
	const struct err *e;
	struct label label;
	bool issued;

	e = stay_under(cx, en, latest->profile, &label);
	if (e != NULL)
		return e;
	if (latest->revoked)
		return fail(cx, &ERR_NOT_ENROLLED, "certificate %s is revoked",
		    bytes_hex(cx->arena, latest->serial));
	if (latest->not_after > cx->now)
		return certify_answer(cx, latest->der, &en->out);
	e = store_unapproved(cx, en, &label, &c, &issued);
	return e != NULL || issued ? e : answer_repeat(cx, en);
}

/* 202: not yet, for a request that was made then. */
static void
ask_again(const struct ctx *cx, int64_t created_at, struct enrollment *en)
{
	en->out.retry_after =
	    pace_retry_after(cx->now - created_at, rng_below(UINT32_MAX));
}

/* Nobody was asked yet: a request that the owner claims with the code on the
 * device, open while the device keeps asking (A6). */
static ERR_FN
open_claim(
    struct ctx *cx, struct enrollment *en, const struct attested *attested)
{
	const struct unit *unit = en->unit;
	bool by_birth = unit->bootstrap == NULL && !unit->by_evidence;
	char id[UUID_TEXT_BYTES];
	struct approval_new a = {
		.id = id,
		.kind = "claim",
		.client_id = unit->client_id,
		.birth_id = unit->birth_id,
		.expires_at = cx->now + cx->svc->set.claim_window,
		.key_sha256 = en->csr.key.sha256,
		.birth_key_sha256 = by_birth ? unit->key_sha256 : NULL,
		.birth_cert_sha256 = by_birth ? unit->cert_sha256 : NULL,
		.label = unit->profile,
	};
	const struct err *e;

	rng_uuid(id);
	e = pace_request(cx, unit, NULL);
	if (e == NULL)
		e = facts_write(
		    cx, unit, en->csr.key.sha256, attested, &a.facts);
	/* A key that the token is not for leaves no request behind. */
	if (e == NULL)
		e = bootstrap_take_key(cx, unit, en->csr.key.sha256);
	if (e == NULL)
		e = approval_create(cx, &a);
	if (e == NULL)
		ask_again(cx, cx->now, en);
	return e;
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
enroll_check_new_key(struct ctx *cx, const struct unit *unit)
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

static bool
owner_is_asked(const struct unit *unit, const struct label *l)
{
	return l->owner && (unit->bootstrap == NULL || !l->bootstrap_no_owner);
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
	if (owner_is_asked(unit, &label))
		return refuse_away(cx, unit);
	e = store_unapproved(cx, en, &label, &c, &issued);
	return e != NULL || issued ? e : answer_repeat(cx, en);
}

/* Whether the key is not this unit's to have.  A unit that had no device when
 * it was judged may have one now: a repeat of the same request, under a label
 * that asks no owner, made it with this very key (A9). */
static ERR_FN
key_is_taken(struct ctx *cx, struct enrollment *en, bool *taken)
{
	const uint8_t *key = en->csr.key.sha256;
	const char *device_id = en->unit->device_id;
	const struct err *e = birth_key_is_taken(cx, key, device_id, taken);
	struct unit *unit;

	if (e != NULL || !*taken || device_id != NULL)
		return e;
	e = device_of_unit(cx, en->unit->birth_id, &device_id);
	if (e != NULL || device_id == NULL)
		return e;
	unit = arena_alloc(cx->arena, sizeof(*unit));
	*unit = *en->unit;
	unit->device_id = device_id;
	en->unit = unit;
	return birth_key_is_taken(cx, key, device_id, taken);
}

/* What the request says of evidence. */
static struct attestation_in
evidence_of(const struct enrollment *en)
{
	return (struct attestation_in){ .handle = en->handle,
		.format = en->csr.evidence.format,
		.evidence = en->csr.evidence.evidence,
		.nonce = en->csr.evidence.nonce,
		.key = en->csr.spki,
		.binding = en->binding,
		.purpose = HANDLE_ENROLL };
}

/* For a unit that nobody has yet.  A handle was judged with the request. */
static ERR_FN
enroll_new(struct ctx *cx, struct enrollment *en)
{
	const struct attestation_in in = evidence_of(en);
	struct attested attested = en->attested;
	const struct err *e = NULL;

	if (in.handle == NULL)
		e = attestation_judge(cx, en->unit, &in, &attested);
	if (e != NULL)
		return e;
	return owner_is_asked(en->unit, &en->label)
		   ? open_claim(cx, en, &attested)
		   : sign_ownerless(cx, en);
}

/* Without an approval to use up. */
static ERR_FN
enroll_unapproved(struct ctx *cx, struct enrollment *en)
{
	struct certificate_latest latest;
	const struct unit *unit;
	const struct err *e;
	bool taken;

	e = key_is_taken(cx, en, &taken);
	unit = en->unit;
	if (e != NULL)
		return e;
	if (taken)
		return fail(cx, &ERR_KEY_REFUSED,
		    "a birth key, or another ownership's");
	if (unit->device_id == NULL)
		return enroll_new(cx, en);
	e = certificate_newest(cx, unit->device_id, &latest);
	if (e == NULL &&
	    bytes_eq(BYTES_OF(latest.key_sha256), BYTES_OF(en->csr.key.sha256)))
		return issue_again(cx, &latest, en);
	if (e == &ERR_NOT_FOUND)
		return issue_forgotten(cx, en);
	return e != NULL ? e : refuse_second_key(cx, unit);
}

/* What was found of this (unit, key), or of its token, means now. */
static ERR_FN
decide(struct ctx *cx, struct enrollment *en)
{
	const struct enrollment_found *f = &en->found;
	bool open = f->expires_at > cx->now;

	if (f->approval_id == NULL && en->bearer != NULL)
		return fail(
		    cx, &ERR_TOKEN, "no such token for this unit and key");
	/* One that is over says nothing of what may be done now. */
	if (f->approval_id != NULL && open &&
	    (f->state == APPROVAL_APPROVED || f->state == APPROVAL_PENDING) &&
	    !label_rule_fits(en->unit, f->label))
		return fail(cx,
		    en->bearer != NULL ? &ERR_TOKEN : &ERR_LABEL_REFUSED,
		    "approval %s was asked for under another label",
		    f->approval_id);
	if (f->approval_id != NULL && open && f->state == APPROVAL_APPROVED)
		return sign_approved(cx, en);
	if (f->approval_id != NULL && open && f->state == APPROVAL_PENDING) {
		ask_again(cx, f->created_at, en);
		return bootstrap_take_key(cx, en->unit, en->csr.key.sha256);
	}
	if (f->approval_id != NULL && f->state == APPROVAL_DENIED)
		return fail(cx, &ERR_NOT_ENROLLED,
		    "approval %s: the owner said no", f->approval_id);
	return enroll_unapproved(cx, en);
}

/* The parts of the request itself: no database, unless it has a handle. */
static ERR_FN
check_request(struct ctx *cx, struct enrollment *en)
{
	struct attestation_in in;
	const struct err *e = NULL;

	if (en->made != NULL)
		en->csr = *en->made;
	else
		e = csr_parse(cx, en->csr_der, &en->csr);
	if (e != NULL)
		return e;
	if (en->bearer != NULL)
		code_token_mac(cx, en->bearer, en->token_mac);
	e = label_get(cx, en->unit->profile, &en->label);
	if (e == NULL)
		e = check_under(cx, en, &en->label);
	if (e == NULL && en->unit->bootstrap != NULL)
		e = bootstrap_check(cx, en->unit, en->csr.key.sha256);
	if (e != NULL || en->handle == NULL)
		return e;
	/* It may be all that says who asks, so it is judged whatever is then
	 * found: good for who has its key, which signed the request. */
	in = evidence_of(en);
	return attestation_judge(cx, en->unit, &in, &en->attested);
}

/* One question for all of them. */
static ERR_FN
find(struct enrollment *const *v, size_t n)
{
	struct enrollment_found found[LIMIT_TOGETHER];
	struct enrollment_ask ask[LIMIT_TOGETHER] = { 0 };
	const struct err *e;
	size_t i;

	for (i = 0; i < n; i++) {
		ask[i] = (struct enrollment_ask){
			.birth_id = v[i]->unit->birth_id,
			.key_sha256 = v[i]->csr.key.sha256,
		};
		if (v[i]->bearer != NULL)
			ask[i].token_mac = BYTES_OF(v[i]->token_mac);
	}
	e = enrollment_find(v[0]->cx, ask, n, found);
	for (i = 0; i < n && e == NULL; i++)
		v[i]->found = found[i];
	return e;
}

/* One commit for all of them. */
static ERR_FN
store(struct enrollment *const *v, size_t n, bool alone)
{
	const struct certificate_new *c[LIMIT_TOGETHER] = { NULL };
	bool stored[LIMIT_TOGETHER] = { false };
	const struct err *e;
	size_t i;

	for (i = 0; i < n; i++)
		c[i] = &v[i]->c;
	if (alone && !v[0]->found.first)
		e = enrollment_replace(v[0]->cx, c[0], stored);
	else
		e = enrollment_store(v[0]->cx, c, n, alone, stored);
	if (e != NULL)
		return e;
	for (i = 0; i < n; i++) {
		if (!stored[i])
			continue;
		certify_log(v[i]->cx, "certificate.issued", &v[i]->c);
		v[i]->e = certify_answer(v[i]->cx, v[i]->c.der, &v[i]->out);
		v[i]->step = ENROLLMENT_OVER;
	}
	return NULL;
}

static void
end_all(struct enrollment *const *v, size_t n, const struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		v[i]->e = e;
		v[i]->step = ENROLLMENT_OVER;
	}
}

/* Finds, decides and stores.  Afterwards a request is over, or stands at
 * ENROLLMENT_SIGNED: somebody holds a row of it, or it is no longer good. */
static void
attempt(struct enrollment *const *v, size_t n, bool alone)
{
	struct enrollment *sign[LIMIT_TOGETHER];
	const struct err *e = find(v, n);
	size_t i, m = 0;

	/* What one of many made the database refuse, the others try alone. */
	if (e != NULL && (alone || e == &ERR_STORE))
		end_all(v, n, e);
	if (e != NULL)
		return;
	for (i = 0; i < n; i++) {
		v[i]->step = ENROLLMENT_OVER;
		v[i]->e = decide(v[i]->cx, v[i]);
		if (v[i]->e != NULL)
			v[i]->step = ENROLLMENT_OVER;
		/* A second key needs a transaction of its own. */
		if (v[i]->step == ENROLLMENT_SIGNED &&
		    (alone || v[i]->found.first))
			sign[m++] = v[i];
	}
	e = m == 0 ? NULL : store(sign, m, alone);
	if (e != NULL && (alone || e == &ERR_STORE) && !db_collided(v[0]->cx))
		end_all(sign, m, e);
}

/* By itself, waiting for whoever holds its rows.  If it is not stored even
 * so, what was read has changed: by a revocation, or by a repeat of the same
 * request that overtook this one and left its certificate (A9). */
static void
attempt_alone(struct enrollment *en)
{
	attempt(&en, 1, true);
	if (en->step == ENROLLMENT_SIGNED)
		attempt(&en, 1, true);
	if (en->step != ENROLLMENT_SIGNED)
		return;
	en->e = fail(en->cx, &ERR_CHANGED,
	    "approval %s was used or voided, or the device or key is no "
	    "longer good",
	    en->found.approval_id);
	en->step = ENROLLMENT_OVER;
}

/* Whether one of the first n asks for the same key or unit. */
static bool
is_repeat(struct enrollment *const *v, size_t n, const struct enrollment *en)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i]->unit->birth_id == en->unit->birth_id ||
		    bytes_eq(BYTES_OF(v[i]->csr.key.sha256),
			BYTES_OF(en->csr.key.sha256)))
			return true;
	return false;
}

void
enroll_together(struct enrollment *v, size_t n)
{
	struct enrollment *together[LIMIT_TOGETHER];
	size_t i, m = 0;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		v[i].e = check_request(v[i].cx, &v[i]);
		v[i].step = v[i].e != NULL ? ENROLLMENT_OVER : ENROLLMENT_ALONE;
		if (v[i].e == NULL && !is_repeat(together, m, &v[i]))
			together[m++] = &v[i];
	}
	if (n == 1 && m == 1)
		attempt_alone(&v[0]);
	else if (m > 0)
		attempt(together, m, false);
}
