#include "tests/unit/pki/material.h"

#include "attest/attest.h"
#include "attest/context.h"
#include "base/buf.h"
#include "pki/digest.h"

#define ISSUER "https://enroll.example"

static const struct spec LEAF = { .cn = "lamp",
	.serial_number = "SN-1",
	.ext = { { "keyUsage", "critical,digitalSignature" } } };
/* What a device sends, before it is written down. */
struct sent {
	struct bytes chain[LIMIT_CHAIN];
	size_t n;
	EVP_PKEY *key; /* that signs */
	const char *issuer, *nonce;
	struct bytes certify; /* SPKI */
};

static void
put_head(struct buf *b, unsigned major, size_t n)
{
	uint8_t head[] = { (uint8_t)(major << 5 | 25), (uint8_t)(n >> 8),
		(uint8_t)n };

	buf_put(b, BYTES_OF(head));
}

static void
put_bytes(struct buf *b, struct bytes value)
{
	put_head(b, 2, value.n);
	buf_put(b, value);
}

static void
put_name(struct buf *b, const char *name)
{
	put_head(b, 3, strlen(name));
	buf_str(b, name);
}

static struct bytes
sign(EVP_PKEY *key, struct bytes message)
{
	uint8_t *sig = arena_alloc(cx.arena, 128);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = 128;

	assert_int_equal(
	    1, EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key));
	assert_int_equal(1, EVP_DigestSign(c, sig, &n, message.p, message.n));
	EVP_MD_CTX_free(c);
	return (struct bytes){ sig, n };
}

static struct bytes
write_evidence(const struct sent *s)
{
	struct attest_context said = { bytes_str(s->issuer),
		bytes_str(s->nonce), s->certify };
	struct bytes message = attest_context_bytes(&cx, "idevid", &said), out;
	struct buf b;
	size_t i;

	buf_init(&b, cx.arena, LIMIT_EVIDENCE);
	put_head(&b, 5, 5);
	put_name(&b, "chain");
	put_head(&b, 4, s->n);
	for (i = 0; i < s->n; i++)
		put_bytes(&b, s->chain[i]);
	put_name(&b, "issuer");
	put_bytes(&b, said.issuer);
	put_name(&b, "nonce");
	put_bytes(&b, said.nonce);
	put_name(&b, "key");
	put_bytes(&b, said.key);
	put_name(&b, "signature");
	put_bytes(&b, sign(s->key, message));
	assert_true(buf_bytes(&b, &out));
	return out;
}

static struct attest_policy policy;
static struct attest_anchor anchor[LIMIT_ANCHORS];
static struct attest_basis basis;
static struct holder root, leaf;
static struct sent sent;

/* A device straight below its maker's root, that does all as it should. */
static int
setup(void **state)
{
	assert_int_equal(unit_setup(state), 0);
	root = make_ca("root", NULL);
	leaf = make(&LEAF, &root);
	policy = (struct attest_policy){ .n_formats = 0 };
	memset(anchor, 0, sizeof(anchor));
	anchor[0].value = root.der;
	sent = (struct sent){ .chain = { leaf.der },
		.n = 1,
		.key = leaf.key,
		.issuer = ISSUER,
		.nonce = "0123456789abcdef0123456789abcdef",
		.certify = spki_of(make_key("P-256")) };
	basis = (struct attest_basis){ .anchor = anchor,
		.n_anchors = 1,
		.policy = &policy,
		.nonce = bytes_str(sent.nonce),
		.key_spki = sent.certify,
		.issuer = ISSUER };
	return 0;
}

/* "accepted", or the code of the first refusal. */
static const char *
judged(struct verdict *v)
{
	(void)!attest_judge(&cx, "idevid", write_evidence(&sent), &basis, v);
	if (v->accepted)
		return "accepted";
	assert_int_equal(v->grade, GRADE_NONE);
	return verdict_refusal(v)->code;
}

static void
a_signed_chain_is_accepted_with_its_facts(void **state)
{
	struct verdict v;

	(void)state;
	assert_string_equal(judged(&v), "accepted");
	assert_string_equal(v.facts.serial, "SN-1");
	assert_bytes(v.facts.key_spki, sent.certify);
	assert_int_equal(v.grade, GRADE_SOFTWARE);
	/* Without a basis for it, freshness and binding are not asked. */
	basis.nonce = basis.key_spki = BYTES_NONE;
	basis.issuer = NULL;
	assert_string_equal(judged(&v), "accepted");
	policy.least_grade = GRADE_HARDWARE;
	assert_string_equal(judged(&v), "grade");
}

static void
a_certificate_that_names_its_module_is_of_grade_hardware(void **state)
{
	static char conf[] = "[module]\nt=OID:1.2.3\ns=OCTETSTRING:one\n";
	BIO *bio = BIO_new_mem_buf(conf, -1);
	CONF *c = NCONF_new(NULL);
	X509V3_CTX v3;
	X509_EXTENSION *e;
	struct verdict v;
	struct spec plain = LEAF;

	(void)state;
	assert_int_equal(1, NCONF_load_bio(c, bio, NULL));
	X509V3_set_ctx(&v3, root.x, leaf.x, NULL, NULL, 0);
	X509V3_set_nconf(&v3, c);
	e = X509V3_EXT_nconf(c, &v3, "subjectAltName",
	    "otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module");
	assert_non_null(e);
	plain.not_after = CERT_NO_EXPIRY;
	leaf = make(&plain, &root);
	assert_int_equal(1, X509_add_ext(leaf.x, e, -1));
	assert_true(X509_sign(leaf.x, root.key, EVP_sha256()) > 0);
	sent.chain[0] = der_of(leaf.x);
	sent.key = leaf.key;
	X509_EXTENSION_free(e);
	NCONF_free(c);
	BIO_free(bio);
	assert_string_equal(judged(&v), "accepted");
	assert_int_equal(v.grade, GRADE_HARDWARE);
}

/* E1: what was signed for one service, nonce and key is good for no other. */
static void
a_signature_for_something_else_is_refused(void **state)
{
	struct verdict v;

	(void)state;
	sent.key = make_key("P-256");
	assert_string_equal(judged(&v), "signature");
	sent.key = leaf.key;
	basis.nonce = bytes_str("0123456789abcdef0123456789abcdeF");
	assert_string_equal(judged(&v), "nonce-mismatch");
	assert_int_equal(verdict_refusal(&v)->layer, LAYER_FRESHNESS);
	/* A prefix is no match. */
	basis.nonce = bytes_str("0123456789abcdef");
	assert_string_equal(judged(&v), "nonce-mismatch");
	basis.nonce = bytes_str(sent.nonce);
	basis.key_spki = spki_of(make_key("P-256"));
	assert_string_equal(judged(&v), "key-mismatch");
	basis.key_spki = sent.certify;
	basis.issuer = "https://other.example";
	assert_string_equal(judged(&v), "issuer-mismatch");
}

static void
a_chain_that_does_not_lead_to_an_anchor_is_refused(void **state)
{
	struct holder other = make_ca("root", NULL);
	struct verdict v;

	(void)state;
	anchor[0].value = other.der;
	assert_string_equal(judged(&v), "chain-untrusted");
	anchor[1].value = root.der;
	basis.n_anchors = 2;
	assert_string_equal(judged(&v), "accepted");
	basis.n_anchors = 0;
	assert_string_equal(judged(&v), "chain-untrusted");
	basis.n_anchors = 2;
	cx.now = NOW + 2 * DAY;
	assert_string_equal(judged(&v), "chain-expired");
	/* A public key is no CA, whatever its bytes. */
	cx.now = NOW;
	anchor[1].kind = ANCHOR_PUBLIC_KEY;
	assert_string_equal(judged(&v), "chain-untrusted");
}

/* A11: of two makers below one root, each has its intermediate. */
static void
an_anchor_vouches_within_its_scope_alone(void **state)
{
	struct holder mine = make_ca("mine", &root), theirs;
	uint8_t scope[SHA256_BYTES];
	struct verdict v;

	(void)state;
	theirs = make_ca("theirs", &root);
	digest_sha256(spki_of(mine.key), scope);
	anchor[0].scope_spki_sha256 = BYTES_OF(scope);
	assert_string_equal(judged(&v), "chain-scope");
	leaf = make(&LEAF, &theirs);
	sent.chain[0] = leaf.der;
	sent.chain[1] = theirs.der;
	sent.n = 2;
	sent.key = leaf.key;
	assert_string_equal(judged(&v), "chain-scope");
	leaf = make(&LEAF, &mine);
	sent.chain[0] = leaf.der;
	sent.chain[1] = mine.der;
	sent.key = leaf.key;
	assert_string_equal(judged(&v), "accepted");
}

/* Anchors that all have one name, and a chain as long as may be: what judging
 * takes is given back. */
static void
many_anchors_and_the_longest_chain_fit_the_arena(void **state)
{
	struct holder ca[LIMIT_CHAIN];
	struct verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(anchor); i++)
		anchor[i].value = make_ca("root", NULL).der;
	basis.n_anchors = COUNT(anchor);
	ca[0] = make_ca("ca", &root);
	for (i = 1; i < LIMIT_CHAIN - 1; i++)
		ca[i] = make_ca(i == 2 ? "ca" : "cb", &ca[i - 1]);
	leaf = make(&LEAF, &ca[LIMIT_CHAIN - 2]);
	sent.key = leaf.key;
	sent.n = LIMIT_CHAIN;
	sent.chain[0] = leaf.der;
	for (i = 1; i < LIMIT_CHAIN; i++)
		sent.chain[i] = ca[i - 1].der;
	assert_string_equal(judged(&v), "chain-untrusted");
	anchor[COUNT(anchor) - 1].value = root.der;
	assert_string_equal(judged(&v), "accepted");
}

static void
a_policy_that_needs_lists_refuses_without(void **state)
{
	struct verdict v;

	(void)state;
	policy.crl_required = true;
	assert_string_equal(judged(&v), "path-no-crl");
	assert_int_equal(verdict_refusal(&v)->layer, LAYER_REVOCATION);
	assert_true(verdict_refusal(&v)->elsewhere);
}

static void
what_is_no_evidence_is_refused(void **state)
{
	struct bytes good = write_evidence(&sent);
	struct verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < good.n; i += 7) {
		struct bytes cut = { good.p, i };

		assert_non_null(attest_judge(&cx, "idevid", cut, &basis, &v));
		assert_string_equal(verdict_refusal(&v)->code, "parse");
	}
	sent.chain[0] = root.der;
	assert_string_equal(judged(&v), "parse");
	sent.n = 0;
	assert_string_equal(judged(&v), "parse");
	assert_non_null(attest_judge(&cx, "other", good, &basis, &v));
}

/* Each byte of it, by three changes: refused, or the very same facts. */
static void
changed_evidence_is_refused_or_says_the_same(void **state)
{
	static const uint8_t change[] = { 0x01, 0x80, 0xff };
	AUTO_STRUCT(arena) *scratch = arena_new(LIMIT_ARENA);
	struct bytes good = write_evidence(&sent);
	uint8_t *changed = arena_alloc(cx.arena, good.n);
	struct ctx own = cx;
	struct verdict v;
	size_t i;

	(void)state;
	own.arena = scratch;
	for (i = 0; i < good.n * sizeof(change); i++) {
		memcpy(changed, good.p, good.n);
		changed[i / sizeof(change)] ^= change[i % sizeof(change)];
		arena_reset(scratch);
		if (attest_judge(&own, "idevid",
			(struct bytes){ changed, good.n }, &basis,
			&v) != NULL ||
		    !v.accepted)
			continue;
		assert_string_equal(v.facts.serial, "SN-1");
		assert_bytes(v.facts.key_spki, sent.certify);
		assert_int_equal(v.grade, GRADE_SOFTWARE);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, unit_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_chain_is_accepted_with_its_facts),
		TEST(a_certificate_that_names_its_module_is_of_grade_hardware),
		TEST(a_signature_for_something_else_is_refused),
		TEST(a_chain_that_does_not_lead_to_an_anchor_is_refused),
		TEST(an_anchor_vouches_within_its_scope_alone),
		TEST(many_anchors_and_the_longest_chain_fit_the_arena),
		TEST(a_policy_that_needs_lists_refuses_without),
		TEST(what_is_no_evidence_is_refused),
		TEST(changed_evidence_is_refused_or_says_the_same),
	};

	return cmocka_run_group_tests_name(
	    "attest/fmt_idevid", tests, NULL, NULL);
}
