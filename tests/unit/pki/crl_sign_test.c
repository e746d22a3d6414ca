#include "tests/unit/pki/material.h"

#include "pki/crl.h"
#include "pki/crl_sign.h"
#include "pki/issue.h"
#include "pki/profile.h"
#include "pki/signer_internal.h"
#include "pki/signers.h"

static void
own_signers(void *p)
{
	signers_free(p);
}

static void
own_list(void *p)
{
	mem_free(p);
}

/* A CA alone among those of a node. */
static struct signers *
one_ca(void)
{
	const struct spec s = { .cn = "ca",
		.not_after = NOW + 365 * DAY,
		.ext = { CA_EXTENSIONS, { "subjectKeyIdentifier", "hash" } } };
	struct holder h = make(&s, NULL);
	struct signers *all;
	char why[256];

	X509_up_ref(h.x);
	EVP_PKEY_up_ref(h.key);
	all = signers_open(signer_wrap(h.x, h.key), "ca.crt", "", why);
	assert_non_null(all);
	arena_own(cx.arena, own_signers, all);
	return all;
}

static struct bytes
sign(const struct signer *ca, const struct crl_revoked *v, size_t n)
{
	struct crl_spec spec = { .this_update = NOW,
		.next_update = NOW + DAY,
		.number = UINT64_C(0x8000000000000000),
		.v = v,
		.n = n };
	struct bytes der = crl_sign(ca, &spec);

	arena_own(cx.arena, own_list, (void *)(uintptr_t)der.p);
	return der;
}

/* As OpenSSL and as our own reader of other people's lists have it. */
static X509_CRL *
verified(struct bytes der, const struct signer *ca)
{
	const unsigned char *p = der.p;
	X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)der.n);
	struct crl crl;

	assert_non_null(x);
	assert_ptr_equal(p, der.p + der.n);
	assert_int_equal(X509_CRL_verify(x, ca->key), 1);
	if (der.n <= LIMIT_CRL) {
		assert_null(crl_parse(&cx, der, &crl));
		assert_null(crl_current(&cx, &crl));
		assert_true(crl.number && !crl.number_critical);
		assert_int_equal(crl.next_update, NOW + DAY);
	}
	return x;
}

static void
a_list_without_entries_is_one(void **state)
{
	const struct signer *ca = signers_at(one_ca(), 0);
	X509_CRL *x = verified(sign(ca, NULL, 0), ca);

	(void)state;
	assert_null(X509_CRL_get_REVOKED(x));
	X509_CRL_free(x);
}

static void
entries_say_when_and_why(void **state)
{
	const struct signer *ca = signers_at(one_ca(), 0);
	struct crl_revoked v[] = {
		{ .serial = { [15] = 0 }, .revoked_at = NOW - 3 },
		{ .serial = { [15] = 0x80 },
		    .revoked_at = NOW - 2,
		    .reason = 1 },
		{ .serial = { 0x7f, 1 }, .revoked_at = NOW - 1, .reason = 5 },
	};
	X509_CRL *x = verified(sign(ca, v, COUNT(v)), ca);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	X509_REVOKED *r;

	(void)state;
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(x)), 3);
	assert_true(ASN1_INTEGER_set(serial, 0x80));
	assert_int_equal(X509_CRL_get0_by_serial(x, &r, serial), 1);
	assert_int_equal(X509_REVOKED_get_ext_count(r), 1);
	assert_true(ASN1_INTEGER_set(serial, 0));
	assert_int_equal(X509_CRL_get0_by_serial(x, &r, serial), 1);
	assert_int_equal(X509_REVOKED_get_ext_count(r), 0);
	ASN1_INTEGER_free(serial);
	X509_CRL_free(x);
}

/* Lengths of three bytes. */
static void
a_long_list_is_whole(void **state)
{
	const struct signer *ca = signers_at(one_ca(), 0);
	struct crl_revoked *v = mem_new(30000, sizeof(*v));
	X509_CRL *x;
	size_t i;

	(void)state;
	for (i = 0; i < 30000; i++) {
		v[i].serial[0] = 1;
		v[i].serial[14] = (uint8_t)(i >> 8);
		v[i].serial[15] = (uint8_t)i;
		v[i].revoked_at = NOW;
		v[i].reason = 4;
	}
	x = verified(sign(ca, v, 30000), ca);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(x)), 30000);
	X509_CRL_free(x);
	mem_free(v);
}

/* As OpenSSL prints it, where that is the shortest way to see it. */
static const char *
printed(X509_CRL *x)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p, *text;
	long n;

	assert_int_equal(X509_CRL_print(b, x), 1);
	n = BIO_get_mem_data(b, &p);
	text = arena_printf(cx.arena, "%.*s", (int)n, p);
	BIO_free(b);
	return text;
}

static void
a_part_names_its_distribution_point(void **state)
{
	const struct signer *ca = signers_at(one_ca(), 0);
	struct crl_spec spec = { .this_update = NOW,
		.next_update = NOW + DAY,
		.number = 7,
		.point = "http://a/crl/b/2026-11-28.crl" };
	struct bytes der = crl_sign(ca, &spec);
	X509_CRL *x = verified(der, ca);
	const char *text = printed(x);

	(void)state;
	arena_own(cx.arena, own_list, (void *)(uintptr_t)der.p);
	text = strstr(text, "Issuing Distribution Point: critical");
	assert_non_null(text);
	assert_non_null(strstr(text, "URI:http://a/crl/b/2026-11-28.crl"));
	X509_CRL_free(x);
}

static void
a_list_says_where_its_delta_is_and_that_its_base(void **state)
{
	const struct signer *ca = signers_at(one_ca(), 0);
	struct crl_spec spec = { .this_update = NOW,
		.next_update = NOW + DAY,
		.number = 7,
		.freshest = "http://a/crl/b/delta.crl" };
	struct bytes base = crl_sign(ca, &spec), delta;
	X509_CRL *x = verified(base, ca);
	const char *text = strstr(printed(x), "X509v3 Freshest CRL: \n");

	(void)state;
	arena_own(cx.arena, own_list, (void *)(uintptr_t)base.p);
	assert_non_null(text);
	assert_non_null(strstr(text, "URI:http://a/crl/b/delta.crl"));
	X509_CRL_free(x);
	spec = (struct crl_spec){ .this_update = NOW,
		.next_update = NOW + DAY,
		.number = 9,
		.base = 7 };
	delta = crl_sign(ca, &spec);
	arena_own(cx.arena, own_list, (void *)(uintptr_t)delta.p);
	x = d2i_X509_CRL(
	    NULL, &(const unsigned char *){ delta.p }, (long)delta.n);
	assert_int_equal(X509_CRL_verify(x, ca->key), 1);
	text = strstr(printed(x), "X509v3 Delta CRL Indicator: critical");
	assert_non_null(text);
	assert_non_null(strstr(text, " 7\n"));
	X509_CRL_free(x);
}

static void
a_certificate_leads_to_its_ca(void **state)
{
	static const struct profile p = {
		.name = "service", .kind = PROFILE_SERVICE, .lifetime = DAY
	};
	struct signers *all = one_ca();
	struct issue io = { .profile = &p,
		.id = "a",
		.spki = spki_of(make_key("P-256")),
		.now = NOW };

	(void)state;
	assert_null(issue_certificate(&cx, signers_at(all, 0), &io));
	assert_true(io.der.n > 256);
	io.der.n = 256;
	assert_int_equal(crl_issuer_of(all, io.der), 0);
	io.der.n = 20;
	assert_int_equal(crl_issuer_of(all, io.der), -1);
	assert_int_equal(crl_issuer_of(all, BYTES_NONE), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_list_without_entries_is_one),
		UNIT_TEST(entries_say_when_and_why),
		UNIT_TEST(a_long_list_is_whole),
		UNIT_TEST(a_part_names_its_distribution_point),
		UNIT_TEST(a_list_says_where_its_delta_is_and_that_its_base),
		UNIT_TEST(a_certificate_leads_to_its_ca),
	};

	return cmocka_run_group_tests_name("pki/crl_sign", tests, NULL, NULL);
}
