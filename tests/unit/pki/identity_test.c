#include "tests/unit/pki/material.h"

#include "pki/identity.h"

#define ID "0f8fad5b-d9cb-469f-a165-70867728950e"
#define UPPER "0F8FAD5B-D9CB-469F-A165-70867728950E"

/* What a device's certificate says, each part of which a test replaces. */
struct claim {
	const char *cn, *cn2, *san, *eku;
	bool ca;
};

static const struct claim DEVICE = {
	.cn = ID, .san = "URI:urn:uuid:" ID, .eku = "clientAuth"
};

static const struct claim SERVICE = { .cn = "metrics",
	.san = "URI:urn:latchkey:service:metrics",
	.eku = "clientAuth" };

static const struct err *
judge(const struct claim *c, struct identity *out)
{
	struct spec s = { .cn = c->cn, .cn2 = c->cn2 };
	struct cert cert;
	const struct err *e;
	int n = 0;

	if (c->san != NULL)
		s.ext[n++] = (struct extension){ "subjectAltName", c->san };
	if (c->eku != NULL)
		s.ext[n++] = (struct extension){ "extendedKeyUsage", c->eku };
	if (c->ca)
		s.ext[n++] =
		    (struct extension){ "basicConstraints", "CA:TRUE" };
	e = cert_parse(&cx, make(&s, NULL).der, &cert);
	return e != NULL ? e : identity_parse(&cx, &cert, "fleet.example", out);
}

static void
a_device_is_known_by_its_id(void **state)
{
	struct identity id;

	(void)state;
	assert_null(judge(&DEVICE, &id));
	assert_int_equal(id.kind, IDENTITY_DEVICE);
	assert_string_equal(id.id, ID);
}

static void
a_service_is_known_by_its_name(void **state)
{
	struct identity id;

	(void)state;
	assert_null(judge(&SERVICE, &id));
	assert_int_equal(id.kind, IDENTITY_SERVICE);
	assert_string_equal(id.id, "metrics");
}

#define DEVIATION(name, field, value)            \
	static void name(void **state)           \
	{                                        \
		struct claim c = DEVICE;         \
		struct identity id;              \
                                                 \
		(void)state;                     \
		c.field = value;                 \
		assert_non_null(judge(&c, &id)); \
	}                                        \
	struct deviation_needs_semicolon_##name

DEVIATION(two_uris_are_refused, san, "URI:urn:uuid:" ID ",URI:urn:uuid:" ID);
DEVIATION(a_second_foreign_uri_is_refused, san,
    "URI:urn:uuid:" ID ",URI:https://example.com/");
DEVIATION(an_address_beside_is_refused, san, "URI:urn:uuid:" ID ",IP:10.0.0.1");
DEVIATION(a_mail_address_beside_is_refused, san,
    "URI:urn:uuid:" ID ",email:a@b.example");
DEVIATION(a_foreign_trust_domain_is_refused, san,
    "URI:spiffe://other.example/device/" ID);
DEVIATION(a_longer_trust_domain_is_refused, san,
    "URI:spiffe://fleet.example.org/device/" ID);
DEVIATION(a_trust_domain_with_a_port_is_refused, san,
    "URI:spiffe://fleet.example:443/device/" ID);
DEVIATION(
    another_spiffe_path_is_refused, san, "URI:spiffe://fleet.example/host/" ID);
DEVIATION(a_longer_spiffe_path_is_refused, san,
    "URI:spiffe://fleet.example/device/" ID "/x");
DEVIATION(a_urn_beside_a_spiffe_id_is_refused, san,
    "URI:spiffe://fleet.example/device/" ID ",URI:urn:uuid:" ID);
DEVIATION(another_id_in_a_spiffe_id_is_refused, san,
    "URI:spiffe://fleet.example/device/0f8fad5b-d9cb-469f-a165-70867728950f");
DEVIATION(an_ra_is_no_device, eku, "clientAuth,1.3.6.1.5.5.7.3.28");
DEVIATION(another_purpose_alone_is_refused, eku, "emailProtection");
DEVIATION(a_dns_name_alone_is_refused, san, "DNS:" ID);
DEVIATION(no_names_are_refused, san, NULL);
DEVIATION(an_upper_case_uri_is_refused, san, "URI:urn:uuid:" UPPER);
DEVIATION(another_id_in_the_uri_is_refused, san,
    "URI:urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950f");
DEVIATION(an_upper_case_scheme_is_refused, san, "URI:URN:UUID:" ID);
DEVIATION(a_longer_uri_is_refused, san, "URI:urn:uuid:" ID "/x");
DEVIATION(a_uri_that_is_the_prefix_alone_is_refused, san, "URI:urn:uuid:");
DEVIATION(a_service_uri_in_a_device_is_refused, san,
    "URI:urn:latchkey:service:metrics");
DEVIATION(an_upper_case_cn_is_refused, cn, UPPER);
DEVIATION(another_cn_is_refused, cn, "device");
DEVIATION(no_cn_is_refused, cn, NULL);
DEVIATION(two_cns_are_refused, cn2, ID);
DEVIATION(no_purpose_is_refused, eku, NULL);
DEVIATION(a_server_certificate_is_refused, eku, "serverAuth");
DEVIATION(a_purpose_beside_is_refused, eku, "clientAuth,serverAuth");
DEVIATION(any_purpose_is_refused, eku, "clientAuth,anyExtendedKeyUsage");
DEVIATION(a_ca_is_refused, ca, true);

/* What labels add to a device leaves it the device it is. */
static void
dns_names_and_purposes_may_stand_beside(void **state)
{
	struct claim c = DEVICE;
	struct identity id;

	(void)state;
	c.san = "URI:urn:uuid:" ID ",DNS:a.example";
	c.eku = "clientAuth,1.3.6.1.4.1.311.20.2.2";
	assert_null(judge(&c, &id));
	assert_string_equal(id.id, ID);
	assert_string_equal(id.trust_domain, "");
	c = SERVICE;
	c.san = "URI:urn:latchkey:service:metrics,DNS:a.example";
	assert_true(is_err(judge(&c, &id), "bad-identity"));
	c = SERVICE;
	c.eku = "clientAuth,emailProtection";
	assert_true(is_err(judge(&c, &id), "bad-identity"));
}

static void
a_spiffe_id_counts_in_its_own_trust_domain(void **state)
{
	const struct spec s = { .cn = ID,
		.ext = { { "subjectAltName",
			     "URI:spiffe://fleet.example/device/" ID },
		    { "extendedKeyUsage", "clientAuth" } } };
	struct identity id;
	struct cert c;

	(void)state;
	assert_null(cert_parse(&cx, make(&s, NULL).der, &c));
	assert_null(identity_parse(&cx, &c, "fleet.example", &id));
	assert_int_equal(id.kind, IDENTITY_DEVICE);
	assert_string_equal(id.id, ID);
	assert_string_equal(id.trust_domain, "fleet.example");
	assert_true(is_err(identity_parse(&cx, &c, "", &id), "bad-identity"));
	assert_true(
	    is_err(identity_parse(&cx, &c, "fleet", &id), "bad-identity"));
}

/* A NUL after the id would end the string for a careless reader. */
static void
an_embedded_nul_is_refused(void **state)
{
	const struct spec cn = { .cn = ID "\0x", .cn_bytes = 38 };
	struct cert c;

	(void)state;
	assert_non_null(cert_parse(&cx, make(&cn, NULL).der, &c));
}

static void
wildcards_of_topics_are_no_service_names(void **state)
{
	static const char *const names[] = { "a+b", "a/b", "#", "A", "-a", "" };
	struct identity id;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct claim c = SERVICE;

		c.cn = names[i][0] == '\0' ? NULL : names[i];
		c.san = arena_printf(
		    cx.arena, "URI:urn:latchkey:service:%s", names[i]);
		if (judge(&c, &id) == NULL)
			wrong("service \"%s\"", names[i]);
	}
}

/* A birth certificate says who made the unit, not who it is here. */
static void
a_birth_certificate_is_refused(void **state)
{
	const struct spec s = { .cn = ID,
		.serial_number = "SN-1",
		.not_after = CERT_NO_EXPIRY,
		.ext = { { "keyUsage", "critical,digitalSignature" } } };
	struct identity id;
	struct cert c;

	(void)state;
	assert_null(cert_parse(&cx, make(&s, NULL).der, &c));
	assert_true(is_err(identity_parse(&cx, &c, "", &id), "bad-identity"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_device_is_known_by_its_id),
		UNIT_TEST(a_service_is_known_by_its_name),
		UNIT_TEST(two_uris_are_refused),
		UNIT_TEST(a_second_foreign_uri_is_refused),
		UNIT_TEST(an_address_beside_is_refused),
		UNIT_TEST(a_mail_address_beside_is_refused),
		UNIT_TEST(a_foreign_trust_domain_is_refused),
		UNIT_TEST(a_longer_trust_domain_is_refused),
		UNIT_TEST(a_trust_domain_with_a_port_is_refused),
		UNIT_TEST(another_spiffe_path_is_refused),
		UNIT_TEST(a_longer_spiffe_path_is_refused),
		UNIT_TEST(a_urn_beside_a_spiffe_id_is_refused),
		UNIT_TEST(another_id_in_a_spiffe_id_is_refused),
		UNIT_TEST(an_ra_is_no_device),
		UNIT_TEST(another_purpose_alone_is_refused),
		UNIT_TEST(dns_names_and_purposes_may_stand_beside),
		UNIT_TEST(a_spiffe_id_counts_in_its_own_trust_domain),
		UNIT_TEST(a_dns_name_alone_is_refused),
		UNIT_TEST(no_names_are_refused),
		UNIT_TEST(an_upper_case_uri_is_refused),
		UNIT_TEST(another_id_in_the_uri_is_refused),
		UNIT_TEST(an_upper_case_scheme_is_refused),
		UNIT_TEST(a_longer_uri_is_refused),
		UNIT_TEST(a_uri_that_is_the_prefix_alone_is_refused),
		UNIT_TEST(a_service_uri_in_a_device_is_refused),
		UNIT_TEST(an_upper_case_cn_is_refused),
		UNIT_TEST(another_cn_is_refused),
		UNIT_TEST(no_cn_is_refused),
		UNIT_TEST(two_cns_are_refused),
		UNIT_TEST(no_purpose_is_refused),
		UNIT_TEST(a_server_certificate_is_refused),
		UNIT_TEST(a_purpose_beside_is_refused),
		UNIT_TEST(any_purpose_is_refused),
		UNIT_TEST(a_ca_is_refused),
		UNIT_TEST(an_embedded_nul_is_refused),
		UNIT_TEST(wildcards_of_topics_are_no_service_names),
		UNIT_TEST(a_birth_certificate_is_refused),
	};

	return cmocka_run_group_tests_name("pki/identity", tests, NULL, NULL);
}
