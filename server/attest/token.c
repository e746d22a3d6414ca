#include "attest/token.h"

#include "attest/chain_judge.h"
#include "attest/context.h"
#include "base/text.h"
#include "pki/cert.h"
#include "pki/cose_sig.h"
#include "pki/digest.h"

const struct err *
token_parse(
    struct ctx *cx, struct bytes evidence, unsigned flags, struct token *out)
{
	const struct err *e = cose_read(
	    cx, evidence, COSE_SIGN1, flags | COSE_MAC0_OK, &out->cose);

	return e != NULL ? e : cbor_read(cx, out->cose.payload, &out->claims);
}

static bool
refuse_signature(
    struct ctx *cx, struct verdict *v, const char *code, const char *words)
{
	verdict_refuse(cx, v, LAYER_SIGNATURE, code, "%s", words);
	return false;
}

/* The key's record decides the algorithm, never the message. */
static bool
fits(const struct token *t, struct bytes key)
{
	return t->cose.kind == COSE_MAC0 ? cose_mac_fits(t->cose.body.alg)
					 : cose_sig_fits(t->cose.body.alg, key);
}

static bool
verifies(struct ctx *cx, const struct token *t, struct bytes key)
{
	const struct cose_signer *s = &t->cose.body;
	struct bytes covered = cose_covered(cx, &t->cose, s, BYTES_NONE);

	return t->cose.kind == COSE_MAC0
		   ? cose_mac_verify(s->alg, key, covered, s->signature)
		   : cose_sig_verify(s->alg, key, covered, s->signature);
}

bool
is_ueid(struct bytes b)
{
	if (b.n < UEID_MIN || b.n > LIMIT_UEID)
		return false;
	switch (b.p[0]) {
	case 1: /* random; an example of RFC 9711 has 15 bytes of it */
		return true;
	case 2: /* of EUI-48, EUI-60 or EUI-64 */
		return b.n == 7 || b.n == 9;
	case 3: /* 14 digits of an IMEI */
		return b.n == 15;
	default:
		return false;
	}
}

/* A key id is a hint of whoever sent the message: it finds no key of another
 * unit than the one that the claims name. */
static bool
has_id(const struct token *t, struct bytes instance, struct bytes id)
{
	return bytes_eq(id, t->cose.body.kid) &&
	       (instance.n == 0 || !is_ueid(id));
}

/* A public key is never a secret, whatever the message says it is. */
static bool
is_candidate(const struct token *t, const struct attest_anchor *a)
{
	return a->kind == (t->cose.kind == COSE_MAC0 ? ANCHOR_SECRET_KEY
						     : ANCHOR_PUBLIC_KEY);
}

/* The keys to try: those registered for this very instance, if there are
 * any; else those of the message's key id; else those without an id. */
static size_t
find_keys(const struct token *t, struct bytes instance,
    const struct attest_basis *basis, const struct attest_anchor **key)
{
	enum { OF_INSTANCE, OF_KEY_ID, OF_NOBODY, KINDS } kind;
	size_t i, n = 0;

	for (kind = OF_INSTANCE; kind < KINDS && n == 0; kind++)
		for (i = 0; i < basis->n_anchors && n < LIMIT_ANCHORS; i++) {
			const struct attest_anchor *a = &basis->anchor[i];

			if (!is_candidate(t, a) ||
			    (a->id.n == 0) != (kind == OF_NOBODY) ||
			    (kind == OF_INSTANCE &&
				!bytes_eq(a->id, instance)) ||
			    (kind == OF_KEY_ID && !has_id(t, instance, a->id)))
				continue;
			key[n++] = a;
		}
	return n;
}

static bool
judge_keys(struct ctx *cx, const struct token *t,
    const struct attest_anchor *const *key, size_t n, struct verdict *v)
{
	bool fit = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!fits(t, key[i]->value))
			continue;
		fit = true;
		if (!verifies(cx, t, key[i]->value))
			continue;
		v->grade =
		    key[i]->in_hardware ? GRADE_HARDWARE : GRADE_SOFTWARE;
		return true;
	}
	if (!fit)
		return refuse_signature(cx, v, "algorithm",
		    "The token's algorithm is not that of the key.");
	return refuse_signature(
	    cx, v, "signature", "The token's signature does not verify.");
}

static bool
judge_chain(struct ctx *cx, const struct token *t,
    const struct attest_basis *basis, struct verdict *v)
{
	const struct cose_signer *s = &t->cose.body;
	struct attest_anchor signer = { .kind = ANCHOR_PUBLIC_KEY };
	const struct attest_anchor *key = &signer;
	struct cert leaf;

	/* RFC 9360 section 2 wants it protected, unless its CA is known to
	 * have seen possession of the key: another certificate of the same key
	 * could be put in its place. */
	if (!s->x5chain_protected)
		return refuse_signature(cx, v, "chain-unprotected",
		    "The signer's certificate is not covered by its "
		    "signature.");
	if (cert_parse(cx, s->x5chain[0], &leaf) != NULL)
		return refuse_signature(cx, v, "certificate",
		    "The signer's certificate cannot be read.");
	signer.value = leaf.spki;
	signer.in_hardware =
	    chain_judge_grade(cx, s->x5chain[0]) == GRADE_HARDWARE;
	if (!judge_keys(cx, t, &key, 1, v))
		return false;
	chain_judge(cx, s->x5chain, s->n_x5chain, basis, v);
	/* A certificate with a serial number is one unit's (IEEE 802.1AR
	 * section 8.6), and its key speaks for no other. */
	if (v->accepted && leaf.subject_serial != NULL &&
	    text_is_serial(bytes_str(leaf.subject_serial))) {
		v->facts.serial = leaf.subject_serial;
		v->facts.birth_key_sha256 =
		    bytes_dup(cx->arena, BYTES_OF(leaf.key_sha256));
	}
	return v->accepted;
}

bool
token_judge_signer(struct ctx *cx, const struct token *t, struct bytes instance,
    const struct attest_basis *basis, struct verdict *v)
{
	const struct attest_anchor *key[LIMIT_ANCHORS];
	size_t n = find_keys(t, instance, basis, key);

	if (t->cose.kind == COSE_MAC0 && !basis->policy->mac_allowed)
		return refuse_signature(cx, v, "mac",
		    "The token has a MAC, which the model does not allow.");
	if (n > 0)
		return judge_keys(cx, t, key, n, v);
	if (t->cose.kind == COSE_SIGN1 && t->cose.body.n_x5chain > 0)
		return judge_chain(cx, t, basis, v);
	return refuse_signature(cx, v, "unknown-key",
	    "No key is known that could have signed the token.");
}

static bool
has_nonce(const struct cbor *claim, struct bytes wanted)
{
	size_t i;

	if (claim == NULL)
		return false;
	if (claim->kind == CBOR_BYTES)
		return bytes_eq(claim->bytes, wanted);
	for (i = 0; claim->kind == CBOR_ARRAY && i < claim->n; i++)
		if (claim->item[i].kind == CBOR_BYTES &&
		    bytes_eq(claim->item[i].bytes, wanted))
			return true;
	return false;
}

bool
token_judge_nonce(struct ctx *cx, const char *format, const struct cbor *claim,
    const struct attest_basis *basis, struct verdict *v)
{
	const struct attest_context context = {
		.issuer = basis->issuer == NULL ? BYTES_NONE
						: bytes_str(basis->issuer),
		.nonce = basis->nonce,
		.key = basis->key_spki,
	};
	uint8_t hash[SHA256_BYTES];

	if (basis->key_spki.n > 0) {
		digest_sha256(attest_context_bytes(cx, format, &context), hash);
		if (has_nonce(claim, BYTES_OF(hash)))
			return true;
		/* Which of both it is helps whoever writes a client. */
		if (basis->nonce.n > 0 && has_nonce(claim, basis->nonce)) {
			verdict_refuse(cx, v, LAYER_BINDING, "key-mismatch",
			    "The token is not bound to the key to be "
			    "certified.");
			return false;
		}
	} else if (basis->nonce.n == 0 || has_nonce(claim, basis->nonce)) {
		return true;
	}
	verdict_refuse(cx, v, LAYER_FRESHNESS, "nonce-mismatch",
	    "The token was not made for our nonce.");
	return false;
}

bool
claim_refuse(struct ctx *cx, struct verdict *v, const char *name)
{
	verdict_refuse(cx, v, LAYER_CLAIMS, "claim",
	    "The claim \"%s\" is missing, or not as its format has it.", name);
	return false;
}

static bool
is_as(const struct cbor *item, const struct claim *c)
{
	int64_t n =
	    item->kind == CBOR_INT ? item->number : (int64_t)item->bytes.n;

	return item->kind == c->kind &&
	       (c->max == 0 || (n >= c->min && n <= c->max));
}

bool
claims_judge(struct ctx *cx, const struct cbor *map, const struct claim *claim,
    size_t n, struct verdict *v)
{
	const struct cbor *item;
	size_t i;

	for (i = 0; i < n; i++) {
		item = cbor_at(map, claim[i].label);
		if (item == NULL ? !claim[i].optional : !is_as(item, &claim[i]))
			return claim_refuse(cx, v, claim[i].name);
	}
	return true;
}

struct bytes
claim_bytes(const struct cbor *map, int64_t label)
{
	const struct cbor *item = cbor_at(map, label);

	return item == NULL ? BYTES_NONE : item->bytes;
}

const char *
claim_text(struct ctx *cx, const struct cbor *map, int64_t label)
{
	const struct cbor *item = cbor_at(map, label);

	return item == NULL ? NULL : cbor_str(cx, item);
}
