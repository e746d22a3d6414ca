#include "tests/unit/pki/material.h"

#include "pki/csr_names.h"

#define ID "0b7c3f6e-2a41-4c7e-9a55-0d2d5f0a2f11"
#define OTHER "4c6c1b9a-6f0f-4f0a-8e27-0d2d5f0a2f11"
#define URI(id) "URI:urn:uuid:" id
#define NAMES URI(ID) ",DNS:lamp.example"

/* What a request says; NULL: nothing. */
struct asked {
	const char *cn;
	int string; /* of the CN; 0: UTF8String */
	const char *san;
	const char *change; /* the DER of a ChangeSubjectName in hex */
};

static struct bytes
certificate(void)
{
	struct spec s = { .cn = ID, .ext = { { "subjectAltName", NAMES } } };

	return make(&s, NULL).der;
}

static void
add_san(X509_REQ *req, const char *san)
{
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();

	sk_X509_EXTENSION_push(
	    exts, X509V3_EXT_nconf(NULL, NULL, "subjectAltName", san));
	assert_int_equal(1, X509_REQ_add_extensions(req, exts));
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
}

static void
add_change(X509_REQ *req, const char *hex)
{
	struct bytes der;

	assert_true(bytes_from_hex(cx.arena, bytes_str(hex), &der));
	assert_int_equal(1, X509_REQ_add1_attr_by_txt(req, "1.3.6.1.5.5.7.7.36",
				V_ASN1_SEQUENCE, der.p, (int)der.n));
}

static struct csr
request(const struct asked *a)
{
	AUTO(X509_REQ) *req = X509_REQ_new();
	EVP_PKEY *key = make_key("P-256");
	unsigned char *der = NULL;
	struct csr csr;
	int n;

	if (a->cn != NULL)
		assert_int_equal(1,
		    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req),
			NID_commonName,
			a->string == 0 ? V_ASN1_UTF8STRING : a->string,
			(const unsigned char *)a->cn, -1, -1, 0));
	if (a->san != NULL)
		add_san(req, a->san);
	if (a->change != NULL)
		add_change(req, a->change);
	X509_REQ_set_pubkey(req, key);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	assert_true(n > 0);
	assert_null(csr_parse(&cx, (struct bytes){ der, (size_t)n }, &csr));
	OPENSSL_free(der);
	return csr;
}

static bool
matches(struct asked a)
{
	struct csr csr = request(&a);
	bool same = false;

	assert_null(csr_names_match(&cx, &csr, certificate(), &same));
	return same;
}

static void
names_that_are_not_said_stay(void **state)
{
	(void)state;
	assert_true(matches((struct asked){ .cn = NULL }));
	assert_true(matches((struct asked){ .cn = ID }));
	assert_true(matches((struct asked){ .san = NAMES }));
	assert_true(matches((struct asked){ .cn = ID, .san = NAMES }));
}

static void
a_subject_is_its_text(void **state)
{
	(void)state;
	assert_true(matches(
	    (struct asked){ .cn = ID, .string = V_ASN1_PRINTABLESTRING }));
	assert_true(
	    matches((struct asked){ .cn = ID, .string = V_ASN1_IA5STRING }));
	assert_false(matches((struct asked){ .cn = OTHER }));
	assert_false(matches((struct asked){ .cn = ID " " }));
}

static void
a_san_is_a_set(void **state)
{
	(void)state;
	assert_true(
	    matches((struct asked){ .san = "DNS:lamp.example," URI(ID) }));
	assert_false(matches((struct asked){ .san = URI(ID) }));
	assert_false(matches((struct asked){ .san = "DNS:lamp.example" }));
	assert_false(matches((struct asked){ .san = NAMES ",DNS:b.example" }));
	assert_false(
	    matches((struct asked){ .san = URI(OTHER) ",DNS:lamp.example" }));
	assert_false(
	    matches((struct asked){ .san = "email:lamp.example," URI(ID) }));
}

/* The DER of CN=x and of DNS:a: neither is the certificate's. */
#define CN_X "300c310a300806035504030c0178"
#define DNS_A "820161"

static void
a_wish_for_other_names_is_seen_however_tagged(void **state)
{
	static const char *const wishes[] = {
		"300e" CN_X,
		"3005"
		"3003" DNS_A,
		"3005"
		"a103" DNS_A,
		"3007"
		"a105"
		"3003" DNS_A,
		"3013" CN_X "3003" DNS_A,
		"3013" CN_X "a103" DNS_A,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		assert_false(matches((struct asked){ .change = wishes[i] }));
}

static void
a_malformed_wish_is_refused(void **state)
{
	static const char *const wishes[] = {
		"3000",           /* nothing */
		"30020500",       /* NULL */
		"301c" CN_X CN_X, /* two subjects */
		"300a"
		"3003" DNS_A "a103" DNS_A, /* two SANs */
		"3009"
		"a107"
		"3003" DNS_A "0500", /* more after it */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct csr csr =
		    request(&(struct asked){ .change = wishes[i] });
		bool same;

		assert_true(
		    is_err(csr_names_match(&cx, &csr, certificate(), &same),
			"bad-csr"));
	}
}

static const char *
device_of(struct asked a)
{
	struct csr csr = request(&a);

	return csr_names_device(&cx, &csr);
}

static void
the_device_is_found_by_cn_or_uri(void **state)
{
	(void)state;
	assert_string_equal(device_of((struct asked){ .cn = ID }), ID);
	assert_string_equal(device_of((struct asked){ .san = NAMES }), ID);
	assert_string_equal(device_of((struct asked){
				.san = "URI:spiffe://example.org/device/" ID }),
	    ID);
	assert_null(device_of((struct asked){ .cn = "dev1" }));
	assert_null(device_of((struct asked){ .san = "DNS:" ID }));
	assert_null(device_of((struct asked){ .cn = NULL }));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_TEST(names_that_are_not_said_stay),
		UNIT_TEST(a_subject_is_its_text),
		UNIT_TEST(a_san_is_a_set),
		UNIT_TEST(a_wish_for_other_names_is_seen_however_tagged),
		UNIT_TEST(a_malformed_wish_is_refused),
		UNIT_TEST(the_device_is_found_by_cn_or_uri),
	};

	return cmocka_run_group_tests_name("pki/csr_names", tests, NULL, NULL);
}
