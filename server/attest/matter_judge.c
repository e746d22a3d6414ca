#include "attest/matter_judge.h"

/* The key id of the signer that the Connectivity Standards Alliance published
 * with its private key: for tests, whatever a declaration by it says. */
static const uint8_t TEST_SIGNER[] = { 0x62, 0xfa, 0x82, 0x33, 0x59, 0xac, 0xfa,
	0xa9, 0x96, 0x3e, 0x1c, 0xfa, 0x14, 0x0a, 0xdd, 0xf5, 0x04, 0xf3, 0x71,
	0x60 };

bool
matter_refuse(struct matter_judge *j, enum layer layer, const char *code,
    const char *words)
{
	verdict_refuse(j->cx, j->v, layer, code, "%s", words);
	return false;
}

void
matter_note(struct matter_judge *j, enum severity severity, enum layer layer,
    const char *code, const char *words)
{
	const struct finding found = {
		.layer = layer,
		.severity = severity,
		.code = code,
		.words = words,
	};

	verdict_add(j->v, &found);
}

/* Decoding costs more than looking whether the key id is there at all. */
static bool
may_have(const struct attest_anchor *a, struct bytes key_id)
{
	return memmem(a->value.p, a->value.n, key_id.p, key_id.n) != NULL;
}

/* An anchor is in scope (A11) if its intermediate and its vendor are those of
 * the chain. */
static bool
in_scope(const struct matter_judge *j, const struct attest_anchor *a)
{
	if (a->scope_vid != 0 && a->scope_vid != j->dac.vid)
		return false;
	return a->scope_spki_sha256.n == 0 ||
	       bytes_eq(a->scope_spki_sha256, BYTES_OF(j->pai.cert.key_sha256));
}

bool
matter_find_paa(struct matter_judge *j)
{
	bool outside = false;
	size_t i;

	for (i = 0; i < j->basis->n_anchors; i++) {
		const struct attest_anchor *a = &j->basis->anchor[i];

		if (a->kind != ANCHOR_CERTIFICATE ||
		    !may_have(a, j->pai.issuer_key_id) ||
		    matter_cert_parse(j->cx, a->value, MATTER_PAA, &j->paa) !=
			NULL ||
		    matter_cert_issued(j->cx, &j->pai, &j->paa) != NULL)
			continue;
		j->anchor = a;
		if (in_scope(j, a))
			return true;
		outside = true;
	}
	if (outside)
		return matter_refuse(j, LAYER_CHAIN, "out-of-scope",
		    "The authority is trusted for another maker or vendor.");
	return matter_refuse(j, LAYER_CHAIN, "unknown-paa",
	    "No trusted authority issued the maker's certificate.");
}

static bool
within(int64_t t, const struct cert *c)
{
	return t >= c->not_before && t <= c->not_after;
}

/* DAC and PAI are valid now; and the DAC was issued when both above it were
 * (section 6.2.3.1).  That a PAA is over since then ends nothing: it stays in
 * the set of trusted ones or is taken out. */
bool
matter_judge_times(struct matter_judge *j)
{
	const int64_t issued = j->dac.cert.not_before;

	if (!within(j->cx->now, &j->dac.cert) ||
	    !within(j->cx->now, &j->pai.cert))
		return matter_refuse(j, LAYER_CHAIN, "expired",
		    "The device's or the maker's certificate has expired or "
		    "is not yet valid.");
	if (!within(issued, &j->pai.cert) || !within(issued, &j->paa.cert))
		return matter_refuse(j, LAYER_CHAIN, "issued-outside",
		    "The device's certificate begins before or after those "
		    "above it.");
	return true;
}

bool
matter_judge_vendors(struct matter_judge *j)
{
	if (j->dac.vid != j->pai.vid)
		return matter_refuse(j, LAYER_CHAIN, "vendor-mismatch",
		    "The device's certificate names another vendor than the "
		    "maker's.");
	if (j->pai.has_pid && j->pai.pid != j->dac.pid)
		return matter_refuse(j, LAYER_CHAIN, "product-mismatch",
		    "The device's certificate names another product than the "
		    "maker's.");
	if (j->paa.has_vid && j->paa.vid != j->pai.vid)
		return matter_refuse(j, LAYER_CHAIN, "vendor-mismatch",
		    "The maker's certificate names another vendor than the "
		    "authority's.");
	return true;
}

/* The signer by its key id, among those that are trusted with declarations
 * and nothing else. */
static bool
judge_signer(struct matter_judge *j)
{
	const struct cms_signed *s = &j->evidence->cd_signed;
	bool known = false;
	size_t i;

	for (i = 0; i < j->basis->n_anchors; i++) {
		const struct attest_anchor *a = &j->basis->anchor[i];
		struct matter_cert c;

		if (a->kind != ANCHOR_DECLARATION || s->key_id.n == 0 ||
		    !may_have(a, s->key_id) ||
		    matter_cert_parse(j->cx, a->value, MATTER_SIGNER, &c) !=
			NULL ||
		    !bytes_eq(c.key_id, s->key_id))
			continue;
		known = true;
		if (within(j->cx->now, &c.cert) &&
		    cms_signed_by(s, c.cert.spki))
			return true;
	}
	if (known)
		return matter_refuse(j, LAYER_SIGNATURE,
		    "declaration-signature",
		    "The certification declaration is not signed by the key "
		    "that it names.");
	return matter_refuse(j, LAYER_SIGNATURE, "declaration-signer",
	    "The certification declaration is signed by someone unknown.");
}

static bool
lists_pid(const struct matter_cd *cd, uint16_t pid)
{
	size_t i;

	for (i = 0; i < cd->n_pids; i++)
		if (cd->pid[i] == pid)
			return true;
	return false;
}

static bool
lists_paa(const struct matter_cd *cd, struct bytes key_id)
{
	size_t i;

	for (i = 0; i < cd->n_paas; i++)
		if (bytes_eq(cd->paa[i], key_id))
			return true;
	return cd->n_paas == 0;
}

/* The declaration is about the product; where that was made by another
 * vendor, it names the DAC's ids as its origin (section 6.3.1). */
static bool
judge_subject(struct matter_judge *j)
{
	const struct matter_cd *cd = &j->evidence->cd;

	if (j->dac.vid != (cd->has_origin ? cd->origin_vid : cd->vid))
		return matter_refuse(j, LAYER_CLAIMS, "declaration-vendor",
		    "The certification declaration is about another vendor.");
	if (cd->has_origin ? j->dac.pid != cd->origin_pid
			   : !lists_pid(cd, j->dac.pid))
		return matter_refuse(j, LAYER_CLAIMS, "declaration-product",
		    "The certification declaration is about another product.");
	if (!lists_paa(cd, j->paa.key_id))
		return matter_refuse(j, LAYER_CLAIMS, "declaration-authority",
		    "The certification declaration does not allow this "
		    "authority.");
	return true;
}

bool
matter_judge_declaration(struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;

	if (!m->has_cd && j->basis->policy->cd_optional)
		return true;
	if (!m->has_cd)
		return matter_refuse(j, LAYER_CLAIMS, "declaration-missing",
		    "There is no certification declaration.");
	if (!judge_signer(j))
		return false;
	if (m->cd.type == MATTER_CD_OFFICIAL &&
	    bytes_eq(m->cd_signed.key_id, BYTES_OF(TEST_SIGNER)))
		return matter_refuse(j, LAYER_SIGNATURE, "declaration-test-key",
		    "The certification declaration says that it is official, "
		    "and is signed with the published test key.");
	return judge_subject(j);
}

/* Whether one of the model's products is the one that is here. */
static bool
is_product(const struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;
	const struct attest_policy *p = j->basis->policy;
	bool origin = m->has_cd && m->cd.has_origin;
	size_t i;

	for (i = 0; i < p->n_pids; i++)
		if (origin ? lists_pid(&m->cd, p->pid[i])
			   : j->dac.pid == p->pid[i])
			return true;
	return p->n_pids == 0;
}

/* The ledger's words on the product, as far as the policy holds them. */
static bool
judge_ledger(struct matter_judge *j)
{
	const struct matter_cd *cd = &j->evidence->cd;
	const struct attest_policy *p = j->basis->policy;
	const struct finding found = {
		.layer = LAYER_POLICY,
		.severity = FINDING_REFUSAL,
		.elsewhere = true,
		.code = "not-in-ledger",
		.words = "The certification declaration differs from what the "
			 "ledger says of the product.",
	};

	if ((p->cd_certificate_id == NULL ||
		bytes_eq(
		    cd->certificate_id, bytes_str(p->cd_certificate_id))) &&
	    (p->cd_device_type == 0 || p->cd_device_type == cd->device_type) &&
	    (p->cd_version == 0 || p->cd_version == cd->version))
		return true;
	verdict_add(j->v, &found);
	return false;
}

bool
matter_judge_product(struct matter_judge *j)
{
	const struct matter_evidence *m = j->evidence;
	const struct attest_policy *p = j->basis->policy;

	if (p->vid != 0 && p->vid != (m->has_cd ? m->cd.vid : j->dac.vid))
		return matter_refuse(j, LAYER_POLICY, "wrong-vendor",
		    "The model is another vendor's.");
	if (!is_product(j))
		return matter_refuse(j, LAYER_POLICY, "wrong-product",
		    "The product is none of the model's.");
	if (!m->has_cd)
		return true;
	if ((m->cd.type == MATTER_CD_TEST && !p->cd_test) ||
	    (m->cd.type == MATTER_CD_PROVISIONAL && !p->cd_provisional))
		return matter_refuse(j, LAYER_POLICY, "not-certified",
		    "The certification declaration is for tests or "
		    "provisional, and the model takes official ones.");
	return judge_ledger(j);
}
