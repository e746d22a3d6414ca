#include "attest/fmt_tpm.h"

#include "attest/tpm.h"
#include "attest/tpm_challenge.h"
#include "attest/tpm_quote.h"
#include "base/arena.h"

/* The key that TLS will use: of this TPM, and not of a kind that TLS cannot
 * use. */
#define KEY_SET \
	(TPM_FIXED_TPM | TPM_FIXED_PARENT | TPM_SENSITIVE_ORIGIN | TPM_SIGN)

static const struct err *
parse(struct ctx *cx, struct bytes evidence, void **out)
{
	*out = arena_alloc(cx->arena, sizeof(struct tpm_evidence));
	return tpm_evidence_read(cx, evidence, *out);
}

/* Which TPM it is, as its certificate says. */
static void
set_identity(struct ctx *cx, const struct tpm_evidence *ev, struct facts *f)
{
	const struct ek_cert *ek = &ev->ek_cert;

	f->ek_sha256 = bytes_dup(cx->arena, BYTES_OF(ek->key_sha256));
	f->oem = bytes_dup(cx->arena, BYTES_OF(ek->manufacturer));
	f->model = ek->model;
	f->hw_version = ek->version;
}

static bool
judge_freshness(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	if (ev->quote.raw.n > 0)
		return tpm_quote_judge(cx, ev, basis, v);
	if (basis->nonce.n > 0 || basis->policy->n_pcrs > 0) {
		verdict_refuse(cx, v, LAYER_FRESHNESS, "no-quote",
		    "There is no quote, and so no answer to our nonce.");
		return false;
	}
	return true;
}

/* The name that the AK certified is that of the key, by its public area. */
static bool
judge_certify(struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v)
{
	if (!tpm_signed_by(&ev->ak, &ev->certify)) {
		verdict_refuse(cx, v, LAYER_SIGNATURE, "certify-signature",
		    "The attestation key did not sign that the device's key "
		    "is in its TPM.");
		return false;
	}
	if (!bytes_eq(ev->certify.attest.name, ev->key.name)) {
		verdict_refuse(cx, v, LAYER_BINDING, "certify-name",
		    "The attestation key vouches for another key.");
		return false;
	}
	if ((ev->key.pub.attributes & (KEY_SET | TPM_RESTRICTED)) != KEY_SET) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "key-attributes",
		    "The device's key may leave its TPM, or cannot sign for "
		    "TLS (attributes %08x).",
		    ev->key.pub.attributes);
		return false;
	}
	return true;
}

static bool
judge_key(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	if (ev->certify.raw.n > 0) {
		if (!judge_certify(cx, ev, v))
			return false;
		v->facts.key_spki = ev->key.spki;
	}
	if (basis->key_spki.n == 0 ||
	    bytes_eq(v->facts.key_spki, basis->key_spki))
		return true;
	verdict_refuse(cx, v, LAYER_BINDING, "key-not-certified",
	    "The key to be certified is not one that this TPM vouches for.");
	return false;
}

static void
verify(struct ctx *cx, const void *parsed, const struct attest_basis *basis,
    struct verdict *out)
{
	static const struct finding unchecked = { LAYER_BINDING,
		FINDING_WARNING, false, "activation-unchecked",
		"Whether the attestation key is in the TPM of the endorsement "
		"key was not checked: that takes the service's own "
		"challenge." };
	const struct tpm_evidence *ev = parsed;

	if (!tpm_judge_keys(cx, ev, basis, out))
		return;
	set_identity(cx, ev, &out->facts);
	if (basis->mac != NULL && !tpm_challenge_judge(cx, ev, basis, out))
		return;
	if (ev->creation.raw.n > 0 && !tpm_judge_creation(cx, ev, out))
		return;
	if (!judge_freshness(cx, ev, basis, out) ||
	    !judge_key(cx, ev, basis, out))
		return;
	if (basis->mac != NULL)
		out->grade = GRADE_HARDWARE;
	else
		verdict_add(out, &unchecked);
	policy_apply(cx, basis->policy, basis->earlier_sw, out);
}

const struct attest_format fmt_tpm = { "tpm", parse, verify };
