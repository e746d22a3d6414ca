#include "attest/matter_judge.h"

#include "base/arena.h"
#include "pki/matter_crl.h"

/* The lists among the anchors.  One that cannot be read is the operator's to
 * replace; whether its absence refuses is the policy's. */
static struct matter_lists *
read_lists(struct matter_judge *j)
{
	struct matter_lists *l = arena_alloc(j->cx->arena, sizeof(*l));
	const struct err *e = NULL;
	size_t i;

	for (i = 0; i < j->basis->n_anchors; i++) {
		const struct attest_anchor *a = &j->basis->anchor[i];

		if (a->kind == ANCHOR_CRL)
			e = matter_lists_add(j->cx, l, a->value);
		else if (a->kind == ANCHOR_CRL_SIGNER)
			e = matter_lists_add_signer(j->cx, l, a->value);
		if (e != NULL)
			matter_note(j, FINDING_WARNING, LAYER_REVOCATION,
			    "crl-unreadable", j->cx->reason);
		e = NULL;
	}
	return l;
}

static bool
judge_answer(struct matter_judge *j, enum matter_revoked said, const char *code,
    const char *words)
{
	struct finding found = {
		.layer = LAYER_REVOCATION,
		.severity = FINDING_REFUSAL,
		.elsewhere = true,
		.code = code,
		.words = words,
	};

	if (said == MATTER_NOT_LISTED)
		return true;
	if (said == MATTER_NO_LIST) {
		found.code = "no-crl";
		found.words = "There is no current revocation list of a "
			      "certificate's issuer.";
		if (!j->basis->policy->crl_required)
			found.severity = FINDING_NOTE;
	}
	verdict_add(j->v, &found);
	return found.severity != FINDING_REFUSAL;
}

bool
matter_judge_revocation(struct matter_judge *j)
{
	const struct matter_cert *const ca[] = { &j->pai, &j->paa };
	const struct matter_lists *l;

	j->v->path[0] = j->dac.cert.der;
	j->v->path[1] = j->pai.cert.der;
	j->v->path[2] = j->paa.cert.der;
	j->v->n_path = 3;
	if (j->basis->lists_elsewhere)
		return true;
	l = read_lists(j);
	return judge_answer(j, matter_lists_ask(j->cx, l, &j->pai, ca + 1, 1),
		   "pai-revoked", "The maker's certificate is revoked.") &&
	       judge_answer(j, matter_lists_ask(j->cx, l, &j->dac, ca, 2),
		   "dac-revoked", "The device's certificate is revoked.");
}
