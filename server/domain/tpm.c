#include "domain/tpm.h"

#include "attest/tpm_challenge.h"
#include "base/arena.h"
#include "domain/attested.h"
#include "domain/listed.h"
#include "domain/proved.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "store/birth_ek.h"

/* One attempt. */
struct attempt {
	struct tpm_evidence ev;
	struct birth_ek unit;
	struct attest_anchor anchor[LIMIT_ANCHORS];
	struct attest_policy policy;
	struct attest_basis basis;
	struct verdict *verdict;
};

/* On record with what was found: as far as the unit is known, under the key
 * that is to be certified. */
static ERR_FN
record(struct ctx *cx, const struct tpm_in *in, const struct attempt *a,
    const struct err *refusal)
{
	const struct unit unit = { .birth_id = a->unit.birth_id,
		.manufacturer_id = a->unit.manufacturer_id,
		.model_id = a->unit.model_id,
		.device_id = a->unit.device_id };
	uint8_t key[SHA256_BYTES];
	const struct proved_attempt attempt = { .unit = &unit,
		.format = "tpm",
		.key_sha256 = BYTES_OF(key),
		.verdict = a->verdict };

	digest_sha256(in->key, key);
	return refusal == NULL ? proved_attempted(cx, &attempt)
			       : proved_refused(cx, &attempt, refusal);
}

/* The verdict's first refusal, if there is one. */
static ERR_FN
refused_by(struct ctx *cx, const struct verdict *v)
{
	const struct finding *found = verdict_refusal(v);

	return v->accepted ? NULL
			   : fail(cx, &ERR_BAD_EVIDENCE, "tpm: %s: %s",
				 found->code, found->words);
}

/* What the verdict may depend on: the maker's anchors, this service, the
 * key. */
static void
set_basis(struct ctx *cx, const struct tpm_in *in, struct attempt *a)
{
	size_t i;

	for (i = 0; i < a->unit.n_anchors; i++)
		a->anchor[i] = (struct attest_anchor){
			.kind = ANCHOR_CERTIFICATE,
			.value = a->unit.anchor[i],
			.scope_spki_sha256 = a->unit.scope_spki_sha256[i],
		};
	a->basis = (struct attest_basis){
		.anchor = a->anchor,
		.n_anchors = a->unit.n_anchors,
		.known = cx->svc->anchors,
		.policy = &a->policy,
		.nonce = a->ev.challenge,
		.key_spki = in->key,
		.issuer = cx->svc->set.issuer,
		.mac = cx->svc->mac,
	};
}

static ERR_FN
check_unit(struct ctx *cx, const struct attempt *a)
{
	const char *revoked = NULL;
	const struct err *e;

	if (a->unit.birth_id == 0)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "no unit is listed with this endorsement key");
	if (!a->unit.model_active || a->unit.refused || a->unit.frozen)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "the unit is revoked, lost or decommissioned, its model "
		    "is retired, or it is new and its maker frozen");
	e = listed_first(
	    cx, a->unit.manufacturer_id, a->ev.chain, a->ev.n_chain, &revoked);
	if (e == NULL && revoked != NULL)
		e = fail(cx, &ERR_BAD_EVIDENCE,
		    "certificate %s was revoked by its maker", revoked);
	return e;
}

/* Reads the evidence and finds the unit that it is about. */
static ERR_FN
begin(struct ctx *cx, const struct tpm_in *in, struct attempt *a)
{
	struct key_facts key;
	const struct err *e;

	*a = (struct attempt){ .unit = { .birth_id = 0 },
		.verdict = arena_alloc(cx->arena, sizeof(*a->verdict)) };
	verdict_init(a->verdict);
	e = key_parse_spki(cx, in->key, &key);
	if (e != NULL)
		return e;
	if (tpm_evidence_read(cx, in->evidence, &a->ev) != NULL)
		return &ERR_BAD_EVIDENCE;
	e = birth_ek_get(cx, a->ev.ek_cert.key_sha256, &a->unit);
	if (e == NULL)
		e = check_unit(cx, a);
	if (e == NULL)
		set_basis(cx, in, a);
	return e;
}

const struct err *
tpm_challenge(struct ctx *cx, const struct tpm_in *in, struct tpm_out *out)
{
	struct tpm_challenge made;
	const struct err *e;
	struct attempt a;

	e = begin(cx, in, &a);
	if (e == NULL) {
		(void)tpm_judge_keys(cx, &a.ev, &a.basis, a.verdict);
		e = refused_by(cx, a.verdict);
	}
	if (e == &ERR_BAD_EVIDENCE)
		return record(cx, in, &a, e);
	if (e == NULL)
		e = tpm_challenge_make(cx, &a.basis, &a.ev, &made);
	if (e == NULL)
		e = record(cx, in, &a, NULL);
	if (e != NULL)
		return e;
	*out = (struct tpm_out){ made.handle, made.credential_blob,
		made.encrypted_secret, TPM_CHALLENGE_SECONDS };
	return NULL;
}

const struct err *
tpm_proof(struct ctx *cx, const struct tpm_in *in, struct attestation_out *out)
{
	const struct attestation_in evidence = { .format = "tpm",
		.evidence = in->evidence,
		.key = in->key,
		.purpose = HANDLE_ENROLL };
	const struct err *e;
	struct attempt a;
	struct unit unit;

	e = begin(cx, in, &a);
	if (e == &ERR_BAD_EVIDENCE)
		return record(cx, in, &a, e);
	if (e == NULL)
		e = attested_by_id(cx, a.unit.birth_id, &unit);
	return e != NULL ? e : attestation_seal(cx, &unit, &evidence, out);
}
