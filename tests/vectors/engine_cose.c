/*
 * Questions on CBOR and COSE by themselves.
 */
#include "codec/cose.h"

#include <stdlib.h>
#include <string.h>

#include "codec/cbor.h"
#include "pki/cose_sig.h"
#include "tests/vectors/engine.h"

/* Whatever RFC 8949 allows, as "latchkey inspect" reads it. */
static const struct err *
ask_cbor(const struct bytes *in)
{
	struct cbor c;

	return cbor_read_any(&engine_cx, in[0], &c);
}

static bool
is(struct bytes text, const char *name)
{
	return bytes_eq(text, bytes_str(name));
}

static bool
one_verifies(const struct cose *c, const struct bytes *in)
{
	const struct cose_signer *s =
	    c->kind == COSE_SIGN ? c->signer : &c->body;
	size_t i, n = c->kind == COSE_SIGN ? c->n_signers : 1;

	for (i = 0; i < n; i++) {
		struct bytes msg = cose_covered(&engine_cx, c, &s[i], in[4]);
		bool ok =
		    c->kind == COSE_MAC0
			? cose_mac_verify(s[i].alg, in[3], msg, s[i].signature)
			: cose_sig_verify(s[i].alg, in[3], msg, s[i].signature);

		if (ok)
			return true;
	}
	return false;
}

/* Kind, message, kind of key, key, what is covered beside the message. */
static const struct err *
ask_cose(const struct bytes *in)
{
	enum cose_kind kind = is(in[0], "sign1")  ? COSE_SIGN1
			      : is(in[0], "mac0") ? COSE_MAC0
						  : COSE_SIGN;
	const struct err *e;
	struct cose c;

	if (kind == COSE_SIGN && !is(in[0], "sign"))
		return yes_if(false, "no such kind of message here");
	if (is(in[2], "secret") != (kind == COSE_MAC0))
		return yes_if(false, "a key of the other kind");
	e = cose_read(
	    &engine_cx, in[1], kind, COSE_UNTAGGED_OK | COSE_CWT_OK, &c);
	if (e != NULL)
		return e;
	return yes_if(one_verifies(&c, in), "the signature does not verify");
}

/* Algorithm, key, message, signature. */
static const struct err *
ask_signature(const struct bytes *in)
{
	const char *alg = bytes_to_str(engine_cx.arena, in[0]);

	return yes_if(
	    cose_sig_verify(strtoll(alg, NULL, 10), in[1], in[2], in[3]),
	    "the signature does not verify");
}

const struct question questions_cose[] = {
	{ "cbor", ask_cbor, 1 },
	{ "cose", ask_cose, 5 },
	{ "cose-signature", ask_signature, 4 },
	{ NULL, NULL, 0 },
};
