#include "attest/chain_judge.h"

#include "pki/device_names.h"
#include "pki/digest.h"
#include "pki/dn.h"
#include "pki/path.h"

/* clientAuth (RFC 5280 section 4.2.1.12). */
static const uint8_t EKU_CLIENT[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03,
	0x02 };

/* tcg-kp-EKCertificate (TCG EK Credential Profile 2.5, section 3.2.16). */
static const uint8_t EKU_EK[] = { 0x67, 0x81, 0x05, 0x08, 0x01 };

/* What the chain is judged with, beside one anchor. */
struct material {
	struct bytes pool[LIMIT_PATH_POOL], crl[LIMIT_CRLS];
	size_t n_pool, n_crls;
	struct path_rules rules;
};

/* Whether a list comes from an issuer in the pool, or above it. */
static bool
concerns(struct ctx *cx, const struct material *m, struct bytes list)
{
	struct path_cert c;
	struct bytes issuer;
	size_t i;

	if (!crl_issuer(list, &issuer))
		return false;
	for (i = 0; i < m->n_pool; i++)
		if (path_cert_parse(cx, m->pool[i], &c) == NULL &&
		    (dn_same(issuer, c.issuer_dn) ||
			dn_same(issuer, c.subject_dn)))
			return true;
	return false;
}

static void
gather(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct material *m)
{
	size_t i;

	*m = (struct material){ .n_pool = 0 };
	for (i = 0; i < n; i++)
		m->pool[m->n_pool++] = chain[i];
	for (i = 0; i < basis->n_anchors && m->n_pool < LIMIT_PATH_POOL; i++)
		if (basis->anchor[i].kind == ANCHOR_CRL_SIGNER)
			m->pool[m->n_pool++] = basis->anchor[i].value;
	for (i = 0; i < basis->n_anchors && m->n_crls < LIMIT_CRLS; i++)
		if (basis->anchor[i].kind == ANCHOR_CRL &&
		    concerns(cx, m, basis->anchor[i].value))
			m->crl[m->n_crls++] = basis->anchor[i].value;
	m->rules = (struct path_rules){ .anchor_rules = true,
		.anchor_is_ca = true,
		.anchor_expires = true,
		.crl = basis->policy->crl_required ? PATH_CRL_NEEDED
						   : PATH_CRL_KNOWN };
}

/* A11: a CA of the path below the anchor has the key of the scope. */
static const struct err *
judge_scope(struct ctx *cx, const struct path *path, struct bytes scope)
{
	uint8_t hash[SHA256_BYTES];
	size_t i;

	if (scope.n == 0)
		return NULL;
	for (i = 1; i + 1 < path->n; i++) {
		digest_sha256(path->cert[i]->spki, hash);
		if (bytes_eq(BYTES_OF(hash), scope))
			return NULL;
	}
	return fail(cx, &ERR_CHAIN_SCOPE,
	    "chain: not through the anchor's intermediate (A11)");
}

static const struct err *
judge_under(
    struct ctx *cx, const struct material *m, const struct attest_anchor *a)
{
	const struct path_anchor anchor = { .der = a->value, .issues = true };
	const struct path_input in = { .leaf = m->pool[0],
		.anchor = &anchor,
		.n_anchors = 1,
		.pool = m->pool + 1,
		.n_pool = m->n_pool - 1,
		.crl = m->crl,
		.n_crls = m->n_crls };
	const struct err *e;
	struct path path;

	e = path_validate(cx, &in, &m->rules, &path);
	return e != NULL ? e : judge_scope(cx, &path, a->scope_spki_sha256);
}

static void
refuse(struct verdict *v, const struct err *e)
{
	bool revocation = e == &ERR_PATH_REVOKED || e == &ERR_PATH_NO_CRL ||
			  e == &ERR_BAD_CRL;
	struct finding found = {
		.layer = revocation ? LAYER_REVOCATION : LAYER_CHAIN,
		.severity = FINDING_REFUSAL,
		.elsewhere = revocation,
		.code = e->code,
		.words = e->title,
	};

	verdict_add(v, &found);
}

static void
judge(struct ctx *cx, const struct material *m,
    const struct attest_basis *basis, struct verdict *v)
{
	const struct err *e, *worst = NULL;
	size_t i;

	for (i = 0; i < basis->n_anchors; i++) {
		if (basis->anchor[i].kind != ANCHOR_CERTIFICATE)
			continue;
		e = judge_under(cx, m, &basis->anchor[i]);
		if (e == NULL)
			return;
		/* Another anchor's refusal says less than one of a path. */
		if (worst == NULL || worst == &ERR_CHAIN_UNTRUSTED)
			worst = e;
	}
	refuse(v, worst == NULL ? &ERR_CHAIN_UNTRUSTED : worst);
}

void
chain_judge(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct verdict *v)
{
	struct material m;

	gather(cx, chain, n, basis, &m);
	m.rules.purpose = BYTES_OF(EKU_CLIENT);
	m.rules.key_usage = USAGE_SIGNATURE;
	judge(cx, &m, basis, v);
}

void
chain_judge_ek(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct verdict *v)
{
	struct material m;

	gather(cx, chain, n, basis, &m);
	m.rules.purpose = BYTES_OF(EKU_EK);
	judge(cx, &m, basis, v);
}

enum grade
chain_judge_grade(struct ctx *cx, struct bytes leaf)
{
	struct path_cert c;

	if (path_cert_parse(cx, leaf, &c) != NULL)
		return GRADE_NONE;
	return device_key_in_hardware(&c) ? GRADE_HARDWARE : GRADE_SOFTWARE;
}
