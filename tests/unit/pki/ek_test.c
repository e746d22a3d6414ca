#include "tests/unit/pki/material.h"

#include "pki/ek.h"

#include "base/file.h"

#define RSA "tests/vectors/tpm2/swtpm-rsa/"
#define ECC "tests/vectors/tpm2/swtpm-ecc/"
#define CLOUD "tests/vectors/tpm2/vtpm-certs/"
#define EK_EXTENSIONS                              \
	{ "keyUsage", "critical,keyAgreement" },   \
	{                                          \
		"extendedKeyUsage", "2.23.133.8.1" \
	}
static struct bytes
vector(const char *path)
{
	char why[FILE_WHY_BYTES];
	struct bytes out;

	assert_true(file_slurp(cx.arena, path, LIMIT_CERT, &out, why));
	return out;
}

static struct bytes
pem(const char *path)
{
	struct bytes der;
	size_t n;

	assert_null(cert_read_pem(&cx, vector(path), &der, 1, &n));
	return der;
}

static void
certificates_of_makers_are_read(void **state)
{
	struct ek_cert ek;

	(void)state;
	assert_null(ek_cert_parse(&cx, vector(RSA "ek-cert.der"), &ek));
	assert_string_equal(ek.model, "swtpm");
	assert_string_equal(ek.version, "id:20191023");
	assert_true(bytes_eq(BYTES_OF(ek.manufacturer), LIT("\0\0\x10\x14")));
	assert_null(ek_cert_parse(&cx, vector(ECC "ek-cert.der"), &ek));
	/* Of a cloud: the subject is empty. */
	assert_null(
	    ek_cert_parse(&cx, pem(CLOUD "uca_tpm_rsa_enc_cert.pem"), &ek));
	assert_true(bytes_eq(BYTES_OF(ek.manufacturer), LIT("GOOG")));
}

static const struct err *
parse(const struct spec *s)
{
	struct holder ca = make_ca("ca", NULL);
	struct ek_cert ek;

	return ek_cert_parse(&cx, make(s, &ca).der, &ek);
}

/* SAN of manufacturer, model and version, each in a set of its own. */
#define NAMED(id)                                                          \
	"critical,DER:3043a441303f"                                        \
	"3116301406056781050201" id "3110300e060567810502020c056d6f64656c" \
	"31133011060567810502030c0869643a3030303031"
#define GOOD_ID "0c0b69643a3439343234443030"

static void
other_purposes_and_names_are_refused(void **state)
{
	static const struct spec bad[] = {
		{ .cn = "no EKU",
		    .ext = { { "keyUsage", "critical,keyAgreement" },
			{ "subjectAltName", NAMED(GOOD_ID) } } },
		{ .cn = "clientAuth",
		    .ext = { { "keyUsage", "critical,keyAgreement" },
			{ "extendedKeyUsage", "clientAuth" },
			{ "subjectAltName", NAMED(GOOD_ID) } } },
		{ .cn = "signs",
		    .ext = { { "keyUsage", "critical,digitalSignature" },
			{ "extendedKeyUsage", "2.23.133.8.1" },
			{ "subjectAltName", NAMED(GOOD_ID) } } },
		{ .cn = "of an RSA key",
		    .ext = { { "keyUsage", "critical,keyEncipherment" },
			{ "extendedKeyUsage", "2.23.133.8.1" },
			{ "subjectAltName", NAMED(GOOD_ID) } } },
		{ .cn = "no SAN", .ext = { EK_EXTENSIONS } },
		{ .cn = "other SAN",
		    .ext = { EK_EXTENSIONS,
			{ "subjectAltName", "critical,DNS:tpm.example" } } },
		{ .cn = "manufacturer without id:",
		    .ext = { EK_EXTENSIONS,
			{ "subjectAltName",
			    NAMED("0c0b78643a3439343234443030") } } },
		{ .cn = "CA",
		    .ext = { EK_EXTENSIONS,
			{ "subjectAltName", NAMED(GOOD_ID) },
			{ "basicConstraints", "critical,CA:TRUE" } } },
	};
	static const struct spec good = { .cn = "EK",
		.ext = {
		    EK_EXTENSIONS, { "subjectAltName", NAMED(GOOD_ID) } } };
	size_t i;

	(void)state;
	assert_null(parse(&good));
	for (i = 0; i < COUNT(bad); i++)
		assert_non_null(parse(&bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(certificates_of_makers_are_read),
		UNIT_TEST(other_purposes_and_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
