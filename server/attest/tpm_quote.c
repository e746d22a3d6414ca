#include "attest/tpm_quote.h"

#include "attest/context.h"
#include "attest/tpm_events.h"
#include "attest/tpm_log.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

struct bytes
tpm_quote_extra(struct ctx *cx, const struct attest_basis *basis)
{
	struct attest_context c = { BYTES_NONE, basis->nonce, basis->key_spki };
	uint8_t digest[SHA256_BYTES];

	if (basis->issuer == NULL)
		return basis->nonce;
	c.issuer = bytes_str(basis->issuer);
	digest_sha256(attest_context_bytes(cx, "tpm", &c), digest);
	return bytes_dup(cx->arena, BYTES_OF(digest));
}

static bool
judge_signature(
    struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v)
{
	if (tpm_signed_by(&ev->ak, &ev->quote))
		return true;
	verdict_refuse(cx, v, LAYER_SIGNATURE, "quote-signature",
	    "The attestation key did not sign this quote.");
	return false;
}

static bool
judge_nonce(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	/* A quote that was not asked for is worth nothing: it may be of any
	 * day. */
	if (basis->nonce.n > 0 &&
	    bytes_eq(ev->quote.attest.extra, tpm_quote_extra(cx, basis)))
		return true;
	verdict_refuse(cx, v, LAYER_FRESHNESS, "quote-nonce",
	    "The quote does not answer our nonce.");
	return false;
}

/* The digest over the reported values, in ascending order, is the quoted one
 * (Part 3, section 18.4). */
static bool
digest_matches(struct ctx *cx, const struct tpm_evidence *ev)
{
	size_t i, n = tpm_hash_bytes(ev->quote.attest.bank);
	uint8_t digest[DIGEST_MAX];
	struct bytes all = BYTES_NONE;
	struct buf b;

	buf_init(&b, cx->arena, LIMIT_PCRS * DIGEST_MAX);
	for (i = 0; i < LIMIT_PCRS; i++)
		buf_put(&b, ev->pcr[i]);
	must(buf_bytes(&b, &all));
	/* Hashed by the hash of the signing key's scheme. */
	n = tpm_hash_bytes(ev->ak.pub.scheme_hash);
	return digest_sized(n, all, digest) &&
	       bytes_eq(ev->quote.attest.digest, (struct bytes){ digest, n });
}

static bool
judge_pcrs(struct ctx *cx, const struct tpm_evidence *ev, struct verdict *v)
{
	const struct tpm_attest *q = &ev->quote.attest;

	if (tpm_hash_bytes(q->bank) < 32) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "pcr-bank",
		    "The quote is over the SHA-1 bank, where values can be "
		    "made up.");
		return false;
	}
	if (q->pcrs == 0 || q->pcrs != ev->pcrs) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "pcr-selection",
		    "The PCRs that are reported (%06x) are not those that "
		    "were quoted (%06x), or there are none.",
		    ev->pcrs, q->pcrs);
		return false;
	}
	if (!digest_matches(cx, ev)) {
		verdict_refuse(cx, v, LAYER_CLAIMS, "pcr-digest",
		    "The PCRs that are reported do not have the digest that "
		    "was quoted.");
		return false;
	}
	return true;
}

static bool
judge_policy(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_policy *p, struct verdict *v)
{
	size_t i;

	for (i = 0; i < p->n_pcrs; i++) {
		uint32_t pcr = p->pcr[i].index;

		if (pcr >= LIMIT_PCRS || ev->pcr[pcr].n == 0) {
			verdict_refuse(cx, v, LAYER_POLICY, "pcr-not-quoted",
			    "The policy asks for PCR %u, which was not quoted.",
			    pcr);
			return false;
		}
		if (p->pcr[i].sha256.n > 0 &&
		    !bytes_eq(ev->pcr[pcr], p->pcr[i].sha256)) {
			verdict_refuse(cx, v, LAYER_POLICY, "pcr-value",
			    "PCR %u is not as the policy wants it: the system "
			    "was started with other software or settings.",
			    pcr);
			return false;
		}
	}
	return true;
}

/* Each quoted PCR is a measurement, by its number. */
static void
set_facts(struct ctx *cx, const struct tpm_evidence *ev, struct facts *f)
{
	unsigned i;

	for (i = 0; i < LIMIT_PCRS; i++) {
		if (ev->pcr[i].n == 0 ||
		    f->n_measurements == LIMIT_MEASUREMENTS)
			continue;
		f->measurement[f->n_measurements++] = (struct measurement){
			.type = arena_printf(cx->arena, "pcr%u", i),
			.value = ev->pcr[i],
		};
	}
}

bool
tpm_quote_judge(struct ctx *cx, const struct tpm_evidence *ev,
    const struct attest_basis *basis, struct verdict *v)
{
	struct tpm_log log = { .n = 0 };

	if (!judge_signature(cx, ev, v) || !judge_nonce(cx, ev, basis, v) ||
	    !judge_pcrs(cx, ev, v))
		return false;
	set_facts(cx, ev, &v->facts);
	if (ev->log.n > 0 && !tpm_log_judge(cx, ev, &log, v))
		return false;
	tpm_events_facts(ev, &log, &v->facts);
	return judge_policy(cx, ev, basis->policy, v) &&
	       tpm_events_judge(cx, ev, &log, basis->policy, v);
}
