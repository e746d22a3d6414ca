#include "tests/unit/unit.h"

#include "pki/ocsp_request.h"

static bool
accepted(struct bytes der)
{
	struct ocsp_request rq;

	return ocsp_request_parse(&cx, der, &rq) == NULL;
}

static void
each_rule_has_its_request(void **state)
{
	(void)state;
	unit_corpus("ocsp", accepted);
}

static struct ocsp_request
read_valid(const char *name)
{
	struct ocsp_request rq;
	struct bytes der = unit_file(
	    arena_printf(cx.arena, "tests/corpus/ocsp/valid/%s.der", name));

	assert_null(ocsp_request_parse(&cx, der, &rq));
	return rq;
}

static void
what_is_asked_is_read(void **state)
{
	struct ocsp_request rq = read_valid("sha256");

	(void)state;
	assert_int_equal(rq.n, 1);
	assert_int_equal(rq.cert[0].hash, OCSP_SHA256);
	assert_int_equal(rq.cert[0].issuer_name.n, 32);
	assert_int_equal(rq.cert[0].issuer_key.p[31], 0xbb);
	assert_int_equal(rq.cert[0].serial.n, 16);
	assert_int_equal(rq.nonce.n, 0);
	assert_int_equal(read_valid("eight-certificates").n, 8);
}

/* RFC 9654 section 2.1. */
static void
a_nonce_of_up_to_32_octets_is_to_be_repeated(void **state)
{
	(void)state;
	assert_int_equal(read_valid("nonce-1").nonce.n, 1);
	assert_int_equal(read_valid("nonce-32").nonce.n, 32);
	assert_int_equal(read_valid("nonce-128-left-out").nonce.n, 0);
}

/* It may be well-formed: the answer is unauthorized, not malformed. */
static void
an_unknown_hash_names_no_issuer_of_ours(void **state)
{
	struct ocsp_request rq;

	(void)state;
	assert_ptr_equal(
	    ocsp_request_parse(&cx,
		unit_file("tests/corpus/ocsp/invalid/hash-not-known.der"), &rq),
	    &ERR_OCSP_ISSUER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_rule_has_its_request),
		UNIT_TEST(what_is_asked_is_read),
		UNIT_TEST(a_nonce_of_up_to_32_octets_is_to_be_repeated),
		UNIT_TEST(an_unknown_hash_names_no_issuer_of_ours),
	};

	return cmocka_run_group_tests_name(
	    "pki/ocsp_request", tests, NULL, NULL);
}
