#include "domain/attestation.h"

#include "attest/attest.h"
#include "attest/nonce.h"
#include "attest/policy_json.h"
#include "attest/tpm.h"
#include "base/arena.h"
#include "codec/policy.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/evidence.h"

#define EXPORTER_BYTES 32     /* RFC 9266 section 3 */
#define CRL_BYTES (384 * KIB) /* of a maker, beside the request's own */
#define NONCE_KEPT_SECONDS 60 /* after it has ended */

/* One attempt. */
struct attempt {
	const struct unit *unit;
	const struct attestation_in *in;
	struct evidence_unit listed;
	struct attest_policy policy;
	bool asked; /* by the policy */
	struct attest_anchor anchor[LIMIT_ANCHORS + LIMIT_CRLS];
	struct attest_basis basis;
};

void
attestation_nonce(struct ctx *cx, struct attestation_nonce *out)
{
	out->nonce = nonce_make(cx, cx->svc->mac, cx->svc->set.issuer);
	out->expires_in = NONCE_SECONDS;
}

/* What the model asks of evidence; a policy that says nothing of it asks for
 * none. */
static ERR_FN
read_policy(struct ctx *cx, struct attempt *a)
{
	struct policy policy;
	const struct err *e = policy_parse(cx, a->unit->model_policy, &policy);

	if (e != NULL || policy.evidence == NULL)
		return e;
	a->asked = true;
	return policy_json_read(cx, bytes_str(policy.evidence), &a->policy);
}

static enum anchor_kind
kind_of(const char *name)
{
	if (strcmp(name, "public_key") == 0)
		return ANCHOR_PUBLIC_KEY;
	if (strcmp(name, "declaration") == 0)
		return ANCHOR_DECLARATION;
	return strcmp(name, "crl_signer") == 0 ? ANCHOR_CRL_SIGNER
					       : ANCHOR_CERTIFICATE;
}

/* The maker's anchors and lists. */
static ERR_FN
read_anchors(struct ctx *cx, struct attempt *a)
{
	struct evidence_anchor of[LIMIT_ANCHORS];
	struct evidence_crls crls;
	const struct err *e;
	size_t i, n = 0;

	e = evidence_anchors(cx, a->unit->manufacturer_id, of, &n);
	if (e == NULL)
		e = evidence_crls(
		    cx, a->unit->manufacturer_id, CRL_BYTES, &crls);
	if (e != NULL)
		return e;
	/* What cannot be asked is never taken for good. */
	if (!crls.fit)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "the maker's revocation lists are too many or too long "
		    "to be asked about evidence");
	for (i = 0; i < n; i++)
		a->anchor[i] = (struct attest_anchor){
			.kind = kind_of(of[i].kind),
			.value = of[i].value,
			.id = of[i].key_id,
			.scope_spki_sha256 = of[i].scope_spki_sha256,
			.scope_vid = (uint16_t)of[i].vendor_id,
		};
	for (i = 0; i < crls.n; i++)
		a->anchor[n++] = (struct attest_anchor){ .kind = ANCHOR_CRL,
			.value = crls.der[i] };
	a->basis.n_anchors = n;
	return NULL;
}

/* A TPM answers to the challenge that it opened, all else to a nonce. */
static ERR_FN
read_nonce(struct ctx *cx, struct attempt *a)
{
	struct tpm_evidence ev;
	const struct err *e;

	if (strcmp(a->in->format, "tpm") != 0) {
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
		.key_spki = in->key,
		.exporter =
		    in->binding.n == EXPORTER_BYTES ? in->binding : BYTES_NONE,
		.issuer = cx->svc->set.issuer,
		.mac = cx->svc->mac,
	};
	e = read_nonce(cx, a);
	if (e == NULL)
		e = evidence_unit(cx, a->unit->birth_id, &a->listed);
	if (e == NULL)
		e = read_anchors(cx, a);
	a->basis.earlier_sw = a->listed.sw_version;
	return e;
}

/* Whether both say it, and the same; *other is set if they differ. */
static bool
is_same(struct bytes said, struct bytes listed, bool *other)
{
	bool same = bytes_eq(said, listed);

	if (said.n == 0 || listed.n == 0)
		return false;
	*other = *other || !same;
	return same;
}

static struct bytes
text(const char *s)
{
	return s == NULL ? BYTES_NONE : bytes_str(s);
}

/* Evidence is for the unit whose birth key was proved, and no other: by one
 * name at least that its maker listed it by, and against none (A11). */
static ERR_FN
check_unit(struct ctx *cx, const struct attempt *a, const struct facts *f)
{
	const struct evidence_unit *l = &a->listed;
	bool other = false, named;

	named = is_same(text(f->serial), text(a->unit->serial), &other);
	named = is_same(f->ueid, l->ueid, &other) || named;
	named = is_same(f->ek_sha256, l->ek_sha256, &other) || named;
	named =
	    is_same(text(f->subject), text(l->dac_subject), &other) || named;
	if (other)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "%s: the evidence is of another unit", a->in->format);
	return named ? NULL
		     : fail(cx, &ERR_BAD_EVIDENCE,
			   "%s: the evidence does not say which unit it is "
			   "of, or by no name that its maker listed",
			   a->in->format);
}

/* The verdict is good enough for anything at all. */
static ERR_FN
check_verdict(struct ctx *cx, const struct attempt *a, const struct verdict *v)
{
	const struct finding *found = verdict_refusal(v);

	if (!v->accepted)
		return fail(cx, &ERR_BAD_EVIDENCE, "%s: %s: %s", a->in->format,
		    found->code, found->words);
	if (v->grade == GRADE_NONE)
		return fail(cx, &ERR_BAD_EVIDENCE, "%s: proves nothing: %s",
		    a->in->format,
		    v->n_findings > 0 ? v->finding[0].words : "no finding");
	return check_unit(cx, a, &v->facts);
}

/* The newest software that the unit has shown, where its version can be
 * compared at all. */
static ERR_FN
remember_sw(struct ctx *cx, const struct attempt *a, const struct facts *f)
{
	const char *earlier = a->listed.sw_version;
	int64_t scheme = policy_sw_scheme(&a->policy, f);
	const struct err *e;
	bool done = true;

	if (f->sw_version == NULL ||
	    !version_at_least(scheme, f->sw_version, f->sw_version) ||
	    (earlier != NULL &&
		version_at_least(scheme, earlier, f->sw_version)))
		return NULL;
	e = sw_version_set(
	    cx, a->unit->birth_id, earlier, f->sw_version, &done);
	if (e == NULL && !done)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "other evidence of the unit came at the same time");
	return e;
}

/* The nonce, the version and the record are one. */
static ERR_FN
keep(struct ctx *cx, const struct attempt *a, const struct verdict *v,
    const struct attested *out)
{
	const struct event ev = { .kind = "attestation.accepted",
		.manufacturer_id = a->unit->manufacturer_id,
		.birth_id = a->unit->birth_id,
		.device_id = a->unit->device_id,
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
	/* A challenge is for one key and TPM, and may be shown again (E1). */
	if (e == NULL && strcmp(a->in->format, "tpm") != 0)
		e = nonce_use(cx, a->basis.nonce, until, &fresh);
	if (e == NULL && !fresh)
		e = fail(cx, &ERR_BAD_EVIDENCE, "%s: the nonce was used",
		    a->in->format);
	if (e == NULL)
		e = remember_sw(cx, a, &v->facts);
	if (e == NULL)
		e = event_add(cx, &ev);
	return e != NULL ? e : tx_commit(&tx);
}

static ERR_FN
judge(struct ctx *cx, struct attempt *a, struct attested *out)
{
	const struct err *e;
	struct verdict v;

	e = set_basis(cx, a);
	if (e != NULL)
		return e;
	if (attest_judge(cx, a->in->format, a->in->evidence, &a->basis, &v) !=
	    NULL)
		return &ERR_BAD_EVIDENCE;
	e = check_verdict(cx, a, &v);
	if (e != NULL)
		return e;
	*out = (struct attested){
		.format = a->in->format,
		.grade = grade_name(v.grade),
		.sw_version = v.facts.sw_version,
		.secure_boot = v.facts.secure_boot == KNOWN_YES  ? "on"
			       : v.facts.secure_boot == KNOWN_NO ? "off"
								 : NULL,
		.debug = debug_name(v.facts.debug),
	};
	return keep(cx, a, &v, out);
}

/* A refusal with its record; should that fail, the sender is told to try
 * again, since the record is owed. */
static ERR_FN
refuse(struct ctx *cx, const struct unit *unit)
{
	const struct err *e =
	    event_add(cx, &(struct event){ .kind = "attestation.refused",
			      .manufacturer_id = unit->manufacturer_id,
			      .birth_id = unit->birth_id,
			      .device_id = unit->device_id,
			      .code = ERR_BAD_EVIDENCE.code,
			      .detail = cx->reason });

	return e != NULL ? e : &ERR_BAD_EVIDENCE;
}

const struct err *
attestation_judge(struct ctx *cx, const struct unit *unit,
    const struct attestation_in *in, struct attested *out)
{
	struct attempt *a = arena_alloc(cx->arena, sizeof(*a));
	const struct err *e;

	*out = (struct attested){ .format = NULL };
	*a = (struct attempt){ .unit = unit, .in = in };
	e = read_policy(cx, a);
	if (e != NULL)
		return e;
	if (in->format != NULL)
		e = judge(cx, a, out);
	else if (a->asked)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "model %s asks for evidence, and none came",
		    unit->model_id);
	return e == &ERR_BAD_EVIDENCE ? refuse(cx, unit) : e;
}

const struct err *
attestation_none(struct ctx *cx, const struct unit *unit)
{
	const struct attestation_in nothing = { .format = NULL };
	struct attested none;

	return attestation_judge(cx, unit, &nothing, &none);
}
