#include "attest/tpm.h"

#include "attest/chain_judge.h"
#include "attest/parts.h"
#include "base/arena.h"
#include "base/mem.h"
#include "pki/rawkey.h"

/* Attributes of each kind of key: those that must be set, and clear. */
#define IN_THIS_TPM (TPM_FIXED_TPM | TPM_FIXED_PARENT | TPM_SENSITIVE_ORIGIN)
#define EK_SET (IN_THIS_TPM | TPM_RESTRICTED | TPM_DECRYPT)
#define AK_SET (IN_THIS_TPM | TPM_RESTRICTED | TPM_SIGN)

/* nameAlg in two bytes and the digest (Part 1, section 16). */
static struct bytes
name_of(struct ctx *cx, const struct tpm_public *pub)
{
	size_t n = tpm_hash_bytes(pub->name_alg);
	uint8_t *name = arena_alloc(cx->arena, 2 + DIGEST_MAX);

	name[0] = (uint8_t)(pub->name_alg >> 8);
	name[1] = (uint8_t)pub->name_alg;
	must(digest_sized(n, pub->area, name + 2));
	return (struct bytes){ name, 2 + n };
}

const struct err *
tpm_key_read(struct ctx *cx, struct bytes in, struct tpm_key *out)
{
	const struct err *e = tpm_public_read(cx, in, &out->pub);

	if (e == NULL && out->pub.type == TPM_ALG_RSA)
		e = rawkey_rsa(cx, out->pub.modulus, &out->spki);
	else if (e == NULL)
		e = rawkey_ec(cx, out->pub.x, out->pub.y, &out->spki);
	if (e == NULL)
		out->name = name_of(cx, &out->pub);
	return e;
}

/* What was signed and the signature: both or none. */
static const struct err *
read_signed(
    struct ctx *cx, struct bytes sig, uint16_t type, struct tpm_signed *out)
{
	const struct err *e;

	if (out->raw.n == 0 && sig.n == 0)
		return NULL;
	e = tpm_attest_read(cx, out->raw, &out->attest);
	if (e == NULL && out->attest.type != type)
		e = fail(cx, &ERR_BAD_TPM,
		    "tpm: an attestation of type %04x where %04x belongs",
		    out->attest.type, type);
	return e != NULL ? e : tpm_signature_read(cx, sig, &out->sig);
}

/* Values of the quoted bank: the number of each PCR in a byte, then its
 * digest, in ascending order. */
static const struct err *
read_pcrs(struct ctx *cx, struct bytes in, struct tpm_evidence *out)
{
	size_t n = tpm_hash_bytes(out->quote.attest.bank);

	if (out->quote.raw.n == 0 && in.n != 0)
		return fail(cx, &ERR_BAD_TPM, "tpm: PCRs without a quote");
	while (in.n > 0) {
		unsigned pcr = in.p[0];

		if (in.n < 1 + n || pcr >= LIMIT_PCRS || out->pcrs >> pcr != 0)
			return fail(cx, &ERR_BAD_TPM,
			    "tpm: PCRs cut, or not in ascending order");
		out->pcrs |= UINT32_C(1) << pcr;
		out->pcr[pcr] = (struct bytes){ in.p + 1, n };
		in.p += 1 + n;
		in.n -= 1 + n;
	}
	return NULL;
}

struct raw {
	struct bytes ek, ak, key, quote_sig, certify_sig, creation_sig, pcrs;
};

static const struct err *
read_raw(
    struct ctx *cx, struct bytes in, struct raw *r, struct tpm_evidence *out)
{
	const struct part parts[] = {
		{ "ek_cert", out->chain, LIMIT_CHAIN, &out->n_chain, false },
		{ "ek_pub", &r->ek, 1, NULL, false },
		{ "ak_pub", &r->ak, 1, NULL, false },
		{ "challenge", &out->challenge, 1, NULL, true },
		{ "secret", &out->secret, 1, NULL, true },
		{ "quote", &out->quote.raw, 1, NULL, true },
		{ "quote_sig", &r->quote_sig, 1, NULL, true },
		{ "pcrs", &r->pcrs, 1, NULL, true },
		{ "event_log", &out->log, 1, NULL, true },
		{ "key_pub", &r->key, 1, NULL, true },
		{ "certify", &out->certify.raw, 1, NULL, true },
		{ "certify_sig", &r->certify_sig, 1, NULL, true },
		{ "creation_data", &out->creation_data, 1, NULL, true },
		{ "creation", &out->creation.raw, 1, NULL, true },
		{ "creation_sig", &r->creation_sig, 1, NULL, true },
	};

	return parts_read(cx, in, parts, sizeof(parts) / sizeof(parts[0]));
}

static const struct err *
read_keys(struct ctx *cx, const struct raw *r, struct tpm_evidence *out)
{
	const struct err *e = ek_cert_parse(cx, out->chain[0], &out->ek_cert);

	if (e == NULL)
		e = tpm_key_read(cx, r->ek, &out->ek);
	if (e == NULL)
		e = tpm_key_read(cx, r->ak, &out->ak);
	if (e == NULL && r->key.n > 0)
		e = tpm_key_read(cx, r->key, &out->key);
	return e;
}

const struct err *
tpm_evidence_read(struct ctx *cx, struct bytes in, struct tpm_evidence *out)
{
	const struct err *e;
	struct raw r = { .pcrs = BYTES_NONE };

	*out = (struct tpm_evidence){ .n_chain = 0 };
	e = read_raw(cx, in, &r, out);
	if (e != NULL)
		return e;
	if ((out->challenge.n == 0) != (out->secret.n == 0) ||
	    (out->certify.raw.n == 0) != (r.key.n == 0) ||
	    (out->creation.raw.n == 0) != (out->creation_data.n == 0))
		return fail(cx, &ERR_BAD_TPM,
		    "tpm: one part of a pair without the other");
	if (out->log.n != 0 && out->quote.raw.n == 0)
		return fail(cx, &ERR_BAD_TPM, "tpm: a log without a quote");
	e = read_keys(cx, &r, out);
	if (e == NULL)
		e = read_signed(cx, r.quote_sig, TPM_ATTEST_QUOTE, &out->quote);
	if (e == NULL)
		e = read_pcrs(cx, r.pcrs, out);
	if (e == NULL)
		e = read_signed(
		    cx, r.certify_sig, TPM_ATTEST_CERTIFY, &out->certify);
	if (e == NULL)
		e = read_signed(
		    cx, r.creation_sig, TPM_ATTEST_CREATION, &out->creation);
	return e;
}

static bool
judge_ek(struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v)
{
	if (!bytes_eq(ev->ek.spki, ev->ek_cert.spki)) {
		verdict_refuse(cx, v, LAYER_BINDING, "ek-not-certified",
		    "The endorsement key is not the one of the certificate.");
		return false;
	}
	/* TCG EK Credential Profile, annex B: templates of storage keys. */
	if ((ev->ek.pub.attributes & (EK_SET | TPM_SIGN)) != EK_SET ||
	    ev->ek.pub.sym_bits == 0 || ev->ek.pub.scheme != TPM_ALG_NULL) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "ek-attributes",
		    "The endorsement key is not one that only opens "
		    "credentials (attributes %08x).",
		    ev->ek.pub.attributes);
		return false;
	}
	return true;
}

bool
tpm_judge_ak(struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v)
{
	const struct tpm_public *ak = &ev->ak.pub;

	/* An unrestricted key signs any bytes, forged quotes included; one
	 * that is not fixed may live elsewhere, too. */
	if ((ak->attributes & (AK_SET | TPM_DECRYPT)) != AK_SET ||
	    ak->sym_bits != 0 || ak->scheme == TPM_ALG_NULL) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "ak-attributes",
		    "The attestation key is not a restricted signing key "
		    "that was made in this TPM and stays there (attributes "
		    "%08x).",
		    ak->attributes);
		return false;
	}
	return true;
}

bool
tpm_judge_keys(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	chain_judge_ek(cx, ev->chain, ev->n_chain, basis, v);
	return v->accepted && judge_ek(cx, ev, v) && tpm_judge_ak(cx, ev, v);
}

/* With SHA-1 too, for what proves nothing beyond the AK itself. */
static bool
signed_weakly(const struct tpm_key *ak, const struct tpm_signed *s)
{
	struct bytes rs[2] = { s->sig.r, s->sig.s };
	size_t hash = tpm_hash_bytes(s->sig.hash);

	/* The key's own scheme decides, not the message (RSASSA for RSA keys,
	 * ECDSA for others, with the key's hash). */
	if (s->sig.alg != ak->pub.scheme || s->sig.hash != ak->pub.scheme_hash)
		return false;
	if (s->sig.alg == TPM_ALG_RSASSA)
		return rawkey_verify_rsa(ak->spki, hash, s->raw, s->sig.rsa);
	return rawkey_verify_ec(ak->spki, hash, s->raw, rs);
}

bool
tpm_signed_by(const struct tpm_key *ak, const struct tpm_signed *s)
{
	return tpm_hash_bytes(s->sig.hash) >= 32 && signed_weakly(ak, s);
}

bool
tpm_judge_creation(
    struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v)
{
	size_t n = tpm_hash_bytes(ev->ak.pub.name_alg);
	const struct tpm_attest *a = &ev->creation.attest;
	uint8_t digest[DIGEST_MAX];

	if (digest_sized(n, ev->creation_data, digest) &&
	    bytes_eq(a->digest, (struct bytes){ digest, n }) &&
	    bytes_eq(a->name, ev->ak.name) &&
	    signed_weakly(&ev->ak, &ev->creation))
		return true;
	verdict_refuse(cx, v, LAYER_CLAIMS, "ak-creation",
	    "What is said of the attestation key's creation is not what the "
	    "TPM signed.");
	return false;
}
