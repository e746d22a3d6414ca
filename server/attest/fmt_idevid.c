#include "attest/fmt_idevid.h"

#include "attest/chain_judge.h"
#include "attest/context.h"
#include "attest/fmt_x509.h"
#include "attest/parts.h"
#include "base/arena.h"
#include "pki/key.h"
#include "pki/signed.h"

struct evidence {
	struct idevid id;
	struct attest_context said;
	struct bytes signature;
};

static const struct err *
parse(struct ctx *cx, struct bytes evidence, void **out)
{
	struct evidence *ev = arena_alloc(cx->arena, sizeof(*ev));
	struct bytes chain[LIMIT_CHAIN];
	struct key_facts key;
	size_t n = 0;
	const struct part parts[] = {
		{ "chain", chain, LIMIT_CHAIN, &n, false },
		{ "issuer", &ev->said.issuer, 1, NULL, false },
		{ "nonce", &ev->said.nonce, 1, NULL, false },
		{ "key", &ev->said.key, 1, NULL, false },
		{ "signature", &ev->signature, 1, NULL, false },
	};
	const struct err *e;

	e = parts_read(cx, evidence, parts, sizeof(parts) / sizeof(parts[0]));
	if (e == NULL)
		e = idevid_parse(cx, chain, n, &ev->id);
	if (e == NULL)
		e = key_parse_spki(cx, ev->said.key, &key);
	*out = ev;
	return e;
}

static void
judge_signature(struct ctx *cx, const struct evidence *ev, struct verdict *v)
{
	struct bytes message = attest_context_bytes(cx, "idevid", &ev->said);

	if (!signed_plain(ev->id.leaf.spki, message, ev->signature))
		verdict_refuse(cx, v, LAYER_SIGNATURE, "signature",
		    "The birth key did not sign this evidence.");
}

/* What was signed is for this service, this nonce and this key. */
static void
judge_context(struct ctx *cx, const struct attest_context *said,
    const struct attest_basis *basis, struct verdict *v)
{
	if (basis->nonce.n > 0 && !bytes_eq(said->nonce, basis->nonce))
		verdict_refuse(cx, v, LAYER_FRESHNESS, "nonce-mismatch",
		    "The evidence was made for another nonce.");
	if (basis->issuer != NULL &&
	    !bytes_eq(said->issuer, bytes_str(basis->issuer)))
		verdict_refuse(cx, v, LAYER_BINDING, "issuer-mismatch",
		    "The evidence was made for another service.");
	if (basis->key_spki.n > 0 && !bytes_eq(said->key, basis->key_spki))
		verdict_refuse(cx, v, LAYER_BINDING, "key-mismatch",
		    "The evidence names another key than the one to be "
		    "certified.");
}

static void
verify(struct ctx *cx, const void *parsed, const struct attest_basis *basis,
    struct verdict *v)
{
	const struct evidence *ev = parsed;
	enum grade grade;

	judge_signature(cx, ev, v);
	if (v->accepted)
		chain_judge(cx, ev->id.chain, ev->id.n, basis, v);
	if (v->accepted)
		judge_context(cx, &ev->said, basis, v);
	if (!v->accepted)
		return;
	grade = chain_judge_grade(cx, ev->id.chain[0]);
	v->facts.serial = ev->id.serial;
	v->facts.birth_key_sha256 = BYTES_OF(ev->id.leaf.key_sha256);
	v->facts.key_spki = ev->said.key;
	v->grade = grade;
	policy_apply(cx, basis->policy, basis->earlier_sw, v);
}

const struct attest_format fmt_idevid = { "idevid", parse, verify };
