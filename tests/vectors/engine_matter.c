/*
 * Questions on Matter's device attestation: the evidence; authorities,
 * declarations' signers, revocation lists and their signers, each kind as DER
 * one after the other; vendor and product of the model (2 bytes each, or
 * none: then there need be no declaration); what the ledger says of it
 * (device type in 4 bytes, version in 2, certificate id; or nothing).
 */
#include "attest/attest.h"
#include "base/arena.h"
#include "base/mem.h"
#include "pki/der.h"
#include "tests/vectors/engine.h"

#define MAX_ANCHORS 64

static void
add(struct attest_basis *b, struct attest_anchor *to, enum anchor_kind kind,
    struct bytes all)
{
	struct der_item it;

	while (all.n > 0) {
		const struct bytes left = all;

		/* What is no DER goes to the parser as it is. */
		if (!der_next(&all, &it)) {
			it.whole = left;
			all.n = 0;
		}
		must(b->n_anchors < MAX_ANCHORS);
		to[b->n_anchors++] =
		    (struct attest_anchor){ .kind = kind, .value = it.whole };
	}
}

static unsigned
number(struct bytes b, size_t at, size_t n)
{
	unsigned v = 0;

	while (n-- > 0)
		v = v << 8 | b.p[at++];
	return v;
}

static void
set_product(struct attest_policy *p, struct bytes ids, struct bytes ledger)
{
	p->cd_test = p->cd_provisional = true;
	p->cd_optional = ids.n == 0;
	if (ids.n == 4) {
		p->vid = (uint16_t)number(ids, 0, 2);
		p->pid[p->n_pids++] = (uint16_t)number(ids, 2, 2);
	}
	if (ledger.n > 6) {
		p->cd_device_type = number(ledger, 0, 4);
		p->cd_version = (uint16_t)number(ledger, 4, 2);
		p->cd_certificate_id = bytes_to_str(engine_cx.arena,
		    (struct bytes){ ledger.p + 6, ledger.n - 6 });
	}
}

static const struct err *
ask_matter(const struct bytes *in)
{
	struct attest_anchor anchor[MAX_ANCHORS];
	struct attest_policy policy = { .vid = 0 };
	struct attest_basis basis = { .anchor = anchor, .policy = &policy };
	const struct finding *found;
	struct verdict v;

	add(&basis, anchor, ANCHOR_CERTIFICATE, in[1]);
	add(&basis, anchor, ANCHOR_DECLARATION, in[2]);
	add(&basis, anchor, ANCHOR_CRL, in[3]);
	add(&basis, anchor, ANCHOR_CRL_SIGNER, in[4]);
	set_product(&policy, in[5], in[6]);
	(void)!engine_judge("matter", in[0], &basis, &v);
	found = verdict_refusal(&v);
	return yes_if(v.accepted, found == NULL ? "" : found->words);
}

const struct question questions_matter[] = {
	{ "matter", ask_matter, 7 },
	{ NULL, NULL, 0 },
};
