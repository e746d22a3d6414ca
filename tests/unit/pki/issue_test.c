#include "tests/unit/pki/material.h"

#include "pki/chain.h"
#include "pki/identity.h"
#include "pki/issue.h"
#include "pki/profile.h"
#include "pki/signer_internal.h"

#define ID "0f8fad5b-d9cb-469f-a165-70867728950e"

static const struct profile DEVICE = { .name = "device",
	.kind = PROFILE_DEVICE,
	.lifetime = DAY,
	.backdate = 300 };
static const struct profile SERVICE = { .name = "service",
	.kind = PROFILE_SERVICE,
	.lifetime = 90 * DAY,
	.backdate = 300 };
static const struct profile SERVER = { .name = "server",
	.kind = PROFILE_SERVER,
	.lifetime = 90 * DAY,
	.backdate = 300 };

static void
own_signer(void *p)
{
	signer_free(p);
}

/* An issuing CA that is valid until then. */
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

static struct issue
order(const struct profile *p, const char *id)
{
	return (struct issue){ .profile = p,
		.id = id,
		.spki = spki_of(make_key("P-256")),
		.now = NOW };
}

static void
a_device_certificate_says_what_r7_reads(void **state)
{
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct bytes anchor = signer_cert(ca);
	AUTO_STRUCT(trust) *t = trust_new(&anchor, 1);
	struct issue io = order(&DEVICE, ID);
	struct identity id;
	struct cert c;

	(void)state;
	assert_null(issue_certificate(&cx, ca, &io));
	assert_null(cert_parse(&cx, io.der, &c));
	assert_null(chain_verify(&cx, &io.der, 1, t, CHAIN_CLIENT));
	assert_null(identity_parse(&cx, &c, "", &id));
	assert_int_equal(id.kind, IDENTITY_DEVICE);
	assert_string_equal(id.id, ID);
	assert_string_equal(c.subject, "CN=" ID);
	assert_int_equal(c.not_before, NOW - 300);
	assert_int_equal(c.not_after, NOW + DAY);
	assert_int_equal(io.not_before, c.not_before);
	assert_int_equal(io.not_after, c.not_after);
	assert_bytes(c.serial, io.serial);
	assert_bytes(c.spki, io.spki);
	assert_true(c.has_ku && c.ku_digital_signature && !c.ku_cert_sign);
}

static void
a_service_certificate_is_no_device(void **state)
{
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct issue io = order(&SERVICE, "metrics");
	struct identity id;
	struct cert c;

	(void)state;
	assert_null(issue_certificate(&cx, ca, &io));
	assert_null(cert_parse(&cx, io.der, &c));
	assert_null(identity_parse(&cx, &c, "", &id));
	assert_int_equal(id.kind, IDENTITY_SERVICE);
	assert_string_equal(id.id, "metrics");
}

static void
a_server_certificate_opens_no_door_here(void **state)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1",
		NULL };
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct bytes anchor = signer_cert(ca);
	AUTO_STRUCT(trust) *t = trust_new(&anchor, 1);
	struct issue io = order(&SERVER, NULL);
	AUTO(X509) *x = NULL;
	const unsigned char *p;
	struct identity id;
	struct cert c;

	(void)state;
	io.dns = names;
	assert_null(issue_certificate(&cx, ca, &io));
	assert_null(cert_parse(&cx, io.der, &c));
	assert_true(c.eku_server && !c.eku_client);
	assert_non_null(identity_parse(&cx, &c, "", &id));
	assert_true(is_err(
	    chain_verify(&cx, &io.der, 1, t, CHAIN_CLIENT), "chain-purpose"));
	p = io.der.p;
	x = d2i_X509(NULL, &p, (long)io.der.n);
	assert_int_equal(X509_check_host(x, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(x, "::1", 0), 1);
	assert_int_equal(X509_check_ip_asc(x, "::2", 0), 0);
}

static void
key_ids_link_leaf_and_ca(void **state)
{
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct issue io = order(&DEVICE, ID);
	AUTO(X509) *x = NULL;
	const unsigned char *p;

	(void)state;
	assert_null(issue_certificate(&cx, ca, &io));
	p = io.der.p;
	x = d2i_X509(NULL, &p, (long)io.der.n);
	assert_int_equal(X509_check_issued(ca->cert, x), X509_V_OK);
	assert_int_equal(0, ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x),
				X509_get0_subject_key_id(ca->cert)));
	assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(x)), 20);
}

static void
no_certificate_outlives_its_ca(void **state)
{
	struct signer *ca = ca_until(NOW + 3600);
	struct issue io = order(&DEVICE, ID);
	struct cert c;

	(void)state;
	assert_null(issue_certificate(&cx, ca, &io));
	assert_null(cert_parse(&cx, io.der, &c));
	assert_int_equal(io.not_after, NOW + 3600);
	assert_int_equal(c.not_after, NOW + 3600);
}

static void
an_expired_ca_signs_nothing(void **state)
{
	struct signer *ca = ca_until(NOW + 3600);
	struct issue io = order(&DEVICE, ID);

	(void)state;
	io.now = NOW + 3600;
	assert_true(is_err(issue_certificate(&cx, ca, &io), "ca-expired"));
	io.now = NOW - 2 * DAY;
	assert_true(is_err(issue_certificate(&cx, ca, &io), "ca-expired"));
}

static void
serial_numbers_are_sixteen_bytes_positive_and_new(void **state)
{
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct issue io = order(&DEVICE, ID);
	uint8_t seen[64][16];

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		assert_null(issue_certificate(&cx, ca, &io));
		assert_int_equal(io.serial.n, 16);
		assert_true(io.serial.p[0] > 0 && io.serial.p[0] < 0x80);
		memcpy(seen[i], io.serial.p, 16);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 16);
	}
}

static void
every_accepted_kind_of_key_is_certified(void **state)
{
	static const char *const kinds[] = { "P-256", "P-384", "ED25519",
		"RSA-2048" };
	struct signer *ca = ca_until(NOW + 365 * DAY);

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct issue io = order(&DEVICE, ID);
		struct cert c;

		io.spki = spki_of(make_key(kinds[i]));
		assert_null(issue_certificate(&cx, ca, &io));
		assert_null(cert_parse(&cx, io.der, &c));
		assert_bytes(c.spki, io.spki);
	}
}

static void
a_weak_key_is_not_certified(void **state)
{
	struct signer *ca = ca_until(NOW + 365 * DAY);
	struct issue io = order(&DEVICE, ID);

	(void)state;
	io.spki = spki_of(make_key("RSA-1024"));
	assert_true(is_err(issue_certificate(&cx, ca, &io), "bad-key"));
}

static void
issue_upper_case_id(void)
{
	struct issue io =
	    order(&DEVICE, "0F8FAD5B-D9CB-469F-A165-70867728950E");

	(void)!issue_certificate(&cx, ca_until(NOW + DAY), &io);
}

static void
a_malformed_id_is_a_bug_of_the_caller(void **state)
{
	(void)state;
	assert_aborts(issue_upper_case_id);
}

static void
a_leaf_is_no_signer(void **state)
{
	const struct spec s = { .cn = "leaf" };
	struct holder h = make(&s, NULL), ca = make_ca("ca", NULL);

	(void)state;
	X509_up_ref(h.x);
	EVP_PKEY_up_ref(h.key);
	assert_null(signer_wrap(h.x, h.key));
	X509_up_ref(ca.x);
	EVP_PKEY_up_ref(h.key);
	assert_null(signer_wrap(ca.x, h.key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_device_certificate_says_what_r7_reads),
		UNIT_TEST(a_service_certificate_is_no_device),
		UNIT_TEST(a_server_certificate_opens_no_door_here),
		UNIT_TEST(key_ids_link_leaf_and_ca),
		UNIT_TEST(no_certificate_outlives_its_ca),
		UNIT_TEST(an_expired_ca_signs_nothing),
		UNIT_TEST(serial_numbers_are_sixteen_bytes_positive_and_new),
		UNIT_TEST(every_accepted_kind_of_key_is_certified),
		UNIT_TEST(a_weak_key_is_not_certified),
		UNIT_TEST(a_malformed_id_is_a_bug_of_the_caller),
		UNIT_TEST(a_leaf_is_no_signer),
	};

	return cmocka_run_group_tests_name("pki/issue", tests, NULL, NULL);
}
