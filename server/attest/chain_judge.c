#include "attest/chain_judge.h"

#include "base/arena.h"
#include "pki/device_names.h"
#include "pki/dn.h"
#include "pki/path.h"

/* clientAuth (RFC 5280 section 4.2.1.12). */
static const uint8_t EKU_CLIENT[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03,
	0x02 };

/* tcg-kp-EKCertificate (TCG EK Credential Profile 2.5, section 3.2.16). */
static const uint8_t EKU_EK[] = { 0x67, 0x81, 0x05, 0x08, 0x01 };

/* What the chain is judged with. */
struct material {
	struct bytes pool[LIMIT_PATH_POOL], crl[LIMIT_CRLS];
	struct path_anchor *anchor;
	size_t n_pool, n_crls, n_anchors;
};

static void
gather_certificates(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct material *m)
{
	size_t i;

	m->anchor =
	    arena_alloc(cx->arena, (basis->n_anchors + 1) * sizeof(*m->anchor));
	for (i = 0; i < n; i++)
		m->pool[m->n_pool++] = chain[i];
	for (i = 0; i < basis->n_anchors; i++) {
		const struct attest_anchor *a = &basis->anchor[i];

		if (a->kind == ANCHOR_CERTIFICATE)
			m->anchor[m->n_anchors++] =
			    (struct path_anchor){ .der = a->value,
				    .issues = true,
				    .scope = a->scope_spki_sha256 };
		else if (a->kind == ANCHOR_CRL_SIGNER &&
			 m->n_pool < LIMIT_PATH_POOL)
			m->pool[m->n_pool++] = a->value;
	}
}

/* The lists whose issuer is in the pool or above it. */
static void
gather_lists(
    struct ctx *cx, const struct attest_basis *basis, struct material *m)
{
	struct path_cert *c = arena_alloc(cx->arena, m->n_pool * sizeof(*c));
	struct bytes issuer;
	size_t i, k, n = 0;

	for (i = 0; i < m->n_pool; i++)
		if (path_cert_parse(cx, m->pool[i], &c[n]) == NULL)
			n++;
	for (i = 0; i < basis->n_anchors; i++) {
		const struct attest_anchor *a = &basis->anchor[i];

		if (a->kind != ANCHOR_CRL || !crl_issuer(a->value, &issuer))
			continue;
		for (k = 0; k < n; k++)
			if (dn_same(issuer, c[k].issuer_dn) ||
			    dn_same(issuer, c[k].subject_dn))
				break;
		if (k < n && m->n_crls < LIMIT_CRLS)
			m->crl[m->n_crls++] = a->value;
	}
}

static bool
has_lists(const struct attest_basis *basis)
{
	size_t i;

	for (i = 0; i < basis->n_anchors; i++)
		if (basis->anchor[i].kind == ANCHOR_CRL)
			return true;
	return false;
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
judge(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct path_rules rules,
    struct verdict *v)
{
	struct material m = { .n_pool = 0 };
	struct path_input in;
	const struct err *e;
	struct path path;
	size_t i;

	rules.anchor_rules = rules.anchor_is_ca = rules.anchor_expires = true;
	rules.crl = basis->lists_elsewhere        ? PATH_CRL_NONE
		    : basis->policy->crl_required ? PATH_CRL_NEEDED
						  : PATH_CRL_KNOWN;
	gather_certificates(cx, chain, n, basis, &m);
	if (has_lists(basis))
		gather_lists(cx, basis, &m);
	in = (struct path_input){ .leaf = m.pool[0],
		.anchor = m.anchor,
		.n_anchors = m.n_anchors,
		.pool = m.pool + 1,
		.n_pool = m.n_pool - 1,
		.crl = m.crl,
		.n_crls = m.n_crls };
	e = path_validate(cx, &in, &rules, &path);
	if (e != NULL) {
		refuse(v, e);
		return;
	}
	for (i = 0; i < path.n; i++)
		v->path[v->n_path++] = path.cert[i]->der;
}

void
chain_judge(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct verdict *v)
{
	const struct path_rules rules = { .purpose = BYTES_OF(EKU_CLIENT),
		.key_usage = USAGE_SIGNATURE };

	judge(cx, chain, n, basis, rules, v);
}

void
chain_judge_ek(struct ctx *cx, const struct bytes *chain, size_t n,
    const struct attest_basis *basis, struct verdict *v)
{
	const struct path_rules rules = { .purpose = BYTES_OF(EKU_EK) };

	judge(cx, chain, n, basis, rules, v);
}

enum grade
chain_judge_grade(struct ctx *cx, struct bytes leaf)
{
	struct path_cert c;

	if (path_cert_parse(cx, leaf, &c) != NULL)
		return GRADE_NONE;
	return device_key_in_hardware(&c) ? GRADE_HARDWARE : GRADE_SOFTWARE;
}
