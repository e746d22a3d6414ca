#include "attest/dice_layers.h"

#include "base/arena.h"
#include "pki/cose_sig.h"
#include "pki/dice_cert.h"
#include "pki/key.h"
#include "pki/rawkey.h"
#include "pki/signed.h"

#define DER_SEQUENCE_TAG 0x30

static const struct err *
key_spki(struct ctx *cx, const struct cose_key *k, struct bytes *spki)
{
	const struct err *e = k->curve == COSE_ED25519
				  ? rawkey_ed25519(cx, k->x, spki)
				  : rawkey_ec(cx, k->x, k->y, spki);

	/* RFC 9052 section 7.1: it is for that algorithm alone. */
	if (e == NULL && k->alg != 0 && !cose_sig_fits(k->alg, *spki))
		return fail(cx, &ERR_BAD_DICE,
		    "dice: a key for another algorithm than its curve's");
	return e;
}

/* The names of a layer are the hashes of keys, as text. */
static const struct err *
take_layer(struct ctx *cx, const struct dice_chain *chain, size_t i,
    struct dice_one *out)
{
	const struct dice_layer *l = &chain->layer[i];

	out->signature = l->message.body.signature;
	out->cose_alg = l->message.body.alg;
	out->claims = l->claims;
	out->sound = true;
	out->linked =
	    i == 0 || (bytes_eq(l->issuer, l[-1].subject) && l[-1].may_sign);
	out->covered =
	    cose_covered(cx, &l->message, &l->message.body, BYTES_NONE);
	return key_spki(cx, &l->key, &out->key);
}

static const struct err *
read_cbor(struct ctx *cx, struct bytes in, struct dice_layers *out)
{
	struct dice_chain *chain = arena_alloc(cx->arena, sizeof(*chain));
	const struct err *e = dice_read(cx, in, chain);

	if (e == NULL && chain->has_root)
		e = key_spki(cx, &chain->root, &out->root);
	while (out->n < chain->n && e == NULL) {
		e = take_layer(cx, chain, out->n, &out->one[out->n]);
		out->n++;
	}
	return e;
}

static const struct err *
take_cert(
    struct ctx *cx, struct bytes der, struct path_cert *c, struct dice_one *out)
{
	struct dice_input in;
	struct key_facts facts;
	const struct err *e = path_cert_parse(cx, der, c);

	if (e == NULL)
		e = key_parse_spki(cx, c->spki, &facts);
	if (e != NULL)
		return e;
	if (!dice_cert_input(c, &in))
		return fail(cx, &ERR_BAD_DICE,
		    "dice: a certificate without the extension, or with a "
		    "malformed one");
	out->signature = c->signature;
	out->algorithm = c->algorithm;
	out->covered = c->tbs;
	out->key = c->spki;
	out->sound = dice_cert_ok(cx, c);
	out->claims = (struct dice_claims){ .code_hash = in.code_hash,
		.config = in.config,
		.authority_hash = in.authority_hash,
		.profile = in.profile,
		.mode = in.mode < 0 ? DICE_NOT_CONFIGURED
				    : (enum dice_mode)in.mode };
	return NULL;
}

const struct err *
dice_layers_certs(struct ctx *cx, const struct bytes *chain, size_t n,
    struct dice_layers *out)
{
	struct path_cert *c = arena_alloc(cx->arena, (n + 1) * sizeof(*c));
	const struct err *e = NULL;
	size_t i;

	*out = (struct dice_layers){ .n = 0 };
	if (n < 1 || n > LIMIT_DICE_LAYERS)
		return fail(cx, &ERR_BAD_DICE, "dice: %zu certificates", n);
	for (i = 0; i < n && e == NULL; i++) {
		struct dice_one *l = &out->one[i];

		e = take_cert(cx, chain[n - 1 - i], &c[i], l);
		l->linked = i == 0 ||
			    (e == NULL && dice_cert_follows(&c[i], &c[i - 1]));
		out->n++;
	}
	return e;
}

const struct err *
dice_layers_read(struct ctx *cx, struct bytes in, struct dice_layers *out)
{
	*out = (struct dice_layers){ .n = 0 };
	if (in.n > 0 && in.p[0] == DER_SEQUENCE_TAG)
		return dice_layers_certs(cx, &in, 1, out);
	return read_cbor(cx, in, out);
}

bool
dice_layer_signed(const struct dice_one *l, struct bytes key)
{
	if (l->algorithm.n > 0)
		return signed_by(
		    key, l->algorithm, l->covered, l->signature, false);
	return cose_sig_fits(l->cose_alg, key) &&
	       cose_sig_verify(l->cose_alg, key, l->covered, l->signature);
}
