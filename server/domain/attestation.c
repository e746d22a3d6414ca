#include "domain/attestation.h"

#include "attest/attest.h"
#include "attest/handle.h"
#include "attest/nonce.h"
#include "attest/policy_json.h"
#include "attest/tpm.h"
#include "base/arena.h"
#include "domain/listed.h"
#include "domain/metrics.h"
#include "domain/proved.h"
#include "domain/svc.h"
#include "domain/trusted.h"
#include "domain/whose.h"
#include "pki/digest.h"
#include "store/birth.h"
#include "store/event.h"
#include "store/evidence.h"
#include "store/policy.h"

#define EXPORTER_BYTES 32     /* RFC 9266 section 3 */
#define NONCE_KEPT_SECONDS 60 /* after it has ended */

/* One attempt. */
struct attempt {
	struct whose whose;
	const struct attestation_in *in;
	uint8_t policy_sha256[32], key_sha256[32], evidence_sha256[32];
	struct verdict *verdict;
	struct arena *scratch; /* the policy's, which may be long */
	struct attest_policy policy;
	int64_t policy_version;
	bool asked; /* by the policy */
	struct attest_anchor anchor[LIMIT_ANCHORS];
	struct attest_basis basis;
};

void
attestation_nonce(struct ctx *cx, struct attestation_nonce *out)
{
	out->nonce = nonce_make(cx, cx->svc->mac, cx->svc->set.issuer);
	out->expires_in = NONCE_SECONDS;
}

static struct bytes
text(const char *s)
{
	return s == NULL ? BYTES_NONE : bytes_str(s);
}

/* What the model asks of evidence; a policy that says nothing of it asks for
 * none. */
static ERR_FN
read_policy(struct ctx *cx, struct attempt *a)
{
	struct ctx wide = *cx;
	const struct err *e;
	const char *asks;

	wide.arena = a->scratch;
	e = policy_evidence(
	    &wide, a->whose.unit.model_id, 0, &asks, &a->policy_version);
	if (e != NULL)
		return e;
	a->asked = asks != NULL;
	digest_sha256(text(asks), a->policy_sha256);
	return a->asked ? policy_json_read(&wide, bytes_str(asks), &a->policy)
			: NULL;
}

static bool
is_exporter(struct bytes binding)
{
	return binding.n == EXPORTER_BYTES;
}

/* A TPM answers to the challenge that it opened, all else to a nonce or to
 * the connection, which no other is like (RFC 9266). */
static ERR_FN
read_nonce(struct ctx *cx, struct attempt *a)
{
	struct tpm_evidence ev;
	const struct err *e;

	if (strcmp(a->in->format, "tpm") != 0) {
		if (a->in->nonce.n == 0 && is_exporter(a->in->binding)) {
			a->basis.nonce = a->in->binding;
			return NULL;
		}
		a->basis.nonce = a->in->nonce;
		return nonce_judge(
		    cx, cx->svc->mac, cx->svc->set.issuer, a->in->nonce);
	}
	e = tpm_evidence_read(cx, a->in->evidence, &ev);
	if (e != NULL)
		return &ERR_BAD_EVIDENCE;
	if (ev.challenge.n == 0)
		return fail(cx, &ERR_BAD_EVIDENCE, "tpm: no challenge");
	a->basis.nonce = ev.challenge;
	return NULL;
}

static ERR_FN
set_basis(struct ctx *cx, struct attempt *a)
{
	const struct attestation_in *in = a->in;
	const struct err *e;

	a->basis = (struct attest_basis){
		.anchor = a->anchor,
		.known = cx->svc->anchors,
		.policy = &a->policy,
		.birth_keys_listed = true,
		.lists_elsewhere = true,
		.key_spki = in->key,
		.exporter = is_exporter(in->binding) ? in->binding : BYTES_NONE,
		.issuer = cx->svc->set.issuer,
		.mac = cx->svc->mac,
	};
	e = read_nonce(cx, a);
	if (e == NULL)
		e = evidence_unit(cx, a->whose.unit.birth_id, &a->whose.listed);
	if (e == NULL)
		e = trusted_read(cx, a->whose.unit.manufacturer_id, a->anchor,
		    &a->basis.n_anchors);
	return e;
}

/* The verdict is good enough for anything at all. */
static ERR_FN
check_verdict(struct ctx *cx, struct attempt *a, const struct verdict *v)
{
	const struct finding *found = verdict_refusal(v);
	const struct err *e = NULL;

	if (!v->accepted)
		return fail(cx, &ERR_BAD_EVIDENCE, "%s: %s: %s", a->in->format,
		    found->code, found->words);
	if (v->grade == GRADE_NONE)
		return fail(cx, &ERR_BAD_EVIDENCE, "%s: proves nothing: %s",
		    a->in->format,
		    v->n_findings > 0 ? v->finding[0].words : "no finding");
	if (a->whose.unit.birth_id == 0)
		e = whose_find(cx, &v->facts, &a->whose);
	if (e == NULL)
		e = whose_check(cx, &a->whose, &v->facts);
	return e;
}

/* The newest software that the unit has shown, where its version can be
 * compared at all, and never less: the unit's row is locked, so that what
 * comes at the same time is judged one after the other. */
static ERR_FN
remember_sw(struct ctx *cx, const struct attempt *a)
{
	const struct facts *f = &a->verdict->facts;
	int64_t scheme = policy_sw_scheme(&a->policy, f);
	const struct finding *found;
	struct sw_shown shown;
	const struct err *e;

	e = sw_shown_lock(cx, a->whose.unit.birth_id, &shown);
	if (e != NULL)
		return e;
	policy_downgrade(
	    cx, &a->policy, shown.version, shown.scheme, a->verdict);
	found = verdict_refusal(a->verdict);
	if (found != NULL)
		return fail(cx, &ERR_BAD_EVIDENCE, "%s: %s: %s", a->in->format,
		    found->code, found->words);
	if (!version_at_least(scheme, f->sw_version, f->sw_version) ||
	    (versions_have_order(scheme, shown.scheme) &&
		version_at_least(scheme, shown.version, f->sw_version)))
		return NULL;
	return sw_shown_set(cx, a->whose.unit.birth_id,
	    &(struct sw_shown){ f->sw_version, scheme });
}

/* The certificate that vouched for it; of a bare key none is known. */
static ERR_FN
remember_anchor(struct ctx *cx, const struct attempt *a)
{
	const struct verdict *v = a->verdict;
	uint8_t sha256[SHA256_BYTES];

	digest_sha256(v->path[v->n_path - 1], sha256);
	return birth_came_below(
	    cx, a->whose.unit.birth_id, a->whose.unit.manufacturer_id, sha256);
}

static struct proved_attempt
proved_by(const struct attempt *a)
{
	return (struct proved_attempt){ .unit = &a->whose.unit,
		/* None but ours: it is the sender's word. */
		.format = a->in->format != NULL &&
				  attest_format_get(a->in->format) != NULL
			      ? a->in->format
			      : NULL,
		.policy_version = a->policy_version,
		.key_sha256 = BYTES_OF(a->key_sha256),
		.evidence_sha256 = BYTES_OF(a->evidence_sha256),
		.verdict = a->verdict };
}

/* What made keep refuse. */
struct kept {
	bool nonce_used, key_shared;
};

/* The nonce, the version and the record are one. */
static ERR_FN
keep(struct ctx *cx, const struct attempt *a, const struct attested *out,
    struct kept *kept)
{
	const struct proved_attempt proved = proved_by(a);
	const struct event ev = { .kind = "attestation.accepted",
		.manufacturer_id = a->whose.unit.manufacturer_id,
		.birth_id = a->whose.unit.birth_id,
		.device_id = a->whose.unit.device_id,
		.detail = arena_printf(cx->arena,
		    "%s: %s, secure boot %s, "
		    "software %s",
		    out->format, out->grade,
		    out->secure_boot == NULL ? "not said" : out->secure_boot,
		    out->sw_version == NULL ? "not said" : out->sw_version) };
	int64_t until = cx->now + NONCE_SECONDS + NONCE_KEPT_SECONDS;
	const struct err *e;
	bool fresh = true;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	/* A challenge is for one key and TPM, an exporter for one connection:
	 * they may be shown again (E1). */
	if (e == NULL && strcmp(a->in->format, "tpm") != 0 &&
	    a->in->nonce.n > 0)
		e = nonce_use(cx, a->basis.nonce, until, &fresh);
	kept->nonce_used = !fresh;
	if (e == NULL && !fresh)
		e = fail(cx, &ERR_BAD_EVIDENCE, "%s: the nonce was used",
		    a->in->format);
	if (e == NULL)
		e = whose_let_in(
		    cx, &a->whose, &a->verdict->facts, &kept->key_shared);
	if (e == NULL)
		e = remember_sw(cx, a);
	if (e == NULL && a->verdict->n_path > 0)
		e = remember_anchor(cx, a);
	if (e == NULL)
		e = proved_accepted(cx, &proved);
	if (e == NULL)
		e = event_add(cx, &ev);
	if (e == NULL)
		e = tx_commit(&tx);
	if (e == NULL)
		metrics_verdict(cx, out->format, "accepted");
	return e;
}

static struct attested
attested_of(const char *format, const struct verdict *v)
{
	return (struct attested){
		.format = format,
		.grade = grade_name(v->grade),
		.sw_version = v->facts.sw_version,
		.secure_boot = v->facts.secure_boot == KNOWN_YES  ? "on"
			       : v->facts.secure_boot == KNOWN_NO ? "off"
								  : NULL,
		.debug = debug_name(v->facts.debug),
	};
}

/* What the unit proved for this key before, under what is asked now (E1). */
static ERR_FN
judge_again(struct ctx *cx, struct attempt *a, struct attested *out)
{
	const char *format;
	const struct err *e = proved_again(
	    cx, a->whose.unit.birth_id, a->key_sha256, a->verdict, &format);

	if (e == NULL)
		*out = attested_of(format, a->verdict);
	return e;
}

static ERR_FN
judge_new(
    struct ctx *cx, struct attempt *a, struct attested *out, struct kept *kept)
{
	struct verdict *v = a->verdict;
	const struct err *e;

	e = set_basis(cx, a);
	if (e != NULL)
		return e;
	if (attest_judge(cx, a->in->format, a->in->evidence, &a->basis, v) !=
	    NULL)
		return &ERR_BAD_EVIDENCE;
	e = listed_judge(
	    cx, a->whose.unit.manufacturer_id, a->policy.crl_required, v);
	if (e == NULL)
		e = check_verdict(cx, a, v);
	if (e != NULL)
		return e;
	*out = attested_of(a->in->format, v);
	return keep(cx, a, out, kept);
}

/* Evidence, once.  What a request repeats that is sent again was judged, and
 * its nonce is used up: it proves what it did then, and nothing new. */
static ERR_FN
judge(struct ctx *cx, struct attempt *a, struct attested *out)
{
	const struct proved_attempt proved = proved_by(a);
	int64_t since = a->in->repeats_since;
	struct kept kept = { false, false };
	bool repeats;
	const struct err *e = proved_repeats(cx, &proved, since, &repeats);

	if (e != NULL)
		return e;
	if (repeats)
		return judge_again(cx, a, out);
	e = judge_new(cx, a, out, &kept);
	if (e != &ERR_BAD_EVIDENCE)
		return e;
	if (kept.key_shared)
		return whose_shared_key(cx, &a->whose.unit, &a->verdict->facts);
	/* By the same request, which overtook this one. */
	if (kept.nonce_used &&
	    proved_repeats(cx, &proved, since, &repeats) == NULL && repeats)
		return judge_again(cx, a, out);
	return e;
}

/* What a handle says, if it is for this unit, key and purpose.  Under another
 * policy than it was judged by, what was proved for it is judged again. */
static ERR_FN
judge_handle(struct ctx *cx, struct attempt *a, struct attested *out)
{
	const struct attestation_in *in = a->in;
	uint8_t key[SHA256_BYTES];
	struct bytes sealed;
	const struct err *e;
	struct handle h;

	if (!bytes_from_b64u(cx->arena, bytes_str(in->handle), &sealed))
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "the handle is not base64url");
	e = handle_open(cx, cx->svc->mac, cx->svc->set.issuer, sealed, &h);
	if (e == NULL)
		e = evidence_unit(cx, a->whose.unit.birth_id, &a->whose.listed);
	if (e != NULL)
		return e;
	digest_sha256(in->key, key);
	/* Its key is whose request this is, or nobody's. */
	if (h.birth_id != a->whose.unit.birth_id)
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "the handle is of another unit");
	if (!bytes_eq(BYTES_OF(h.key_sha256), BYTES_OF(key)))
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "the handle is for another key");
	if (h.purpose != in->purpose)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "the handle is for another purpose: %s",
		    h.purpose == HANDLE_ENROLL ? "enroll" : "renew");
	if (!bytes_eq(BYTES_OF(h.policy_sha256), BYTES_OF(a->policy_sha256)))
		return judge_again(cx, a, out);
	*out = (struct attested){ h.format, h.grade, h.sw_version,
		h.secure_boot, h.debug };
	return NULL;
}

const struct err *
attestation_refuse(struct ctx *cx, const struct unit *unit)
{
	struct verdict *v = arena_alloc(cx->arena, sizeof(*v));
	const struct proved_attempt refused = { .unit = unit, .verdict = v };

	verdict_init(v);
	return proved_refused(cx, &refused, &ERR_BAD_EVIDENCE);
}

/* Judges what came, or that nothing did. */
static ERR_FN
judge_any(struct ctx *cx, struct attempt *a, struct attested *out)
{
	const struct attestation_in *in = a->in;
	struct proved_attempt refused;
	const struct err *e;

	*out = (struct attested){ .format = NULL };
	e = read_policy(cx, a);
	if (e != NULL)
		return e;
	if (in->handle != NULL && in->format != NULL)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "evidence beside the handle of evidence");
	else if (in->handle != NULL)
		e = judge_handle(cx, a, out);
	else if (in->format != NULL)
		e = judge(cx, a, out);
	else if (a->asked)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "model %s asks for evidence, and none came",
		    a->whose.unit.model_id);
	if (e != &ERR_BAD_EVIDENCE)
		return e;
	refused = proved_by(a);
	return proved_refused(cx, &refused, e);
}

static struct attempt *
attempt_new(struct ctx *cx, struct arena *scratch, const struct unit *unit,
    const struct attestation_in *in)
{
	struct attempt *a = arena_alloc(cx->arena, sizeof(*a));

	*a = (struct attempt){ .whose = { .format = in->format, .unit = *unit },
		.in = in,
		.scratch = scratch };
	a->verdict = arena_alloc(cx->arena, sizeof(*a->verdict));
	verdict_init(a->verdict);
	digest_sha256(in->key, a->key_sha256);
	digest_sha256(in->evidence, a->evidence_sha256);
	return a;
}

const struct err *
attestation_judge(struct ctx *cx, const struct unit *unit,
    const struct attestation_in *in, struct attested *out)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);

	return judge_any(cx, attempt_new(cx, scratch, unit, in), out);
}

const struct err *
attestation_seal(struct ctx *cx, const struct unit *unit,
    const struct attestation_in *in, struct attestation_out *out)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);
	struct attempt *a = attempt_new(cx, scratch, unit, in);
	struct attested attested;
	const struct err *e;
	struct handle h;

	e = judge_any(cx, a, &attested);
	if (e != NULL)
		return e;
	h = (struct handle){ .purpose = in->purpose,
		.ends_at = cx->now + HANDLE_SECONDS,
		.birth_id = a->whose.unit.birth_id,
		.format = attested.format,
		.grade = attested.grade,
		.sw_version = attested.sw_version,
		.secure_boot = attested.secure_boot,
		.debug = attested.debug };
	digest_sha256(in->key, h.key_sha256);
	memcpy(h.policy_sha256, a->policy_sha256, sizeof(h.policy_sha256));
	out->grade = attested.grade;
	out->expires_in = HANDLE_SECONDS;
	return handle_seal(
	    cx, cx->svc->mac, cx->svc->set.issuer, &h, &out->attestation);
}
