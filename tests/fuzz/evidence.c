/*
 * Rows of evidence, and of the structures it is made of.
 */
#include "tests/fuzz/fuzz.h"

#include "attest/attest.h"
#include "attest/fmt_eat.h"
#include "attest/fmt_psa.h"
#include "attest/policy_json.h"
#include "attest/token.h"
#include "attest/tpm_quote.h"
#include "base/arena.h"
#include "base/mem.h"
#include "codec/cbor.h"
#include "codec/corim.h"
#include "codec/cose.h"
#include "codec/dice.h"
#include "codec/tpm.h"
#include "codec/tpm_log.h"
#include "pki/ek.h"

/* Evidence with no anchor: what is read of it, and that it is refused. */
static void
judge_evidence(const char *format, struct bytes in)
{
	static const struct attest_policy policy;
	const struct attest_basis basis = { .policy = &policy };
	struct verdict v;

	(void)!attest_judge(&cx, format, in, &basis, &v);
	must(!v.accepted && v.grade == GRADE_NONE);
	must(verdict_refusal(&v) != NULL);
}

void
fuzz_idevid(struct bytes in)
{
	judge_evidence("idevid", in);
}

void
fuzz_dice(struct bytes in)
{
	struct dice_config config;

	judge_evidence("dice", in);
	dice_config_read(&cx, in, &config);
	must(config.component == NULL || strlen(config.component) <= in.n);
}

/* The key that most published tokens are signed with. */
static const uint8_t TOKEN_KEY[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x4e, 0x5e, 0x22, 0x09,
	0x9e, 0x3b, 0xce, 0xb4, 0x5b, 0x44, 0x6d, 0x13, 0x55, 0xfd, 0x1d, 0xc3,
	0xb5, 0x45, 0x94, 0x7b, 0x6f, 0xd7, 0xc1, 0xc8, 0x9d, 0x88, 0x67, 0x98,
	0xc3, 0x72, 0x6e, 0x8f, 0x80, 0xd7, 0x0b, 0x84, 0x0b, 0x25, 0x6a, 0xac,
	0x34, 0xa6, 0x2e, 0xde, 0x10, 0x43, 0x36, 0x4f, 0x04, 0x40, 0x95, 0xf0,
	0x03, 0x47, 0x4b, 0x91, 0xe0, 0x18, 0x20, 0x92, 0xaf, 0xb1, 0x3f,
	0x2e };

/* Under that key, and its claims whoever signed them. */
static void
judge_token(const char *format, struct bytes in, unsigned flags,
    bool (*judge_claims)(
	struct ctx *cx, const struct cbor *map, struct verdict *v))
{
	static const struct attest_policy policy;
	static const struct attest_anchor anchor = { .kind = ANCHOR_PUBLIC_KEY,
		.value = BYTES_OF(TOKEN_KEY) };
	const struct attest_basis basis = {
		.policy = &policy, .anchor = &anchor, .n_anchors = 1
	};
	struct verdict v;
	struct token t;

	(void)!attest_judge(&cx, format, in, &basis, &v);
	must(v.accepted == (v.grade != GRADE_NONE) &&
	     v.accepted == (verdict_refusal(&v) == NULL));
	if (token_parse(&cx, in, flags, &t) != NULL)
		return;
	verdict_init(&v);
	must(judge_claims(&cx, &t.claims, &v) == v.accepted);
}

void
fuzz_eat(struct bytes in)
{
	judge_token("eat", in, COSE_CWT_OK, eat_judge_claims);
}

void
fuzz_psa(struct bytes in)
{
	judge_token("psa", in, 0, psa_judge_claims);
}

void
fuzz_matter_evidence(struct bytes in)
{
	judge_evidence("matter", in);
}

/* Whatever stands in a policy asks for something. */
void
fuzz_policy(struct bytes in)
{
	struct attest_policy p;
	size_t i;

	arena_raise(cx.arena, LIMIT_POLICY_ARENA);
	if (policy_json_read(&cx, in, &p) != NULL)
		return;
	for (i = 0; i < p.n_formats; i++)
		must(attest_format_get(p.format[i]) != NULL);
	for (i = 0; i < p.n_measurements; i++)
		must(p.measurement[i].value.n > 0);
	for (i = 0; i < p.n_pcrs; i++)
		must(
		    p.pcr[i].index < LIMIT_PCRS && p.pcr[i].sha256.n % 32 == 0);
	for (i = 0; i < p.n_boot; i++)
		must(p.boot[i].pcr < LIMIT_PCRS && p.boot[i].digest.n == 32);
	must(p.least_sw_version == NULL ||
	     version_at_least(
		 p.sw_scheme, p.least_sw_version, p.least_sw_version));
}

/* What an item was read from is read again, and nothing else is in it. */
void
fuzz_cbor(struct bytes in)
{
	struct cbor c, again;

	if (cbor_read_any(&cx, in, &c) == NULL)
		must(bytes_eq(c.raw, in));
	if (cbor_read(&cx, in, &c) != NULL)
		return;
	must(bytes_eq(c.raw, in));
	if (c.kind == CBOR_TAG)
		must(cbor_read(&cx, c.item->raw, &again) == NULL);
	if (c.kind == CBOR_MAP && c.n > 0 && c.item[0].kind == CBOR_INT)
		must(cbor_at(&c, c.item[0].number) == &c.item[1]);
	(void)cbor_named(&c, "name");
	(void)cbor_str(&cx, &c);
}

/* What a signature covers can be built of whatever was read. */
void
fuzz_cose(struct bytes in)
{
	static const enum cose_kind kinds[] = { COSE_SIGN1, COSE_MAC0,
		COSE_SIGN };
	struct cose c;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (cose_read(&cx, in, kinds[i], COSE_UNTAGGED_OK | COSE_CWT_OK,
			&c) != NULL)
			continue;
		must((c.n_signers > 0) == (kinds[i] == COSE_SIGN));
		must(cose_covered(
			 &cx, &c, c.n_signers > 0 ? &c.signer[0] : &c.body, in)
			 .n > in.n + c.payload.n);
	}
}

/* Whatever is allowed is of a class and has a digest. */
void
fuzz_corim(struct bytes in)
{
	struct corim c = { .n_values = 0 };
	size_t i;

	arena_raise(cx.arena, LIMIT_POLICY_ARENA);
	if (corim_read(&cx, in, &c) != NULL)
		return;
	for (i = 0; i < c.n_values; i++)
		must(c.value[i].class_id.n > 0 && c.value[i].digest.n >= 32);
	for (i = 0; i < c.n_keys; i++)
		must(c.key[i].pem != NULL);
}

/* A public area, an attestation or a signature. */
void
fuzz_tpm(struct bytes in)
{
	struct tpm_signature s;
	struct tpm_public p;
	struct tpm_attest a;

	if (tpm_public_read(&cx, in, &p) == NULL)
		must(
		    p.area.n + 2 == in.n && (p.modulus.n == 0) != (p.x.n == 0));
	if (tpm_attest_read(&cx, in, &a) == NULL)
		must((a.name.p == NULL) == (a.type == TPM_ATTEST_QUOTE ||
					       a.type == TPM_ATTEST_TIME) &&
		     a.pcrs >> LIMIT_PCRS == 0);
	if (tpm_signature_read(&cx, in, &s) == NULL)
		must(s.rsa.n + s.r.n + s.s.n < in.n);
}

/* Whatever is kept has a digest of the bank that was asked for. */
void
fuzz_tpm_log(struct bytes in)
{
	static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256,
		TPM_ALG_SHA384 };
	struct tpm_log log;
	size_t i, k;
	bool on;

	for (i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
		if (tpm_log_read(&cx, in, banks[i], &log) != NULL)
			continue;
		for (k = 0; k < log.n; k++) {
			must(log.event[k].pcr < LIMIT_PCRS &&
			     log.event[k].digest.n == tpm_hash_bytes(banks[i]));
			(void)tpm_log_secure_boot(log.event[k].data, &on);
		}
	}
	(void)tpm_log_secure_boot(in, &on);
}

void
fuzz_ek(struct bytes in)
{
	struct ek_cert ek;

	if (ek_cert_parse(&cx, in, &ek) == NULL)
		must(ek.model != NULL && ek.version != NULL && ek.spki.n > 0);
}

/* Evidence that is read whole; its quote is judged as if the keys were good,
 * with the nonce that it answers to. */
void
fuzz_tpm_evidence(struct bytes in)
{
	const struct attest_policy policy = { .n_pcrs = 0 };
	struct attest_basis basis = { .policy = &policy };
	struct tpm_evidence ev;
	struct verdict v;

	if (tpm_evidence_read(&cx, in, &ev) != NULL)
		return;
	must(ev.n_chain > 0 && ev.ek.name.n > 2 && ev.ak.name.n > 2);
	must((ev.challenge.n == 0) == (ev.secret.n == 0));
	verdict_init(&v);
	(void)tpm_judge_keys(&cx, &ev, &basis, &v);
	must(!v.accepted); /* no anchor */
	(void)tpm_judge_ak(&cx, &ev, &v);
	if (ev.creation.raw.n > 0)
		(void)tpm_judge_creation(&cx, &ev, &v);
	basis.nonce = ev.quote.attest.extra;
	if (ev.quote.raw.n > 0)
		(void)tpm_quote_judge(&cx, &ev, &basis, &v);
}
