#include "tests/unit/pki/material.h"

#include "pki/crl.h"

/* A list being made; entries are serial numbers. */
struct list {
	const struct holder *by;
	int64_t next_update;  /* 0: a day from now */
	const char *point;    /* issuingDistributionPoint, or NULL */
	long serial[4];       /* 0: no more */
	X509_NAME *issuer_of; /* certificateIssuer of the second entry */
	bool crl_number_critical;
};

static void
set_serial(X509_REVOKED *r, long n)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(NOW - DAY));

	assert_int_equal(1, ASN1_INTEGER_set(serial, n));
	assert_int_equal(1, X509_REVOKED_set_serialNumber(r, serial));
	assert_int_equal(1, X509_REVOKED_set_revocationDate(r, when));
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
}

static void
set_issuer(X509_REVOKED *r, const X509_NAME *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();

	GENERAL_NAME_set0_value(one, GEN_DIRNAME, X509_NAME_dup(name));
	assert_int_equal(1, sk_GENERAL_NAME_push(names, one));
	assert_int_equal(1,
	    X509_REVOKED_add1_ext_i2d(r, NID_certificate_issuer, names, 1, 0));
	GENERAL_NAMES_free(names);
}

static void
add_point(X509_CRL *crl, const char *value)
{
	X509_EXTENSION *e =
	    X509V3_EXT_nconf(NULL, NULL, "issuingDistributionPoint", value);

	assert_non_null(e);
	assert_int_equal(1, X509_CRL_add_ext(crl, e, -1));
	X509_EXTENSION_free(e);
}

static void
add_entries(X509_CRL *crl, const struct list *l)
{
	for (size_t i = 0; i < 4 && l->serial[i] != 0; i++) {
		X509_REVOKED *r = X509_REVOKED_new();

		set_serial(r, l->serial[i]);
		if (i == 1 && l->issuer_of != NULL)
			set_issuer(r, l->issuer_of);
		assert_int_equal(1, X509_CRL_add0_revoked(crl, r));
	}
}

static struct bytes
make_list(const struct list *l)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)(NOW - DAY));
	ASN1_TIME *next = ASN1_TIME_set(
	    NULL, (time_t)(l->next_update == 0 ? NOW + DAY : l->next_update));
	unsigned char *der = NULL;
	struct bytes out;
	int n;

	assert_int_equal(1, X509_CRL_set_version(crl, 1));
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(l->by->x));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, next);
	if (l->point != NULL)
		add_point(crl, l->point);
	add_entries(crl, l);
	assert_true(X509_CRL_sign(crl, l->by->key, EVP_sha256()) > 0);
	n = i2d_X509_CRL(crl, &der);
	assert_true(n > 0);
	out = bytes_dup(cx.arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	X509_CRL_free(crl);
	return out;
}

static struct crl
read_list(const struct list *l)
{
	struct crl crl;

	assert_null(crl_parse(&cx, make_list(l), &crl));
	return crl;
}

static struct bytes
serial_of(long n)
{
	uint8_t *p = arena_alloc(cx.arena, 2);

	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
	return n < 0x80 ? (struct bytes){ p + 1, 1 } : (struct bytes){ p, 2 };
}

static struct path_cert
parse(const struct holder *h)
{
	struct path_cert c;

	assert_null(path_cert_parse(&cx, h->der, &c));
	return c;
}

static void
a_list_names_what_its_issuer_revoked(void **state)
{
	struct holder ca = make_ca("ca", NULL), other = make_ca("other", NULL);
	struct list l = { .by = &ca, .serial = { 1000, 7 } };
	struct crl crl = read_list(&l);
	struct path_cert c = parse(&ca), o = parse(&other);

	(void)state;
	assert_null(crl_current(&cx, &crl));
	assert_true(crl_lists(&crl, c.subject_dn, serial_of(1000)));
	assert_true(crl_lists(&crl, c.subject_dn, serial_of(7)));
	assert_false(crl_lists(&crl, c.subject_dn, serial_of(8)));
	assert_false(crl_lists(&crl, o.subject_dn, serial_of(7)));
	assert_true(crl_signed_by(&crl, c.spki, false));
	assert_false(crl_signed_by(&crl, o.spki, false));
	assert_false(crl_repeats(&crl));
}

/* RFC 5280 section 5.3.3: the issuer named by an entry is that of those that
 * follow, too. */
static void
an_indirect_list_names_other_issuers_from_an_entry_on(void **state)
{
	struct holder ca = make_ca("ca", NULL), maker = make_ca("maker", NULL);
	struct list l = { .by = &ca,
		.point = "critical,indirectCRL:TRUE",
		.serial = { 1, 2, 3 },
		.issuer_of = X509_get_subject_name(maker.x) };
	struct crl crl = read_list(&l);
	struct path_cert c = parse(&ca), m = parse(&maker);

	(void)state;
	assert_true(crl.indirect);
	assert_true(crl_lists(&crl, c.subject_dn, serial_of(1)));
	assert_false(crl_lists(&crl, c.subject_dn, serial_of(2)));
	assert_false(crl_lists(&crl, c.subject_dn, serial_of(3)));
	assert_true(crl_lists(&crl, m.subject_dn, serial_of(2)));
	assert_true(crl_lists(&crl, m.subject_dn, serial_of(3)));
	l.point = NULL;
	assert_true(is_err(crl_parse(&cx, make_list(&l), &crl), "bad-crl"));
}

static void
a_list_past_its_update_is_not_current(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct list l = { .by = &ca, .next_update = NOW - 1 };
	struct crl crl = read_list(&l);

	(void)state;
	assert_true(is_err(crl_current(&cx, &crl), "bad-crl"));
	crl.next_update = NOW;
	assert_null(crl_current(&cx, &crl));
	crl.this_update = NOW + 1;
	assert_true(is_err(crl_current(&cx, &crl), "bad-crl"));
	crl.this_update = NOW;
	crl.delta = true;
	assert_true(is_err(crl_current(&cx, &crl), "bad-crl"));
	crl.delta = false;
	crl.unknown_critical = true;
	assert_true(is_err(crl_current(&cx, &crl), "bad-crl"));
}

/* RFC 5280 section 6.3.3 (b). */
static void
a_list_covers_what_it_is_about(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct spec plain = { .cn = "leaf" };
	struct spec pointed = { .cn = "leaf",
		.ext = { { "crlDistributionPoints", "URI:http://x/a" } } };
	struct path_cert leaf, at_a, c = parse(&ca);
	struct holder h = make(&plain, &ca), k = make(&pointed, &ca);
	static const struct {
		const char *point;
		bool leaf, at_a, ca;
	} rows[] = {
		{ NULL, true, true, true },
		{ "critical,onlyuser:TRUE", true, true, false },
		{ "critical,onlyCA:TRUE", false, false, true },
		{ "critical,onlyAA:TRUE", false, false, false },
		{ "critical,fullname:URI:http://x/a", false, true, false },
		{ "critical,fullname:URI:http://x/b", false, false, false },
	};

	(void)state;
	leaf = parse(&h);
	at_a = parse(&k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct list l = { .by = &ca, .point = rows[i].point };
		struct crl crl = read_list(&l);
		unsigned why;

		assert_int_equal(
		    crl_covers(&cx, &crl, &leaf, &why), rows[i].leaf);
		assert_int_equal(
		    crl_covers(&cx, &crl, &at_a, &why), rows[i].at_a);
		assert_int_equal(crl_covers(&cx, &crl, &c, &why), rows[i].ca);
	}
}

static void
an_entry_twice_is_seen(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct list l = { .by = &ca, .serial = { 9, 5, 9 } };
	struct crl crl = read_list(&l);

	(void)state;
	assert_true(crl_repeats(&crl));
}

static void
what_is_no_list_is_refused(void **state)
{
	struct holder ca = make_ca("ca", NULL);
	struct list l = { .by = &ca, .serial = { 9 } };
	struct bytes der = make_list(&l);
	struct crl crl;
	size_t i;

	(void)state;
	for (i = 0; i < der.n; i++) {
		struct bytes cut = { der.p, i };

		assert_true(is_err(crl_parse(&cx, cut, &crl), "bad-crl"));
	}
	assert_true(is_err(crl_parse(&cx, ca.der, &crl), "bad-crl"));
	der.n = LIMIT_CRL + 1;
	assert_true(is_err(crl_parse(&cx, der, &crl), "bad-crl"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_list_names_what_its_issuer_revoked),
		UNIT_TEST(
		    an_indirect_list_names_other_issuers_from_an_entry_on),
		UNIT_TEST(a_list_past_its_update_is_not_current),
		UNIT_TEST(a_list_covers_what_it_is_about),
		UNIT_TEST(an_entry_twice_is_seen),
		UNIT_TEST(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests_name("pki/crl", tests, NULL, NULL);
}
