#include "domain/caller.h"

#include "attest/fmt_x509.h"
#include "base/mem.h"
#include "domain/admission.h"
#include "domain/clone.h"
#include "domain/code.h"
#include "domain/listed.h"
#include "domain/svc.h"
#include "domain/trusted.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "store/birth.h"
#include "store/event.h"
#include "store/guess.h"

#define RECORDS_OF_UNKNOWN_MAKERS 10000
#define RECORDS_WINDOW 3600

const struct err ERR_NO_CLIENT_CERTIFICATE = { KIND_UNAUTHENTICATED,
	"client-certificate-required", "This needs a TLS client certificate." };
/* One refusal for every reason (E5): the rest is the operator's to read. */
static const struct err ERR_ATTESTATION = { KIND_FORBIDDEN,
	"attestation-refused",
	"The device's identity is not accepted here; its operator can find "
	"the reason by the request id." };

/* One on its way. */
struct judged {
	struct caller_try *t;
	struct idevid id;
	struct birth_ask ask;
	const struct birth_candidate *found;
	struct event ev; /* of a refusal */
	bool pin;        /* its key is still to be */
};

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
pin(struct ctx *cx, const struct birth_candidate *c, const struct idevid *id)
{
	const struct err *e;
	bool pinned;

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

/* By which anchor the unit came this time: sets may be of one (R3). */
static ERR_FN
note_anchor(struct ctx *cx, const struct birth_candidate *c)
{
	return c->came_by != NULL && strcmp(c->came_by, c->anchor_id) == 0
		   ? NULL
		   : birth_came_by(cx, c->birth_id, c->anchor_id);
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
	if (e == NULL && c->asks_evidence)
		e = trusted_check_lists(
		    cx, c->manufacturer_id, c->model_id, id);
	return e == &ERR_LISTS ? &ERR_ATTESTATION : e;
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
		.asks_evidence = c->asks_evidence,
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

/* It goes no further; with a record, should this be a refusal. */
static void
end(struct judged *j, const struct err *e)
{
	j->t->e = e == &ERR_ATTESTATION ? refuse(j->t->cx, e, &j->ev) : e;
}

static void
begin(struct judged *j)
{
	struct ctx *cx = j->t->cx;
	const struct peer *peer = j->t->peer;
	const struct err *e = check_peer(cx, peer);

	j->ev = (struct event){ .kind = "attestation.refused" };
	j->t->again = false;
	j->t->e = e;
	if (e != NULL)
		return;
	if (idevid_parse(cx, peer->chain, peer->n, &j->id) != NULL) {
		end(j, &ERR_ATTESTATION);
		return;
	}
	j->ask = (struct birth_ask){ .cx = cx,
		.issuers = j->id.issuers,
		.n_issuers = j->id.n,
		.serial = j->id.serial,
		.dac_subject = j->id.leaf.subject,
		.key_sha256 = j->id.leaf.key_sha256 };
}

/* Of those that go on; how many there are. */
static size_t
good(struct judged **v, size_t n)
{
	size_t i, m = 0;

	for (i = 0; i < n; i++)
		if (v[i]->t->e == NULL && !v[i]->t->again)
			v[m++] = v[i];
	return m;
}

/* One question for all of them. */
static void
look(struct judged *const *v, size_t n)
{
	struct birth_ask *ask[LIMIT_TOGETHER] = { NULL };
	const struct err *e;
	size_t i;

	for (i = 0; i < n; i++)
		ask[i] = &v[i]->ask;
	e = birth_candidates(v[0]->t->cx, ask, n);
	for (i = 0; i < n; i++)
		v[i]->t->e = e;
}

/* A unit that is unknown comes on the allowlist first, where its maker has an
 * open model. */
static ERR_FN
admit(struct judged *j, const struct birth_candidate *maker)
{
	struct birth_ask *ask = &j->ask;
	struct ctx *cx = j->t->cx;
	const struct err *e = check_revoked(cx, maker, &j->id);
	bool opened = false;

	if (e == NULL)
		e = admission_open(cx, maker->manufacturer_id, &j->id, &opened);
	if (e == &ERR_NOT_ADMITTED)
		e = &ERR_ATTESTATION;
	return e != NULL || !opened ? e : birth_candidates(cx, &ask, 1);
}

/* The unit, and what is known of it. */
static ERR_FN
judge(struct judged *j, bool alone)
{
	struct ctx *cx = j->t->cx;
	const struct birth_candidate *maker =
	    find_maker(cx, &j->id, j->ask.c, j->ask.n);
	const struct err *e = NULL;

	j->t->again = maker != NULL && !alone;
	if (j->t->again)
		return NULL;
	if (j->ask.n > 0)
		j->ev.manufacturer_id = j->ask.c[0].manufacturer_id;
	if (maker != NULL)
		e = admit(j, maker);
	if (e == NULL)
		j->found = find_unit(cx, &j->id, j->ask.c, j->ask.n, &e);
	if (e != NULL)
		return e;
	j->ev.manufacturer_id = j->found->manufacturer_id;
	j->ev.birth_id = j->found->birth_id;
	j->ev.device_id = j->found->device_id;
	e = check_unit(cx, j->found, &j->id);
	j->pin = e == NULL && !bytes_eq(j->found->pinned_key_sha256,
				  BYTES_OF(j->id.leaf.key_sha256));
	return e != NULL || j->pin ? e : note_anchor(cx, j->found);
}

/* Whether nothing stands against the key, and no other of the same unit is
 * among those that will be pinned. */
static bool
pins_together(struct judged *const *v, size_t n, const struct judged *j)
{
	const struct birth_candidate *c = j->found;
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i]->found->birth_id == c->birth_id)
			return false;
	return c->pinned_key_sha256.n == 0 && !c->manufacturer_frozen &&
	       admission_is_plain(j->t->cx, c);
}

/* In one commit; whatever else there is to say of a key is said to one by
 * itself. */
static void
pin_together(struct judged *const *v, size_t n)
{
	struct birth_pin key[LIMIT_TOGETHER] = { 0 };
	struct judged *of[LIMIT_TOGETHER] = { NULL };
	bool pinned[LIMIT_TOGETHER] = { false };
	const struct err *e = NULL;
	size_t i, m = 0;
	bool away;

	for (i = 0; i < n; i++) {
		struct judged *j = v[i];

		j->t->again = j->pin && !pins_together(of, m, j);
		if (!j->pin || j->t->again)
			continue;
		key[m].birth_id = j->found->birth_id;
		key[m].key_sha256 = j->id.leaf.key_sha256;
		key[m].anchor_id = j->found->anchor_id;
		of[m++] = j;
	}
	if (m > 0)
		e = birth_pin_keys(v[0]->t->cx, key, m, pinned);
	away = e == &ERR_STORE && !db_collided(v[0]->t->cx);
	for (i = 0; i < m; i++) {
		of[i]->t->e = away ? e : NULL;
		of[i]->t->again = !away && !pinned[i];
	}
}

void
caller_units(struct caller_try *v, size_t n)
{
	struct judged all[LIMIT_TOGETHER] = { 0 }, *go[LIMIT_TOGETHER];
	bool alone = n == 1;
	size_t i;

	must(n <= LIMIT_TOGETHER);
	for (i = 0; i < n; i++) {
		go[i] = &all[i];
		all[i].t = &v[i];
		begin(&all[i]);
	}
	n = good(go, n);
	if (n > 0)
		look(go, n);
	n = good(go, n);
	for (i = 0; i < n; i++)
		end(go[i], judge(go[i], alone));
	n = good(go, n);
	if (!alone && n > 0)
		pin_together(go, n);
	else if (n > 0 && go[0]->pin)
		end(go[0], pin(go[0]->t->cx, go[0]->found, &go[0]->id));
	n = good(go, n);
	for (i = 0; i < n; i++)
		fill_unit(go[i]->found, &go[i]->id, go[i]->t->unit);
}

const struct err *
caller_unit(struct ctx *cx, const struct peer *peer, struct unit *out)
{
	struct caller_try t = { .cx = cx, .peer = peer, .unit = out };

	caller_units(&t, 1);
	return t.e;
}
