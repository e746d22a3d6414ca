#include "tests/unit/pki/material.h"

#include "base/limits.h"
#include "pki/der_put.h"
#include "pki/digest.h"

static const struct spec PLAIN = { .cn = "device",
	.serial_number = "SN-1",
	.ext = { { "keyUsage", "critical,digitalSignature" },
	    { "extendedKeyUsage", "clientAuth" },
	    { "subjectAltName", "URI:urn:uuid:x" },
	    { "2.5.29.32", "DER:3007300506032a0304" } } };

static void
facts_of_a_certificate(void **state)
{
	struct holder ca = make_ca("maker", NULL);
	struct holder h = make(&PLAIN, &ca);
	uint8_t hash[32];
	struct cert c, parent;

	(void)state;
	assert_null(cert_parse(&cx, h.der, &c));
	assert_bytes(c.der, h.der);
	assert_true(c.der.p != h.der.p);
	assert_string_equal(c.cn, "device");
	assert_string_equal(c.subject_serial, "SN-1");
	assert_string_equal(c.subject, "serialNumber=SN-1,CN=device");
	assert_string_equal(c.uri, "urn:uuid:x");
	assert_int_equal(c.n_uri, 1);
	assert_int_equal(c.n_san, 1);
	assert_true(
	    !c.is_ca && c.has_ku && c.ku_digital_signature && !c.ku_cert_sign);
	assert_true(c.has_eku && c.eku_client && !c.eku_server && !c.eku_any &&
		    !c.eku_other);
	assert_true(c.strong_signature);
	assert_int_equal(c.not_before, NOW - DAY);
	assert_int_equal(c.not_after, NOW + DAY);
	assert_bytes(c.spki, spki_of(h.key));
	digest_sha256(c.spki, hash);
	assert_memory_equal(hash, c.key_sha256, 32);
	assert_null(cert_parse(&cx, ca.der, &parent));
	assert_true(parent.is_ca && parent.ku_cert_sign);
	assert_memory_equal(c.issuer_sha256, parent.subject_sha256, 32);
}

/* What TLS verifies with before anybody is judged. */
static bool
bounded(size_t modulus, size_t exponent)
{
	static const uint8_t zeros[1024] = { 0 };
	static const uint8_t rsa[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
		0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	size_t cert, tbs, spki, key;
	struct bytes number, out;
	struct buf b, inner;
	int i;

	buf_init(&inner, cx.arena, 4096);
	key = der_begin(&inner, DER_SEQUENCE);
	der_put(&inner, DER_INTEGER, (struct bytes){ zeros, modulus });
	der_put(&inner, DER_INTEGER, (struct bytes){ zeros, exponent });
	der_end(&inner, key);
	must(buf_bytes(&inner, &number));
	buf_init(&b, cx.arena, 4096);
	cert = der_begin(&b, DER_SEQUENCE);
	tbs = der_begin(&b, DER_SEQUENCE);
	for (i = 0; i < 5; i++)
		der_put(&b, DER_SEQUENCE, BYTES_NONE);
	spki = der_begin(&b, DER_SEQUENCE);
	buf_put(&b, BYTES_OF(rsa));
	der_put_bits(&b, number);
	der_end(&b, spki);
	der_end(&b, tbs);
	der_end(&b, cert);
	must(buf_bytes(&b, &out));
	return cert_key_is_bounded(out);
}

static void
keys_that_cost_too_much_are_not_looked_at(void **state)
{
	struct holder h = make(&PLAIN, NULL);
	struct bytes cut = { h.der.p, h.der.n - 1 };

	(void)state;
	assert_true(cert_key_is_bounded(h.der));
	assert_false(cert_key_is_bounded(cut));
	assert_false(cert_key_is_bounded(BYTES_NONE));
	assert_true(bounded(LIMIT_RSA_BITS / 8 + 1, 3));
	assert_true(bounded(129, 1));
	assert_false(bounded(LIMIT_RSA_BITS / 8 + 2, 3));
	assert_false(bounded(257, 5));
}

static void
the_broker_s_handle_gives_the_same(void **state)
{
	struct holder h = make(&PLAIN, NULL);
	struct cert a, b;

	(void)state;
	assert_null(cert_parse(&cx, h.der, &a));
	assert_null(cert_parse_x509(&cx, h.x, &b));
	assert_bytes(a.der, b.der);
	assert_memory_equal(a.sha256, b.sha256, 32);
}

static bool
parses(const struct spec *s)
{
	struct cert c;

	return cert_parse(&cx, make(s, NULL).der, &c) == NULL;
}

static void
no_expiry_and_the_edge_of_2050(void **state)
{
	static const int64_t ends[] = { CERT_NO_EXPIRY, INT64_C(2524607999),
		INT64_C(2524608000), INT64_C(4102444800) };

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct spec s = { .cn = "x", .not_after = ends[i] };
		struct cert c;

		assert_null(cert_parse(&cx, make(&s, NULL).der, &c));
		assert_int_equal(c.not_after, ends[i]);
	}
}

static void
ambiguous_names_are_refused(void **state)
{
	const struct spec two = { .cn = "a", .cn2 = "b" };
	const struct spec nul = { .cn = "a\0b", .cn_bytes = 3 };
	const struct spec bidi = { .cn = "a\xe2\x80\xae"
					 "b" };

	(void)state;
	assert_false(parses(&two));
	assert_false(parses(&nul));
	assert_false(parses(&bidi));
}

static void
a_nul_in_a_uri_is_refused(void **state)
{
	/* URI:urn:uuid:x with a NUL after it. */
	const struct spec s = { .cn = "x",
		.ext = {
		    { "2.5.29.17", "DER:300c860a75726e3a757569643a00" } } };

	(void)state;
	assert_false(parses(&s));
}

static void
several_uris_are_counted(void **state)
{
	const struct spec s = { .cn = "x",
		.ext = {
		    { "subjectAltName", "URI:urn:a:b,URI:urn:c:d,DNS:e" } } };
	struct cert c;

	(void)state;
	assert_null(cert_parse(&cx, make(&s, NULL).der, &c));
	assert_int_equal(c.n_uri, 2);
	assert_int_equal(c.n_san, 3);
	assert_null(c.uri);
}

static void
malformed_extensions_are_refused(void **state)
{
	static const struct extension bad[] = {
		{ "2.5.29.19", "DER:0500" },
		{ "2.5.29.15", "DER:0500" },
		{ "2.5.29.15", "DER:03020780ff" },
		{ "2.5.29.37", "DER:3000" },
		{ "2.5.29.17", "DER:3000" },
		{ "2.5.29.32", "DER:3000" },
		{ "2.5.29.14", "DER:0400" },
		{ "2.5.29.19", "DER:30030101ff00" },
		{ "2.5.29.19", "DER:3003010101" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct spec s = { .cn = "x", .ext = { bad[i] } };

		if (parses(&s))
			wrong("%s %s", bad[i].name, bad[i].value);
	}
}

static void
repeated_extensions_are_refused(void **state)
{
	const struct spec s = { .cn = "x",
		.ext = {
		    { "1.2.3.4", "ASN1:NULL" }, { "1.2.3.4", "ASN1:NULL" } } };

	(void)state;
	assert_false(parses(&s));
}

static void
other_versions_are_refused(void **state)
{
	const struct spec v1 = { .cn = "x", .version = 1 };

	(void)state;
	assert_false(parses(&v1));
}

static void
keys_beyond_the_limits_are_refused_before_any_verification(void **state)
{
	static const char *const kinds[] = { "RSA-1024", "RSA-4104", "P-521",
		"secp256k1" };
	const struct spec s = { .cn = "x" };
	struct cert c;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_true(
		    is_err(cert_parse(&cx,
			       make_with(&s, make_key(kinds[i]), NULL).der, &c),
			"bad-key"));
}

static void
weak_hashes_are_told(void **state)
{
	const struct spec sha1 = { .cn = "x", .md = "SHA1" };
	struct cert c;

	(void)state;
	assert_null(cert_parse(&cx, make(&sha1, NULL).der, &c));
	assert_false(c.strong_signature);
}

static void
trailing_truncated_and_oversize_input_is_refused(void **state)
{
	struct bytes der = make(&PLAIN, NULL).der;
	uint8_t *p = arena_alloc(cx.arena, LIMIT_CERT + 1);
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx scratch = { .arena = a };
	struct cert c;

	(void)state;
	memcpy(p, der.p, der.n);
	assert_non_null(cert_parse(&cx, (struct bytes){ p, der.n + 1 }, &c));
	assert_non_null(
	    cert_parse(&cx, (struct bytes){ p, LIMIT_CERT + 1 }, &c));
	for (size_t n = 0; n < der.n; n++) {
		uint8_t *copy = mem_new(1, n + 1);

		memcpy(copy, der.p, n);
		arena_reset(a);
		assert_non_null(
		    cert_parse(&scratch, (struct bytes){ copy, n }, &c));
		mem_free(copy);
	}
}

/* The reader and OpenSSL see the same certificate, or one of them none: no
 * flipped bit makes the one read facts that the other does not encode. */
static void
flipped_bits_never_crash_the_reader(void **state)
{
	struct bytes der = make(&PLAIN, NULL).der;
	uint8_t *p = arena_alloc(cx.arena, der.n);
	AUTO_STRUCT(arena) *a = arena_new(LIMIT_ARENA);
	struct ctx scratch = { .arena = a };

	(void)state;
	memcpy(p, der.p, der.n);
	for (size_t i = 0; i < der.n * 8; i++) {
		uint8_t bit = (uint8_t)(1u << (i % 8));
		struct cert c;

		p[i / 8] ^= bit;
		arena_reset(a);
		if (cert_parse(&scratch, (struct bytes){ p, der.n }, &c) ==
		    NULL) {
			const unsigned char *q = p;
			AUTO(X509) *x = d2i_X509(NULL, &q, (long)der.n);

			if (x == NULL)
				wrong(
				    "bit %zu: accepted by the reader alone", i);
		}
		p[i / 8] ^= bit;
	}
}

static void
pem_with_several_blocks(void **state)
{
	struct holder a = make(&PLAIN, NULL), b = make(&PLAIN, NULL);
	const char *pem = arena_printf(cx.arena, "# first\n%s\nsecond\r\n%s",
	    cert_pem(&cx, a.der), cert_pem(&cx, b.der));
	struct bytes ders[2];
	size_t n;

	(void)state;
	assert_null(cert_read_pem(&cx, bytes_str(pem), ders, 2, &n));
	assert_int_equal(n, 2);
	assert_bytes(ders[0], a.der);
	assert_bytes(ders[1], b.der);
	assert_non_null(cert_read_pem(&cx, bytes_str(pem), ders, 1, &n));
	assert_non_null(cert_read_pem(&cx, LIT("no block\n"), ders, 2, &n));
	assert_non_null(cert_read_pem(&cx,
	    LIT("-----BEGIN PRIVATE KEY-----\nAAAA\n"
		"-----END PRIVATE KEY-----\n"),
	    ders, 2, &n));
	assert_non_null(cert_read_pem(&cx,
	    LIT("-----BEGIN CERTIFICATE-----\nAA!A\n"
		"-----END CERTIFICATE-----\n"),
	    ders, 2, &n));
	assert_non_null(cert_read_pem(
	    &cx, LIT("-----BEGIN CERTIFICATE-----\nAAAA\n"), ders, 2, &n));
}

static const struct err *
check_anchor(const struct spec *s, const struct cert *own)
{
	const struct cert *const list[] = { own };
	struct cert c;

	assert_null(cert_parse(&cx, make(s, NULL).der, &c));
	return cert_check_anchor(&cx, &c, list, own == NULL ? 0 : 1);
}

static void
anchors_are_ca_certificates_only(void **state)
{
	const struct spec ok = { .cn = "ca", .ext = { CA_EXTENSIONS } };
	const struct spec leaf = { .cn = "leaf" };
	const struct spec no_sign = { .cn = "ca",
		.ext = { { "basicConstraints", "critical,CA:TRUE" },
		    { "keyUsage", "critical,digitalSignature" } } };
	const struct spec sha1 = {
		.cn = "ca", .md = "SHA1", .ext = { CA_EXTENSIONS }
	};
	const struct spec expired = { .cn = "ca",
		.not_before = NOW - 2 * DAY,
		.not_after = NOW - DAY,
		.ext = { CA_EXTENSIONS } };
	const struct spec early = {
		.cn = "ca", .not_before = NOW + 1, .ext = { CA_EXTENSIONS }
	};

	(void)state;
	assert_null(check_anchor(&ok, NULL));
	assert_true(is_err(check_anchor(&leaf, NULL), "bad-anchor"));
	assert_true(is_err(check_anchor(&no_sign, NULL), "bad-anchor"));
	assert_true(is_err(check_anchor(&sha1, NULL), "bad-anchor"));
	assert_true(is_err(check_anchor(&expired, NULL), "bad-anchor"));
	assert_true(is_err(check_anchor(&early, NULL), "bad-anchor"));
}

/* A11: another certificate of our key, under any name, is still ours. */
static void
our_own_ca_is_refused_as_anchor_by_its_key(void **state)
{
	const struct spec s = { .cn = "ours", .ext = { CA_EXTENSIONS } };
	const struct spec other = { .cn = "theirs", .ext = { CA_EXTENSIONS } };
	struct holder h = make(&s, NULL);
	struct cert own, again;
	const struct cert *const list[] = { &own };

	(void)state;
	assert_null(cert_parse(&cx, h.der, &own));
	assert_null(
	    cert_parse(&cx, make_with(&other, h.key, NULL).der, &again));
	assert_true(
	    is_err(cert_check_anchor(&cx, &again, list, 1), "bad-anchor"));
	assert_null(check_anchor(&other, &own));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(facts_of_a_certificate),
		UNIT_TEST(keys_that_cost_too_much_are_not_looked_at),
		UNIT_TEST(the_broker_s_handle_gives_the_same),
		UNIT_TEST(no_expiry_and_the_edge_of_2050),
		UNIT_TEST(ambiguous_names_are_refused),
		UNIT_TEST(a_nul_in_a_uri_is_refused),
		UNIT_TEST(several_uris_are_counted),
		UNIT_TEST(malformed_extensions_are_refused),
		UNIT_TEST(repeated_extensions_are_refused),
		UNIT_TEST(other_versions_are_refused),
		UNIT_TEST(
		    keys_beyond_the_limits_are_refused_before_any_verification),
		UNIT_TEST(weak_hashes_are_told),
		UNIT_TEST(trailing_truncated_and_oversize_input_is_refused),
		UNIT_TEST(flipped_bits_never_crash_the_reader),
		UNIT_TEST(pem_with_several_blocks),
		UNIT_TEST(anchors_are_ca_certificates_only),
		UNIT_TEST(our_own_ca_is_refused_as_anchor_by_its_key),
	};

	return cmocka_run_group_tests_name("pki/cert", tests, NULL, NULL);
}
