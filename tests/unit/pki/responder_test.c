#include "tests/unit/pki/material.h"

#include <openssl/ocsp.h>

#include "pki/reason.h"
#include "pki/responder.h"
#include "pki/signer_internal.h"

static void
own_signer(void *p)
{
	signer_free(p);
}

static void
own_response(void *p)
{
	OCSP_RESPONSE_free(p);
}

static struct signer *
ca_until(int64_t not_after)
{
	const struct spec s = { .cn = "ca",
		.not_after = not_after,
		.ext = { CA_EXTENSIONS, { "subjectKeyIdentifier", "hash" } } };
	struct holder h = make(&s, NULL);
	struct signer *signer;

	X509_up_ref(h.x);
	EVP_PKEY_up_ref(h.key);
	signer = signer_wrap(h.x, h.key);
	assert_non_null(signer);
	arena_own(cx.arena, own_signer, signer);
	return signer;
}

/* What OpenSSL asks about serial 1 of the CA. */
static struct ocsp_request
question(const struct signer *ca, const EVP_MD *md)
{
	OCSP_REQUEST *rq = OCSP_REQUEST_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	unsigned char *der = NULL;
	struct ocsp_request out;
	int n;

	assert_true(ASN1_INTEGER_set(serial, 1));
	assert_non_null(OCSP_request_add0_id(
	    rq, OCSP_cert_id_new(md, X509_get_subject_name(ca->cert),
		    X509_get0_pubkey_bitstr(ca->cert), serial)));
	n = i2d_OCSP_REQUEST(rq, &der);
	assert_true(n > 0);
	assert_null(ocsp_request_parse(
	    &cx, bytes_dup(cx.arena, (struct bytes){ der, (size_t)n }), &out));
	OPENSSL_free(der);
	ASN1_INTEGER_free(serial);
	OCSP_REQUEST_free(rq);
	return out;
}

/* The answer as OpenSSL reads it, verified under the CA. */
static OCSP_BASICRESP *
verified(struct bytes der, const struct signer *ca)
{
	const unsigned char *p = der.p;
	OCSP_RESPONSE *rs = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
	X509_STORE *store = X509_STORE_new();
	OCSP_BASICRESP *basic;

	assert_non_null(rs);
	assert_ptr_equal(p, der.p + der.n);
	arena_own(cx.arena, own_response, rs);
	basic = OCSP_response_get1_basic(rs);
	assert_non_null(basic);
	X509_STORE_add_cert(store, ca->cert);
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), NOW);
	X509_VERIFY_PARAM_set_flags(
	    X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
	assert_int_equal(OCSP_basic_verify(basic, NULL, store, 0), 1);
	X509_STORE_free(store);
	return basic;
}

/* The status of the one certificate, and its reason. */
static int
status(struct bytes der, const struct signer *ca, int *reason)
{
	OCSP_BASICRESP *basic = verified(der, ca);
	int v;

	assert_int_equal(OCSP_resp_count(basic), 1);
	v = OCSP_single_get0_status(
	    OCSP_resp_get0(basic, 0), reason, NULL, NULL, NULL);
	OCSP_BASICRESP_free(basic);
	return v;
}

static void
openssl_verifies_each_answer(void **state)
{
	const EVP_MD *md[] = { EVP_sha1(), EVP_sha256() };
	struct signer *ca = ca_until(NOW + 365 * DAY);
	AUTO_STRUCT(responder) *r = responder_new(ca, NOW);
	struct ocsp_single s = { .revoked_at = NOW - 5 };
	struct ocsp_answer a = { .single = &s,
		.n = 1,
		.this_update = NOW,
		.next_update = NOW + 300 };
	struct ocsp_request rq;
	int reason;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(md); i++) {
		rq = question(ca, md[i]);
		assert_true(responder_is_for(r, &rq.cert[0]));
		s.id = &rq.cert[0];
		s.state = OCSP_GOOD;
		assert_int_equal(
		    status(responder_sign(&cx, r, &a), ca, &reason),
		    V_OCSP_CERTSTATUS_GOOD);
		s.state = OCSP_UNKNOWN;
		assert_int_equal(
		    status(responder_sign(&cx, r, &a), ca, &reason),
		    V_OCSP_CERTSTATUS_UNKNOWN);
		s.state = OCSP_REVOKED;
		s.reason = 1;
		assert_int_equal(
		    status(responder_sign(&cx, r, &a), ca, &reason),
		    V_OCSP_CERTSTATUS_REVOKED);
		assert_int_equal(reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
		s.reason = REASON_UNSPECIFIED;
		assert_int_equal(
		    status(responder_sign(&cx, r, &a), ca, &reason),
		    V_OCSP_CERTSTATUS_REVOKED);
		assert_int_equal(reason, OCSP_REVOKED_STATUS_NOSTATUS);
	}
}

static void
another_ca_is_not_answered_for(void **state)
{
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct signer *other = ca_until(NOW + 365 * DAY);
	AUTO_STRUCT(responder) *r = responder_new(ca, NOW);
	struct ocsp_request rq = question(other, EVP_sha1());

	(void)state;
	/* Of the same name, with another key. */
	assert_false(responder_is_for(r, &rq.cert[0]));
	assert_true(responder_issued(r, ca->der)); /* by itself */
	assert_false(responder_issued(r, rq.cert[0].whole));
}

static void
a_responder_is_renewed_and_ends_with_its_ca(void **state)
{
	struct signer *ca = ca_until(NOW + 60);
	AUTO_STRUCT(responder) *r = responder_new(ca, NOW);
	struct ocsp_request rq = question(ca, EVP_sha1());
	struct ocsp_single s = { .id = &rq.cert[0] };
	struct ocsp_answer a = { .single = &s,
		.n = 1,
		.this_update = NOW,
		.next_update = NOW + 300 };

	(void)state;
	assert_false(responder_is_due(r, NOW));
	assert_true(responder_is_due(r, NOW + DAY));
	assert_false(responder_is_due(r, NOW - 3600));
	assert_true(responder_is_due(r, NOW - 3601));
	(void)responder_sign(&cx, r, &a);
	assert_int_equal(a.next_update, NOW + 60);
	assert_null(responder_new(ca, NOW + 60));
}

static void
the_feeds_words_are_reasons(void **state)
{
	(void)state;
	assert_int_equal(reason_number("keyCompromise"), 1);
	assert_int_equal(reason_number("unspecified"), 0);
	assert_int_equal(reason_number("released"), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(openssl_verifies_each_answer),
		UNIT_TEST(another_ca_is_not_answered_for),
		UNIT_TEST(a_responder_is_renewed_and_ends_with_its_ca),
		UNIT_TEST(the_feeds_words_are_reasons),
	};

	return cmocka_run_group_tests_name("pki/responder", tests, NULL, NULL);
}
