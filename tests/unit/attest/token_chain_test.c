#include "tests/unit/pki/material.h"

#include "attest/attest.h"
#include "base/buf.h"
#include "codec/cose.h"

/* Tokens whose signer is found by x5chain (RFC 9360). */

static const struct spec LEAF = { .cn = "lamp",
	.ext = { { "keyUsage", "critical,digitalSignature" } } };

static void
put_head(struct buf *b, unsigned major, size_t n)
{
	uint8_t head[] = { (uint8_t)(major << 5 | 25), (uint8_t)(n >> 8),
		(uint8_t)n };

	buf_put(b, BYTES_OF(head));
}

/* r || s. */
static struct bytes
sign(EVP_PKEY *key, struct bytes message)
{
	uint8_t der[128], *rs = arena_alloc(cx.arena, 64);
	const uint8_t *p = der;
	AUTO(EVP_MD_CTX) *c = EVP_MD_CTX_new();
	AUTO(ECDSA_SIG) *sig = NULL;
	size_t n = sizeof(der);

	assert_int_equal(
	    1, EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key));
	assert_int_equal(1, EVP_DigestSign(c, der, &n, message.p, message.n));
	sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
	assert_non_null(sig);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32);
	return (struct bytes){ rs, 64 };
}

/* Whether the chain stands where the signature covers it. */
static bool covered = true;

static struct bytes
write_token(struct bytes x5chain, struct bytes signature)
{
	struct bytes out;
	struct buf b;

	buf_init(&b, cx.arena, LIMIT_EVIDENCE);
	buf_put(&b, LIT("\xd2\x84"));
	if (covered) {
		put_head(&b, 2, x5chain.n + 8);
		buf_put(&b, LIT("\xa2\1\x26\x18\x21"));
	} else {
		buf_put(&b, LIT("\x43\xa1\1\x26\xa1\x18\x21"));
	}
	put_head(&b, 2, x5chain.n);
	buf_put(&b, x5chain);
	if (covered)
		buf_put(&b, LIT("\xa0"));
	/* dbgstat: disabled */
	buf_put(&b, LIT("\x45\xa1\x19\1\7\1"));
	put_head(&b, 2, signature.n);
	buf_put(&b, signature);
	assert_true(buf_bytes(&b, &out));
	return out;
}

static struct bytes
token(const struct holder *signer, struct bytes x5chain)
{
	struct cose c;

	assert_null(
	    cose_read(&cx, write_token(x5chain, LIT("s")), COSE_SIGN1, 0, &c));
	return write_token(x5chain,
	    sign(signer->key, cose_covered(&cx, &c, &c.body, BYTES_NONE)));
}

static const char *
judge(struct bytes evidence, const struct attest_anchor *a, struct verdict *v)
{
	struct attest_policy policy = { .n_formats = 0 };
	struct attest_basis basis = {
		.anchor = a, .n_anchors = 1, .policy = &policy
	};

	if (attest_judge(&cx, "eat", evidence, &basis, v) != NULL)
		return "parse";
	return v->accepted ? "accepted" : verdict_refusal(v)->code;
}

static void
a_chain_in_the_header_leads_to_the_makers_anchor(void **state)
{
	struct holder root = make_ca("root", NULL);
	struct holder other = make_ca("other", NULL);
	struct holder leaf = make(&LEAF, &root), second = make(&LEAF, &root);
	struct attest_anchor a = { .value = root.der };
	struct verdict v;

	(void)state;
	assert_string_equal(judge(token(&leaf, leaf.der), &a, &v), "accepted");
	assert_int_equal(v.grade, GRADE_SOFTWARE);
	covered = false;
	assert_string_equal(
	    judge(token(&leaf, leaf.der), &a, &v), "chain-unprotected");
	covered = true;
	/* Another of the maker's certificates is not its signer's. */
	assert_string_equal(
	    judge(token(&leaf, second.der), &a, &v), "signature");
	assert_string_equal(
	    judge(token(&leaf, LIT("no certificate")), &a, &v), "certificate");
	a.value = other.der;
	assert_string_equal(
	    judge(token(&leaf, leaf.der), &a, &v), "chain-untrusted");
	assert_int_equal(verdict_refusal(&v)->layer, LAYER_CHAIN);
	/* Nor does a chain count beside a registered key. */
	a = (struct attest_anchor){ .kind = ANCHOR_PUBLIC_KEY,
		.value = spki_of(other.key) };
	assert_string_equal(judge(token(&leaf, leaf.der), &a, &v), "signature");
}

static void
a_chain_whose_leaf_names_its_module_is_of_grade_hardware(void **state)
{
	static const struct spec in_tpm = { .cn = "lamp",
		.ext = { { "keyUsage", "critical,digitalSignature" },
		    /* tcg-cap-verifiedTPMResidency, 2.23.133.11.1.1 */
		    { "2.5.29.32", "DER:300a300806066781050b0101" } } };
	struct holder root = make_ca("root", NULL), leaf;
	struct attest_anchor a = { .value = root.der };
	struct verdict v;

	(void)state;
	leaf = make(&in_tpm, &root);
	assert_string_equal(judge(token(&leaf, leaf.der), &a, &v), "accepted");
	assert_int_equal(v.grade, GRADE_HARDWARE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_chain_in_the_header_leads_to_the_makers_anchor),
		UNIT_TEST(
		    a_chain_whose_leaf_names_its_module_is_of_grade_hardware),
	};

	return cmocka_run_group_tests_name(
	    "attest/token_chain", tests, NULL, NULL);
}
