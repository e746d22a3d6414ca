#include "tests/unit/pki/material.h"

#include "pki/path.h"

/* The published cases (tests/vectors/x509-path) hold the rules; here is what
 * they do not ask: searches that end, and how revocation is asked. */

static const struct spec LEAF = { .cn = "leaf",
	.ext = { { "subjectAltName", "DNS:*.example.com,IP:192.0.2.1" } } };

static struct path_rules rules;

static const struct err *
validate(const struct bytes *chain, size_t n, struct holder anchor,
    const struct bytes *crl, size_t n_crls)
{
	struct path_anchor a = { .der = anchor.der, .issues = true };
	struct path_input in = { .leaf = chain[0],
		.anchor = &a,
		.n_anchors = 1,
		.pool = chain + 1,
		.n_pool = n - 1,
		.crl = crl,
		.n_crls = n_crls };
	struct path path;

	return path_validate(&cx, &in, &rules, &path);
}

static int
fresh_rules(void **state)
{
	rules = (struct path_rules){ .weak = false };
	return unit_setup(state);
}

#define PATH_TEST(f) cmocka_unit_test_setup_teardown(f, fresh_rules, unit_end)

static void
a_path_is_found_in_any_order_among_strangers(void **state)
{
	struct holder root = make_ca("root", NULL);
	struct holder a = make_ca("a", &root), b = make_ca("b", &a);
	struct holder stranger = make_ca("a", NULL);
	uint8_t garbage[] = { 0x30, 0x03, 0x02, 0x01 };
	struct bytes chain[] = { make(&LEAF, &b).der, BYTES_OF(garbage),
		stranger.der, a.der, b.der };

	(void)state;
	assert_null(validate(chain, 5, root, NULL, 0));
	assert_true(
	    is_err(validate(chain, 4, root, NULL, 0), "chain-untrusted"));
	assert_true(
	    is_err(validate(chain, 5, stranger, NULL, 0), "chain-untrusted"));
}

/* A sender's CAs that all have one name and one key sign each other in every
 * way; the search still ends. */
static void
a_circle_ends(void **state)
{
	struct holder root = make_ca("root", NULL), ring[6];
	EVP_PKEY *key = make_key("P-256");
	struct spec s = { .ext = { CA_EXTENSIONS } };
	struct bytes chain[LIMIT_PATH_POOL + 1];
	size_t i, n = 1;

	(void)state;
	for (i = 0; i < COUNT(ring); i++) {
		s.cn = i % 2 == 0 ? "x" : "y";
		ring[i] = make_with(&s, key, i == 0 ? NULL : &ring[i - 1]);
		chain[n++] = ring[i].der;
	}
	chain[0] = make(&LEAF, &ring[5]).der;
	assert_true(
	    is_err(validate(chain, n, root, NULL, 0), "chain-untrusted"));
	while (n < COUNT(chain))
		chain[n++] = ring[0].der;
	assert_true(
	    is_err(validate(chain, n, root, NULL, 0), "chain-untrusted"));
}

static void
more_certificates_than_the_limit_are_refused(void **state)
{
	struct holder root = make_ca("root", NULL);
	struct bytes chain[LIMIT_PATH_POOL + 2];
	size_t i;

	(void)state;
	chain[0] = make(&LEAF, &root).der;
	for (i = 1; i < COUNT(chain); i++)
		chain[i] = root.der;
	assert_null(validate(chain, COUNT(chain) - 1, root, NULL, 0));
	assert_true(is_err(
	    validate(chain, COUNT(chain), root, NULL, 0), "chain-shape"));
}

static struct bytes
make_crl(const struct holder *by, const struct holder *revoked)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)(NOW - DAY));
	ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)(NOW + DAY));
	unsigned char *der = NULL;
	struct bytes out;
	int n;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->x));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, next);
	if (revoked != NULL) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(
		    r, X509_get_serialNumber(revoked->x));
		X509_REVOKED_set_revocationDate(r, now);
		X509_CRL_add0_revoked(crl, r);
	}
	assert_true(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0);
	n = i2d_X509_CRL(crl, &der);
	assert_true(n > 0);
	out = bytes_dup(cx.arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	X509_CRL_free(crl);
	return out;
}

#define LIST_CA                                            \
	{ "basicConstraints", "critical,CA:TRUE" },        \
	{                                                  \
		"keyUsage", "critical,keyCertSign,cRLSign" \
	}

static void
revocation_is_asked_as_the_rules_say(void **state)
{
	struct spec s = { .cn = "root", .ext = { LIST_CA } };
	struct holder root = make(&s, NULL), leaf = make(&LEAF, &root);
	struct bytes listed = make_crl(&root, &leaf);
	struct bytes clean = make_crl(&root, NULL);

	(void)state;
	assert_null(validate(&leaf.der, 1, root, &listed, 1));
	rules.crl = PATH_CRL_KNOWN;
	assert_null(validate(&leaf.der, 1, root, NULL, 0));
	assert_null(validate(&leaf.der, 1, root, &clean, 1));
	assert_true(
	    is_err(validate(&leaf.der, 1, root, &listed, 1), "path-revoked"));
	rules.crl = PATH_CRL_NEEDED;
	assert_null(validate(&leaf.der, 1, root, &clean, 1));
	assert_true(
	    is_err(validate(&leaf.der, 1, root, NULL, 0), "path-no-crl"));
	/* An old list does not vouch, but what it revoked stays revoked. */
	cx.now = NOW + DAY + 1;
	s = LEAF;
	s.not_after = NOW + 9 * DAY;
	leaf = make(&s, &root);
	listed = make_crl(&root, &leaf);
	assert_true(
	    is_err(validate(&leaf.der, 1, root, &clean, 1), "path-no-crl"));
	assert_true(
	    is_err(validate(&leaf.der, 1, root, &listed, 1), "path-revoked"));
	cx.now = NOW;
}

/* Another maker's list of the same name says nothing. */
static void
a_list_by_another_key_does_not_count(void **state)
{
	struct spec s = { .cn = "root", .ext = { LIST_CA } };
	struct holder root = make(&s, NULL), leaf = make(&LEAF, &root);
	struct holder other = make(&s, NULL);
	struct holder mute = make_ca("mute", NULL), below = make(&LEAF, &mute);
	struct bytes listed = make_crl(&other, &leaf);
	struct bytes unfit = make_crl(&mute, &below);

	(void)state;
	rules.crl = PATH_CRL_KNOWN;
	assert_null(validate(&leaf.der, 1, root, &listed, 1));
	/* keyUsage without cRLSign. */
	assert_null(validate(&below.der, 1, mute, &unfit, 1));
	rules.crl = PATH_CRL_NEEDED;
	assert_true(
	    is_err(validate(&leaf.der, 1, root, &listed, 1), "path-no-crl"));
}

static void
a_host_is_named_in_full(void **state)
{
	struct holder root = make_ca("root", NULL), leaf = make(&LEAF, &root);
	static const struct {
		const char *host;
		bool named;
	} rows[] = { { "a.example.com", true }, { "A.EXAMPLE.COM", true },
		{ "192.0.2.1", true }, { "192.0.2.2", false },
		{ "example.com", false }, { "a.b.example.com", false },
		{ "leaf", false }, { ".example.com", false },
		{ "2001:db8::1", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rules.host = rows[i].host;
		assert_int_equal(validate(&leaf.der, 1, root, NULL, 0) == NULL,
		    rows[i].named);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(a_path_is_found_in_any_order_among_strangers),
		PATH_TEST(a_circle_ends),
		PATH_TEST(more_certificates_than_the_limit_are_refused),
		PATH_TEST(revocation_is_asked_as_the_rules_say),
		PATH_TEST(a_list_by_another_key_does_not_count),
		PATH_TEST(a_host_is_named_in_full),
	};

	return cmocka_run_group_tests_name("pki/path", tests, NULL, NULL);
}
