#include "domain/trusted.h"

#include "attest/chain_judge.h"
#include "attest/fmt_x509.h"
#include "attest/policy_json.h"
#include "base/arena.h"
#include "domain/listed.h"
#include "domain/trust.h"
#include "store/evidence.h"
#include "store/policy.h"

const struct err ERR_LISTS = { KIND_FORBIDDEN, "crls",
	"The maker's revocation lists do not let the unit in." };

static enum anchor_kind
kind_of(const char *name)
{
	if (strcmp(name, "public_key") == 0)
		return ANCHOR_PUBLIC_KEY;
	if (strcmp(name, "secret") == 0)
		return ANCHOR_SECRET_KEY;
	if (strcmp(name, "declaration") == 0)
		return ANCHOR_DECLARATION;
	return strcmp(name, "crl_signer") == 0 ? ANCHOR_CRL_SIGNER
					       : ANCHOR_CERTIFICATE;
}

const struct err *
trusted_read(struct ctx *cx, const char *manufacturer_id,
    struct attest_anchor out[LIMIT_ANCHORS], size_t *n)
{
	struct evidence_anchor of[LIMIT_ANCHORS];
	const struct err *e = evidence_anchors(cx, manufacturer_id, of, n);
	size_t i;

	for (i = 0; e == NULL && i < *n; i++) {
		out[i] = (struct attest_anchor){
			.kind = kind_of(of[i].kind),
			.value = of[i].value,
			.id = of[i].key_id,
			.scope_spki_sha256 = of[i].scope_spki_sha256,
			.scope_vid = (uint16_t)of[i].vendor_id,
			.in_hardware = of[i].in_hardware,
		};
		if (out[i].kind == ANCHOR_SECRET_KEY)
			e = trust_open_secret(
			    cx, manufacturer_id, of[i].value, &out[i].value);
	}
	return e;
}

/* The chain was verified before: only what lists say of it is new. */
static ERR_FN
judge(struct ctx *cx, const char *manufacturer_id,
    const struct attest_policy *policy, const struct idevid *id)
{
	struct attest_anchor *anchor =
	    arena_alloc(cx->arena, LIMIT_ANCHORS * sizeof(*anchor));
	struct attest_basis basis = {
		.anchor = anchor, .policy = policy, .lists_elsewhere = true
	};
	const struct err *e;
	struct verdict v;

	e = trusted_read(cx, manufacturer_id, anchor, &basis.n_anchors);
	if (e != NULL)
		return e;
	verdict_init(&v);
	chain_judge(cx, id->chain, id->n, &basis, &v);
	e = listed_judge(cx, manufacturer_id, policy->crl_required, &v);
	if (e != NULL)
		return e;
	return v.accepted
		   ? NULL
		   : fail(cx, &ERR_LISTS, "birth chain: %s: %s",
			 verdict_refusal(&v)->code, verdict_refusal(&v)->words);
}

const struct err *
trusted_check_lists(struct ctx *cx, const char *manufacturer_id,
    const char *model_id, const struct idevid *id)
{
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_POLICY_ARENA);
	struct attest_policy *asks = arena_alloc(cx->arena, sizeof(*asks));
	struct ctx wide = *cx;
	const char *evidence;
	const struct err *e;
	int64_t version;

	wide.arena = scratch;
	e = policy_evidence(&wide, model_id, 0, &evidence, &version);
	if (e == NULL && evidence != NULL)
		e = policy_json_read(&wide, bytes_str(evidence), asks);
	if (e != NULL || !asks->crl_required)
		return e;
	return judge(cx, manufacturer_id, asks, id);
}
