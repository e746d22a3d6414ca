#include "attest/fmt_matter.h"

#include "attest/matter_evidence.h"
#include "attest/matter_judge.h"
#include "base/arena.h"
#include "base/text.h"
#include "pki/csr.h"
#include "pki/key.h"

/* The DAC, its PAI and the anchor above, each by its profile and signed by
 * the next. */
static bool
judge_chain(struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;
	struct ctx *cx = j->cx;

	if (matter_cert_parse(cx, m->dac, MATTER_DAC, &j->dac) != NULL)
		return matter_refuse(j, LAYER_CHAIN, "dac-profile", cx->reason);
	if (matter_cert_parse(cx, m->pai, MATTER_PAI, &j->pai) != NULL)
		return matter_refuse(j, LAYER_CHAIN, "pai-profile", cx->reason);
	if (matter_cert_issued(cx, &j->dac, &j->pai) != NULL)
		return matter_refuse(j, LAYER_CHAIN, "dac-issuer", cx->reason);
	return matter_find_paa(j) && matter_judge_times(j) &&
	       matter_judge_vendors(j);
}

/* Whether the DAC signed the record and the challenge (section 11.18.4.7,
 * "attestation_tbs", and 11.18.4.9, "nocsr_tbs"). */
static bool
is_signed(const struct matter_judge *j, const struct matter_signed *s)
{
	const size_t n = s->record.n + MATTER_CHALLENGE;
	uint8_t *tbs = arena_alloc(j->cx->arena, n);

	memcpy(tbs, s->record.p, s->record.n);
	memcpy(tbs + s->record.n, j->basis->exporter.p, MATTER_CHALLENGE);
	return key_verify_es256(
	    j->cx, j->dac.cert.spki, (struct bytes){ tbs, n }, s->signature);
}

/* The records are worth nothing without the challenge of this connection:
 * a signature over another one may be anyone's, played back. */
static bool
judge_signatures(struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;

	j->elements = m->elements_signed.record.n > 0;
	j->nocsr = m->nocsr_signed.record.n > 0;
	if ((j->elements || j->nocsr) &&
	    j->basis->exporter.n < MATTER_CHALLENGE) {
		matter_note(j, FINDING_WARNING, LAYER_SIGNATURE, "no-challenge",
		    "The connection has no challenge, so what the device "
		    "signed cannot be verified.");
		j->elements = j->nocsr = false;
	}
	if (j->elements && !is_signed(j, &m->elements_signed))
		return matter_refuse(j, LAYER_SIGNATURE, "elements-signature",
		    "The device key did not sign these attestation elements "
		    "on this connection.");
	if (j->nocsr && !is_signed(j, &m->nocsr_signed))
		return matter_refuse(j, LAYER_SIGNATURE, "nocsr-signature",
		    "The device key did not sign this request for a "
		    "certificate on this connection.");
	return true;
}

static bool
judge_freshness(struct matter_judge *j)
{
	const struct bytes nonce = j->basis->nonce;

	if (nonce.n == 0)
		return true;
	if ((j->elements && !bytes_eq(j->evidence->elements.nonce, nonce)) ||
	    (j->nocsr && !bytes_eq(j->evidence->nocsr.nonce, nonce)))
		return matter_refuse(j, LAYER_FRESHNESS, "nonce-mismatch",
		    "The evidence is for another nonce than ours.");
	return true;
}

/* The key to be certified is that of the NOCSR elements (E2), whose request
 * is signed with it. */
static bool
judge_binding(struct matter_judge *j)
{
	struct csr csr;

	if (!j->nocsr)
		return true;
	if (csr_parse(j->cx, j->evidence->nocsr.csr, &csr) != NULL)
		return matter_refuse(
		    j, LAYER_BINDING, "nocsr-request", j->cx->reason);
	if (j->basis->key_spki.n > 0 && !bytes_eq(csr.spki, j->basis->key_spki))
		return matter_refuse(j, LAYER_BINDING, "key-mismatch",
		    "The evidence is for another key than the one to be "
		    "certified.");
	j->v->facts.key_spki = csr.spki;
	return true;
}

/* What was covered by a signature that verified. */
static bool
set_facts(struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;
	const struct cert *dac = &j->dac.cert;
	struct facts *f = &j->v->facts;
	uint16_t vid = m->has_cd ? m->cd.vid : j->dac.vid;
	const uint8_t oem[] = { (uint8_t)(vid >> 8), (uint8_t)vid };

	f->oem = bytes_dup(j->cx->arena, BYTES_OF(oem));
	if (!m->has_cd || !m->cd.has_origin)
		f->model = arena_printf(j->cx->arena, "%04x", j->dac.pid);
	else if (m->cd.n_pids == 1)
		f->model = arena_printf(j->cx->arena, "%04x", m->cd.pid[0]);
	f->subject = dac->subject;
	f->subject_sha256 =
	    bytes_dup(j->cx->arena, BYTES_OF(dac->subject_sha256));
	if (dac->subject_serial != NULL &&
	    text_is_serial(bytes_str(dac->subject_serial)))
		f->serial = dac->subject_serial;
	if (j->elements && m->elements.firmware.n > 0)
		f->measurement[f->n_measurements++] = (struct measurement){
			.type = "firmware-information",
			.value = m->elements.firmware,
		};
	return true;
}

/* Both records are needed (E2).  The certificate policy of Matter has every
 * certified product keep its device key in a protected place; of one that was
 * not certified nothing is known. */
static bool
set_grade(struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;

	if (!j->elements || !j->nocsr) {
		matter_note(j, FINDING_NOTE, LAYER_BINDING, "not-bound",
		    "Without attestation elements and NOCSR elements signed "
		    "on this connection, who holds the device key is not "
		    "known.");
		return true;
	}
	j->v->grade = m->has_cd && m->cd.type == MATTER_CD_OFFICIAL
			  ? GRADE_HARDWARE
			  : GRADE_SOFTWARE;
	return true;
}

static void
verify(struct ctx *cx, const void *parsed, const struct attest_basis *basis,
    struct verdict *out)
{
	static bool (*const steps[])(struct matter_judge *) = {
		judge_chain,
		judge_signatures,
		matter_judge_declaration,
		set_facts,
		judge_freshness,
		judge_binding,
		matter_judge_revocation,
		matter_judge_product,
		set_grade,
	};
	struct matter_judge j = {
		.cx = cx, .evidence = parsed, .basis = basis, .v = out
	};
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!steps[i](&j))
			return;
	policy_apply(cx, basis->policy, basis->earlier_sw, out);
}

const struct attest_format fmt_matter = {
	"matter",
	matter_evidence_parse,
	verify,
};
