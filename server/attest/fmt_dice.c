#include "attest/fmt_dice.h"

#include "attest/context.h"
#include "attest/dice_layers.h"
#include "attest/parts.h"
#include "base/arena.h"
#include "codec/dice.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "pki/signed.h"

#define CBOR_MAP_TYPE 5
#define SCHEME_DECIMAL 16387

struct evidence {
	struct dice_layers layers;
	struct attest_context said;
	struct bytes signature; /* or empty: a chain by itself */
};

/* Who signs says all of it. */
static const struct err *
check_said(struct ctx *cx, const struct evidence *ev)
{
	struct key_facts facts;
	bool any = ev->said.issuer.n > 0 || ev->said.nonce.n > 0 ||
		   ev->said.key.n > 0 || ev->signature.n > 0;
	bool all = ev->said.issuer.n > 0 && ev->said.nonce.n > 0 &&
		   ev->said.key.n > 0 && ev->signature.n > 0;

	if (any != all)
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "dice: issuer, nonce, key and signature stand together");
	return all ? key_parse_spki(cx, ev->said.key, &facts) : NULL;
}

static const struct err *
parse_parts(struct ctx *cx, struct bytes evidence, struct evidence *ev)
{
	struct bytes chain[LIMIT_DICE_LAYERS], dice = BYTES_NONE;
	size_t n = 0;
	const struct part parts[] = {
		{ "dice", &dice, 1, NULL, true },
		{ "chain", chain, LIMIT_DICE_LAYERS, &n, true },
		{ "issuer", &ev->said.issuer, 1, NULL, true },
		{ "nonce", &ev->said.nonce, 1, NULL, true },
		{ "key", &ev->said.key, 1, NULL, true },
		{ "signature", &ev->signature, 1, NULL, true },
	};
	const struct err *e;

	e = parts_read(cx, evidence, parts, sizeof(parts) / sizeof(parts[0]));
	if (e == NULL)
		e = check_said(cx, ev);
	if (e != NULL)
		return e;
	if ((dice.n > 0) == (n > 0))
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "dice: one of dice and chain");
	if (n > 0)
		return dice_layers_certs(cx, chain, n, &ev->layers);
	return dice_layers_read(cx, dice, &ev->layers);
}

static const struct err *
parse(struct ctx *cx, struct bytes evidence, void **out)
{
	struct evidence *ev = arena_alloc(cx->arena, sizeof(*ev));

	*out = ev;
	if (evidence.n > 0 && evidence.p[0] >> 5 == CBOR_MAP_TYPE)
		return parse_parts(cx, evidence, ev);
	return dice_layers_read(cx, evidence, &ev->layers);
}

/* The device's own key: the root that the chain names, which must be an
 * anchor unless the service lists units by it, or else the anchor that signed
 * the first layer; empty if there is none. */
static struct bytes
device_key(const struct dice_layers *l, const struct attest_basis *basis)
{
	size_t i;

	for (i = 0; i < basis->n_anchors; i++) {
		const struct attest_anchor *a = &basis->anchor[i];

		if (a->kind != ANCHOR_PUBLIC_KEY)
			continue;
		if (l->root.n > 0 ? bytes_eq(l->root, a->value)
				  : dice_layer_signed(&l->one[0], a->value))
			return a->value;
	}
	return basis->birth_keys_listed ? l->root : BYTES_NONE;
}

static void
judge_signatures(struct ctx *cx, const struct evidence *ev, struct verdict *v)
{
	const struct dice_layers *l = &ev->layers;
	struct bytes last = l->one[l->n - 1].key, key = l->root;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (key.n > 0 && !dice_layer_signed(&l->one[i], key))
			verdict_refuse(cx, v, LAYER_SIGNATURE,
			    "layer-signature",
			    "Layer %zu was not signed by the key before it.",
			    i + 1);
		key = l->one[i].key;
	}
	if (ev->signature.n > 0 &&
	    !signed_plain(last, attest_context_bytes(cx, "dice", &ev->said),
		ev->signature))
		verdict_refuse(cx, v, LAYER_SIGNATURE, "signature",
		    "The last layer's key did not sign this evidence.");
}

static void
judge_chain(struct ctx *cx, const struct dice_layers *l,
    const struct attest_basis *basis, struct verdict *v)
{
	struct bytes key = device_key(l, basis);
	uint8_t *hash;
	size_t i;

	if (key.n == 0) {
		verdict_refuse(cx, v, LAYER_CHAIN, "unknown-root",
		    "The chain does not begin with a device key that is "
		    "known.");
	} else {
		hash = arena_alloc(cx->arena, SHA256_BYTES);
		digest_sha256(key, hash);
		v->facts.birth_key_sha256 =
		    (struct bytes){ hash, SHA256_BYTES };
	}
	for (i = 0; i < l->n; i++) {
		if (!l->one[i].linked)
			verdict_refuse(cx, v, LAYER_CHAIN, "layer-link",
			    "Layer %zu does not follow from the one before it.",
			    i + 1);
		if (!l->one[i].sound)
			verdict_refuse(cx, v, LAYER_CHAIN, "layer-certificate",
			    "The certificate of layer %zu is expired, not yet "
			    "valid, or says what nobody here knows.",
			    i + 1);
	}
}

/* The chain's last key is the one to be certified, or signed for it. */
static bool
judge_binding(struct ctx *cx, const struct evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	bool said = ev->signature.n > 0;
	struct bytes key =
	    said ? ev->said.key : ev->layers.one[ev->layers.n - 1].key;

	if (said && basis->nonce.n > 0 &&
	    !bytes_eq(ev->said.nonce, basis->nonce))
		verdict_refuse(cx, v, LAYER_FRESHNESS, "nonce-mismatch",
		    "The evidence was made for another nonce.");
	if (said && basis->issuer != NULL &&
	    !bytes_eq(ev->said.issuer, bytes_str(basis->issuer)))
		verdict_refuse(cx, v, LAYER_BINDING, "issuer-mismatch",
		    "The evidence was made for another service.");
	if (basis->key_spki.n > 0 && !bytes_eq(key, basis->key_spki))
		verdict_refuse(cx, v, LAYER_BINDING, "key-mismatch",
		    "The evidence is for another key than the one to be "
		    "certified.");
	v->facts.key_spki = key;
	return said || basis->key_spki.n > 0;
}

static void
add_measurement(struct ctx *cx, const struct dice_claims *c, struct facts *f)
{
	struct measurement *m = &f->measurement[f->n_measurements++];
	struct dice_config config;

	dice_config_read(cx, c->config, &config);
	m->type = config.component;
	m->version = config.version;
	m->value = c->code_hash;
	m->signer = c->authority_hash;
	/* The last layer is what runs. */
	f->sw_version = config.version;
	f->sw_scheme = config.version == NULL ? 0 : SCHEME_DECIMAL;
	if (c->profile.n > 0)
		f->profile = bytes_to_str(cx->arena, c->profile);
}

/* Modes of all layers: one in debug mode spoils those after it. */
static void
set_facts(struct ctx *cx, const struct dice_layers *l, struct facts *f)
{
	bool debug = false, other = false, unset = false;
	size_t i;

	for (i = 0; i < l->n; i++) {
		enum dice_mode mode = l->one[i].claims.mode;

		debug = debug || mode == DICE_DEBUG;
		other = other || mode == DICE_RECOVERY;
		unset = unset || mode == DICE_NOT_CONFIGURED;
		add_measurement(cx, &l->one[i].claims, f);
	}
	f->secure_boot = debug || other ? KNOWN_NO
			 : unset        ? KNOWN_NOT
					: KNOWN_YES;
	f->debug = debug            ? DEBUG_ENABLED
		   : other || unset ? DEBUG_UNKNOWN
				    : DEBUG_DISABLED;
}

static void
note_unbound(struct verdict *v)
{
	static const struct finding found = { .layer = LAYER_BINDING,
		.severity = FINDING_NOTE,
		.code = "not-bound",
		.words = "Anybody may show this chain: nothing fresh was "
			 "signed with its key." };

	verdict_add(v, &found);
}

static void
verify(struct ctx *cx, const void *parsed, const struct attest_basis *basis,
    struct verdict *v)
{
	const struct evidence *ev = parsed;
	bool bound = false;

	judge_signatures(cx, ev, v);
	if (v->accepted)
		judge_chain(cx, &ev->layers, basis, v);
	if (v->accepted)
		bound = judge_binding(cx, ev, basis, v);
	if (!v->accepted)
		return;
	set_facts(cx, &ev->layers, &v->facts);
	if (!bound)
		note_unbound(v);
	else
		v->grade = v->facts.secure_boot == KNOWN_YES ? GRADE_HARDWARE
							     : GRADE_SOFTWARE;
	policy_apply(cx, basis->policy, basis->earlier_sw, v);
}

const struct attest_format fmt_dice = { "dice", parse, verify };
