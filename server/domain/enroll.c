#include "domain/enroll.h"

#include "attest/nonce.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/rng.h"
#include "domain/attestation.h"
#include "domain/bootstrap.h"
#include "domain/code.h"
#include "domain/comeback.h"
#include "domain/csrattrs.h"
#include "domain/facts.h"
#include "domain/label_rule.h"
#include "domain/link.h"
#include "domain/network.h"
#include "domain/pace.h"
#include "domain/proved.h"
#include "domain/svc.h"
#include "store/birth.h"
#include "store/device.h"

#define EVER 1 /* since 1970 */

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

struct issue
enroll_names(const struct unit *unit)
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
	en->io = enroll_names(en->unit);
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

const struct err *
enroll_check_under(
    struct ctx *cx, const struct enrollment *en, const struct label *l)
{
	const struct err *e =
	    enroll_check(cx, en->unit, l, &en->csr, en->binding);

	return e != NULL ? e : certify_key(cx, l, &en->csr.key);
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
		.device_id = unit->device_id,
		.expires_at = cx->now + cx->svc->set.claim_window,
		.key_sha256 = en->csr.key.sha256,
		.birth_key_sha256 = by_birth ? unit->key_sha256 : NULL,
		.birth_cert_sha256 = by_birth ? unit->cert_sha256 : NULL,
		.label = unit->profile,
		.request_id = cx->rid,
	};
	const struct err *e;

	rng_uuid(id);
	a.network = network_keep(cx, id, en->address);
	e = pace_request(cx, unit);
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

bool
enroll_asks_owner(const struct unit *unit, const struct label *l)
{
	return l->owner && (unit->bootstrap == NULL || !l->bootstrap_no_owner);
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

const struct err *
enroll_evidence(struct ctx *cx, struct enrollment *en)
{
	struct attestation_in in = evidence_of(en);

	if (in.handle != NULL || in.format == NULL)
		return NULL;
	in.repeats_since = EVER;
	return attestation_judge(cx, en->unit, &in, &en->attested);
}

/* For a unit that nobody has yet.  A handle was judged with the request. */
static ERR_FN
enroll_new(struct ctx *cx, struct enrollment *en)
{
	struct attestation_in in = evidence_of(en);
	struct attested attested = en->attested;
	const struct err *e = NULL;

	/* Nothing came of an older one, which has to be fresh again. */
	in.repeats_since = cx->now - NONCE_SECONDS;
	if (in.handle == NULL)
		e = attestation_judge(cx, en->unit, &in, &attested);
	if (e != NULL)
		return e;
	return enroll_asks_owner(en->unit, &en->label)
		   ? open_claim(cx, en, &attested)
		   : sign_ownerless(cx, en);
}

/* Without an approval to use up. */
static ERR_FN
enroll_unapproved(struct ctx *cx, struct enrollment *en)
{
	const struct err *e;
	bool taken;

	e = key_is_taken(cx, en, &taken);
	if (e != NULL)
		return e;
	if (taken)
		return fail(cx, &ERR_KEY_REFUSED,
		    "a birth key, or another ownership's");
	return en->unit->device_id == NULL ? enroll_new(cx, en)
					   : comeback(cx, en);
}

/* What was found of this (unit, key), or of its token, means now. */
static ERR_FN
decide(struct ctx *cx, struct enrollment *en)
{
	const struct enrollment_found *f = &en->found;
	bool open = f->expires_at > cx->now;
	const struct err *e;

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
	if (f->approval_id != NULL && open && f->state == APPROVAL_APPROVED) {
		e = enroll_evidence(cx, en);
		return e != NULL ? e : sign_approved(cx, en);
	}
	if (f->approval_id != NULL && open && f->state == APPROVAL_PENDING) {
		e = enroll_evidence(cx, en);
		if (e != NULL)
			return e;
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
		e = enroll_check_under(cx, en, &en->label);
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
		certify_log(
		    v[i]->cx, "certificate.issued", v[i]->io.model, &v[i]->c);
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
