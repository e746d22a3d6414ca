#include "tests/unit/pki/material.h"

#include "pki/chain.h"

#define LEAF_EXTENSIONS                              \
	{ "keyUsage", "critical,digitalSignature" }, \
	{                                            \
		"extendedKeyUsage", "clientAuth"     \
	}

static const struct spec LEAF = { .cn = "leaf", .ext = { LEAF_EXTENSIONS } };

static const struct err *
verify(const struct bytes *chain, size_t n, struct holder anchor,
    enum chain_use use)
{
	AUTO_STRUCT(trust) *t = trust_new(&anchor.der, 1);

	assert_non_null(t);
	return chain_verify(&cx, chain, n, t, use);
}

/* Verifies a leaf directly below the anchor. */
static const struct err *
verify_leaf(const struct spec *s, struct holder anchor, enum chain_use use)
{
	struct bytes leaf = make(s, &anchor).der;

	return verify(&leaf, 1, anchor, use);
}

static void
leaf_below_the_anchor_is_accepted(void **state)
{
	struct holder ca = make_ca("ca", NULL);

	(void)state;
	assert_null(verify_leaf(&LEAF, ca, CHAIN_CLIENT));
	assert_null(verify_leaf(&LEAF, ca, CHAIN_BIRTH));
}

static void
an_anchor_need_not_be_a_root(void **state)
{
	struct holder root = make_ca("root", NULL);
	struct holder mid = make_ca("mid", &root);
	struct bytes chain[] = { make(&LEAF, &mid).der, mid.der, root.der };

	(void)state;
	assert_null(verify(chain, 1, mid, CHAIN_CLIENT));
	assert_null(verify(chain, 3, mid, CHAIN_CLIENT));
	assert_null(verify(chain, 2, root, CHAIN_CLIENT));
	assert_true(
	    is_err(verify(chain, 1, root, CHAIN_CLIENT), "chain-untrusted"));
}

static void
another_ca_of_the_same_name_is_not_trusted(void **state)
{
	struct holder ca = make_ca("ca", NULL), other = make_ca("ca", NULL);
	struct bytes chain[] = { make(&LEAF, &other).der, other.der };

	(void)state;
	assert_true(
	    is_err(verify(chain, 2, ca, CHAIN_CLIENT), "chain-untrusted"));
}

static void
time_is_that_of_the_context_at_each_call(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct bytes leaf = make(&LEAF, &ca).der;

	(void)state;
	cx.now = NOW + DAY - 1;
	assert_null(verify(&leaf, 1, ca, CHAIN_CLIENT));
	/* OpenSSL counts the second of notAfter as over. */
	cx.now = NOW + DAY;
	assert_true(
	    is_err(verify(&leaf, 1, ca, CHAIN_CLIENT), "chain-expired"));
	cx.now = NOW - DAY - 1;
	assert_true(
	    is_err(verify(&leaf, 1, ca, CHAIN_CLIENT), "chain-expired"));
	cx.now = NOW;
	assert_null(verify(&leaf, 1, ca, CHAIN_CLIENT));
}

static void
an_expired_anchor_is_refused(void **state)
{
	const struct spec old = { .cn = "ca",
		.not_before = NOW - 2 * DAY,
		.not_after = NOW - 1,
		.ext = { CA_EXTENSIONS } };

	(void)state;
	assert_true(is_err(verify_leaf(&LEAF, make(&old, NULL), CHAIN_BIRTH),
	    "chain-expired"));
}

static void
no_expiry_is_accepted(void **state)
{
	const struct spec ca = { .cn = "ca",
		.not_after = CERT_NO_EXPIRY,
		.ext = { CA_EXTENSIONS } };
	const struct spec leaf = { .cn = "leaf", .not_after = CERT_NO_EXPIRY };
	struct holder anchor = make(&ca, NULL);

	(void)state;
	assert_null(verify_leaf(&leaf, anchor, CHAIN_BIRTH));
	cx.now = INT64_C(4102444800); /* the year 2100 */
	assert_null(verify_leaf(&leaf, anchor, CHAIN_BIRTH));
}

static void
purposes_of_the_leaf(void **state)
{
	static const struct {
		struct extension ext;
		bool client, birth;
	} cases[] = {
		{ { NULL, NULL }, false, true },
		{ { "extendedKeyUsage", "clientAuth" }, true, true },
		{ { "extendedKeyUsage", "clientAuth,serverAuth" }, true, true },
		{ { "extendedKeyUsage", "anyExtendedKeyUsage" }, false, true },
		{ { "extendedKeyUsage", "serverAuth" }, false, false },
		{ { "extendedKeyUsage", "codeSigning" }, false, false },
		{ { "keyUsage", "digitalSignature" }, false, true },
		{ { "keyUsage", "keyAgreement" }, false, false },
	};
	struct holder ca = make_ca("ca", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct spec s = { .cn = "leaf", .ext = { cases[i].ext } };

		if ((verify_leaf(&s, ca, CHAIN_CLIENT) == NULL) !=
			cases[i].client ||
		    (verify_leaf(&s, ca, CHAIN_BIRTH) == NULL) !=
			cases[i].birth)
			wrong("case %zu", i);
	}
}

static void
a_ca_is_no_leaf(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct bytes mid = make_ca("mid", &ca).der;

	(void)state;
	assert_true(is_err(verify(&mid, 1, ca, CHAIN_BIRTH), "chain-purpose"));
	assert_true(
	    is_err(verify(&ca.der, 1, ca, CHAIN_BIRTH), "chain-purpose"));
}

/* The oldest attack on path validation: a leaf that signs. */
static void
a_leaf_is_no_ca(void **state)
{
	static const struct extension not_ca[][2] = {
		{ { NULL, NULL }, { NULL, NULL } },
		{ { "basicConstraints", "CA:FALSE" }, { NULL, NULL } },
		{ { "keyUsage", "keyCertSign" }, { NULL, NULL } },
		{ { "basicConstraints", "CA:TRUE" },
		    { "keyUsage", "digitalSignature" } },
		{ { "basicConstraints", "CA:TRUE" },
		    { "extendedKeyUsage", "serverAuth" } },
	};
	struct holder ca = make_ca("ca", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(not_ca); i++) {
		const struct spec s = { .cn = "mid",
			.ext = { not_ca[i][0], not_ca[i][1] } };
		struct holder mid = make(&s, &ca);
		struct bytes chain[] = { make(&LEAF, &mid).der, mid.der };

		if (verify(chain, 2, ca, CHAIN_BIRTH) == NULL)
			wrong("case %zu", i);
	}
}

static void
path_length_is_respected(void **state)
{
	const struct spec zero = { .cn = "zero",
		.ext = { { "basicConstraints", "critical,CA:TRUE,pathlen:0" },
		    { "keyUsage", "critical,keyCertSign" } } };
	struct holder root = make_ca("root", NULL);
	struct holder mid = make(&zero, &root);
	struct holder below = make_ca("below", &mid);
	struct bytes good[] = { make(&LEAF, &mid).der, mid.der };
	struct bytes bad[] = { make(&LEAF, &below).der, below.der, mid.der };

	(void)state;
	assert_null(verify(good, 2, root, CHAIN_BIRTH));
	assert_non_null(verify(bad, 3, root, CHAIN_BIRTH));
}

static void
chains_of_more_than_the_limit_are_refused(void **state)
{
	struct holder ca[6];
	struct bytes chain[7];

	(void)state;
	ca[0] = make_ca("ca0", NULL);
	for (int i = 1; i < 6; i++)
		ca[i] = make_ca(arena_printf(cx.arena, "ca%d", i), &ca[i - 1]);
	/* Leaf and four intermediates below the anchor: the limit. */
	chain[0] = make(&LEAF, &ca[4]).der;
	for (int i = 1; i < 5; i++)
		chain[i] = ca[5 - i].der;
	assert_null(verify(chain, 5, ca[0], CHAIN_BIRTH));
	chain[0] = make(&LEAF, &ca[5]).der;
	for (int i = 1; i < 6; i++)
		chain[i] = ca[6 - i].der;
	assert_true(
	    is_err(verify(chain, 6, ca[0], CHAIN_BIRTH), "chain-shape"));
	assert_true(
	    is_err(verify(chain, 0, ca[0], CHAIN_BIRTH), "chain-shape"));
}

static void
weak_hashes_and_keys_are_refused(void **state)
{
	const struct spec sha1 = {
		.cn = "mid", .md = "SHA1", .ext = { CA_EXTENSIONS }
	};
	const struct spec plain = { .cn = "mid", .ext = { CA_EXTENSIONS } };
	struct holder ca = make_ca("ca", NULL);
	struct holder mid = make(&sha1, &ca);
	struct holder weak = make_with(&plain, make_key("RSA-1024"), &ca);
	struct bytes a[] = { make(&LEAF, &mid).der, mid.der };
	struct bytes b[] = { make(&LEAF, &weak).der, weak.der };

	(void)state;
	assert_true(is_err(verify(a, 2, ca, CHAIN_BIRTH), "chain-weak"));
	assert_true(is_err(verify(b, 2, ca, CHAIN_BIRTH), "chain-shape"));
}

static void
other_accepted_algorithms_verify(void **state)
{
	static const char *const kinds[] = { "P-384", "RSA-2048", "ED25519" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const char *md = strcmp(kinds[i], "ED25519") == 0 ? "" : NULL;
		const struct spec s = {
			.cn = "ca", .md = md, .ext = { CA_EXTENSIONS }
		};
		const struct spec l = { .cn = "leaf", .md = md };

		assert_null(verify_leaf(
		    &l, make_with(&s, make_key(kinds[i]), NULL), CHAIN_BIRTH));
	}
}

static void
an_unknown_critical_extension_is_refused(void **state)
{
	const struct spec critical = { .cn = "leaf",
		.ext = { { "1.2.3.4", "critical,ASN1:NULL" } } };
	const struct spec not_critical = { .cn = "leaf",
		.ext = { { "1.2.3.4", "ASN1:NULL" } } };
	struct holder ca = make_ca("ca", NULL);

	(void)state;
	assert_non_null(verify_leaf(&critical, ca, CHAIN_BIRTH));
	assert_null(verify_leaf(&not_critical, ca, CHAIN_BIRTH));
}

static void
a_changed_byte_is_refused(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct bytes der = make(&LEAF, &ca).der;
	uint8_t *p = arena_alloc(cx.arena, der.n);
	struct bytes leaf = { p, der.n };

	(void)state;
	memcpy(p, der.p, der.n);
	p[der.n - 1] ^= 1;
	assert_true(
	    is_err(verify(&leaf, 1, ca, CHAIN_BIRTH), "chain-untrusted"));
}

/* cert_parse leaves the check of the point to the library. */
static void
a_leaf_with_a_point_off_the_curve_is_refused(void **state)
{
	const size_t point = 65;
	struct holder ca = make_ca("ca", NULL), h = make(&LEAF, &ca);
	struct bytes spki = spki_of(h.key), leaf;
	unsigned char *bad = OPENSSL_malloc(point);

	(void)state;
	memcpy(bad, spki.p + spki.n - point, point);
	bad[point - 1] ^= 1;
	assert_int_equal(
	    1, X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(h.x),
		   OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
		   OBJ_nid2obj(NID_X9_62_prime256v1), bad, (int)point));
	assert_true(X509_sign(h.x, ca.key, EVP_sha256()) > 0);
	leaf = der_of(h.x);
	assert_non_null(verify(&leaf, 1, ca, CHAIN_BIRTH));
	assert_non_null(verify(&leaf, 1, ca, CHAIN_CLIENT));
}

/* A11: an anchor shared by two makers tells them apart by intermediate. */
static void
scope_demands_the_named_intermediate(void **state)
{
	struct holder root = make_ca("root", NULL);
	struct holder one = make_ca("one", &root), two = make_ca("two", &root);
	struct bytes a[] = { make(&LEAF, &one).der, one.der, root.der };
	struct bytes direct = make(&LEAF, &root).der;
	struct cert c, r;
	struct bytes scope;

	(void)state;
	assert_null(cert_parse(&cx, one.der, &c));
	assert_null(cert_parse(&cx, root.der, &r));
	scope = BYTES_OF(c.key_sha256);
	assert_null(chain_verify_anchor(&cx, a, 3, NULL, root.der, BYTES_NONE));
	assert_null(chain_verify_anchor(&cx, a, 3, NULL, root.der, scope));
	a[0] = make(&LEAF, &two).der;
	a[1] = two.der;
	assert_true(
	    is_err(chain_verify_anchor(&cx, a, 3, NULL, root.der, scope),
		"chain-scope"));
	/* Sending the named intermediate along does not help. */
	a[2] = one.der;
	assert_true(
	    is_err(chain_verify_anchor(&cx, a, 3, NULL, root.der, scope),
		"chain-scope"));
	assert_true(
	    is_err(chain_verify_anchor(&cx, &direct, 1, NULL, root.der, scope),
		"chain-scope"));
	/* The anchor itself is not an intermediate below it. */
	assert_true(is_err(chain_verify_anchor(&cx, &direct, 1, NULL, root.der,
			       BYTES_OF(r.key_sha256)),
	    "chain-scope"));
}

static void
trust_of_garbage_is_none(void **state)
{
	struct bytes garbage = LIT("0");

	(void)state;
	assert_null(trust_new(&garbage, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(leaf_below_the_anchor_is_accepted),
		UNIT_TEST(an_anchor_need_not_be_a_root),
		UNIT_TEST(another_ca_of_the_same_name_is_not_trusted),
		UNIT_TEST(time_is_that_of_the_context_at_each_call),
		UNIT_TEST(an_expired_anchor_is_refused),
		UNIT_TEST(no_expiry_is_accepted),
		UNIT_TEST(purposes_of_the_leaf),
		UNIT_TEST(a_ca_is_no_leaf),
		UNIT_TEST(a_leaf_is_no_ca),
		UNIT_TEST(path_length_is_respected),
		UNIT_TEST(chains_of_more_than_the_limit_are_refused),
		UNIT_TEST(weak_hashes_and_keys_are_refused),
		UNIT_TEST(other_accepted_algorithms_verify),
		UNIT_TEST(an_unknown_critical_extension_is_refused),
		UNIT_TEST(a_changed_byte_is_refused),
		UNIT_TEST(a_leaf_with_a_point_off_the_curve_is_refused),
		UNIT_TEST(scope_demands_the_named_intermediate),
		UNIT_TEST(trust_of_garbage_is_none),
	};

	return cmocka_run_group_tests_name("pki/chain", tests, NULL, NULL);
}
