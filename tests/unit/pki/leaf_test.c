#include "tests/unit/pki/material.h"

#include <openssl/conf.h>

#include "pki/csr.h"
#include "pki/issue.h"
#include "pki/profile.h"
#include "pki/signer_internal.h"

/* What pki/leaf writes, held against the slow and obvious way: OpenSSL's X509
 * objects with extensions in the syntax of its configuration. */

#define ID "0f8fad5b-d9cb-469f-a165-70867728950e"

static const char *const KEYS[] = { "P-256", "P-384", "ED25519", "RSA-2048" };

struct row {
	struct profile profile;
	const char *id;
	const char *const *dns;
	bool ra;
	struct {
		int nid;
		const char *value;
	} subject[9];
	struct extension ext[6]; /* after the four that all have */
	const char *eku;
};

static const char *const DNS[] = { "%d.%m.devices.example", "%M.example",
	NULL };
static const char *const EKU[] = { "1.3.6.1.5.5.7.3.2",
	"1.3.6.1.4.1.311.20.2.2", "2.999.1234567890123456789", NULL };
static const char *const POLICIES[] = { "2.999.1", "1.2.3.4", NULL };
static const char *const SERVER_NAMES[] = { "localhost", "127.0.0.1", "::1",
	NULL };

#define DAYS(n) .lifetime = (n)*DAY, .backdate = 300

static const struct row ROWS[] = {
	{ .profile = { .name = "device", .kind = PROFILE_DEVICE, DAYS(1) },
	    .id = ID,
	    .subject = { { NID_commonName, ID } },
	    .eku = "clientAuth",
	    .ext = { { "subjectAltName", "URI:urn:uuid:" ID } } },
	/* Everything that a label can ask for. */
	{ .profile = { .name = "line-2",
	      .kind = PROFILE_DEVICE,
	      DAYS(1),
	      .subject = "C=SE, ST=Skane, L=Lund, O=Acme %M, OU=%m, "
			 "serialNumber=%s, CN=%d, OU=%p 100%%",
	      .spiffe_domain = "fleet.example",
	      .dns = DNS,
	      .eku = EKU,
	      .policies = POLICIES,
	      .ocsp_url = "http://ocsp.example/",
	      .ca_issuers_url = "http://ca.example/issuing.crt",
	      .crl_url = "http://ca.example/issuing.crl" },
	    .id = ID,
	    .subject = { { NID_countryName, "SE" },
		{ NID_stateOrProvinceName, "Skane" },
		{ NID_localityName, "Lund" },
		{ NID_organizationName, "Acme acme" },
		{ NID_organizationalUnitName, "pump" },
		{ NID_serialNumber, "SN-1.7" }, { NID_commonName, ID },
		{ NID_organizationalUnitName, "line-2 100%" } },
	    .eku = "clientAuth,1.3.6.1.4.1.311.20.2.2,"
		   "2.999.1234567890123456789",
	    .ext = { { "subjectAltName",
			 "URI:spiffe://fleet.example/device/" ID ",DNS:" ID
			 ".pump.devices.example,DNS:acme.example" },
		{ "certificatePolicies", "2.999.1,1.2.3.4" },
		{ "authorityInfoAccess",
		    "OCSP;URI:http://ocsp.example/,"
		    "caIssuers;URI:http://ca.example/issuing.crt" },
		{ "crlDistributionPoints",
		    "URI:http://ca.example/issuing.crl" } } },
	/* Past 2050: GeneralizedTime for one of the two. */
	{ .profile = { .name = "device",
	      .kind = PROFILE_DEVICE,
	      DAYS(40 * 365),
	      .crl_url = "http://ca.example/" },
	    .id = ID,
	    .subject = { { NID_commonName, ID } },
	    .eku = "clientAuth",
	    .ext = { { "subjectAltName", "URI:urn:uuid:" ID },
		{ "crlDistributionPoints", "URI:http://ca.example/" } } },
	{ .profile = { .name = "service", .kind = PROFILE_SERVICE, DAYS(90) },
	    .id = "metrics",
	    .ra = true,
	    .subject = { { NID_commonName, "metrics" } },
	    .eku = "clientAuth,1.3.6.1.5.5.7.3.28",
	    .ext = { { "subjectAltName",
		"URI:urn:latchkey:service:metrics" } } },
	{ .profile = { .name = "server", .kind = PROFILE_SERVER, DAYS(90) },
	    .dns = SERVER_NAMES,
	    .eku = "serverAuth",
	    .ext = { { "subjectAltName",
		"critical,DNS:localhost,IP:127.0.0.1,IP:::1" } } },
};

static void
own_signer(void *p)
{
	signer_free(p);
}

static struct signer *
ca_of(const char *kind)
{
	const struct spec s = { .cn = "issuing",
		.not_after = NOW + 50 * 365 * DAY,
		.md = strcmp(kind, "ED25519") == 0 ? "" : NULL,
		.ext = { CA_EXTENSIONS, { "subjectKeyIdentifier", "hash" } } };
	struct holder h = make_with(&s, make_key(kind), NULL);
	struct signer *signer;

	X509_up_ref(h.x);
	EVP_PKEY_up_ref(h.key);
	signer = signer_wrap(h.x, h.key);
	assert_non_null(signer);
	arena_own(cx.arena, own_signer, signer);
	return signer;
}

static struct issue
order(const struct row *r, struct bytes spki)
{
	return (struct issue){ .profile = &r->profile,
		.id = r->id,
		.dns = r->dns,
		.spki = spki,
		.ra = r->ra,
		.model = "pump",
		.manufacturer = "acme",
		.unit_serial = "SN-1.7",
		.now = NOW };
}

static void
add_ext(X509 *x, X509V3_CTX *v3, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_nconf(NULL, v3, name, value);

	if (e == NULL)
		wrong("%s = %s: not read by OpenSSL", name, value);
	assert_int_equal(1, X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

/* The hash method of OpenSSL's own "hash" is SHA-1. */
static void
add_key_id(X509 *x)
{
	AUTO(ASN1_OCTET_STRING) *id = ASN1_OCTET_STRING_new();
	unsigned char md[EVP_MAX_MD_SIZE];

	assert_int_equal(1, X509_pubkey_digest(x, EVP_sha256(), md, NULL));
	assert_int_equal(1, ASN1_OCTET_STRING_set(id, md, 20));
	assert_int_equal(
	    1, X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0));
}

static void
set_key(X509 *x, struct bytes spki)
{
	const unsigned char *p = spki.p;
	AUTO(EVP_PKEY) *key = d2i_PUBKEY(NULL, &p, (long)spki.n);

	assert_non_null(key);
	assert_int_equal(1, X509_set_pubkey(x, key));
}

/* What is to be signed, as OpenSSL encodes it anew. */
static struct bytes
tbs_of(X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_re_X509_tbs(x, &der);
	struct bytes out;

	assert_true(n > 0);
	out = bytes_dup(cx.arena, (struct bytes){ der, (size_t)n });
	OPENSSL_free(der);
	return out;
}

/* The slow way, with the serial number and the times of that issuance. */
static struct bytes
obvious(const struct row *r, const struct issue *io, const struct signer *ca)
{
	AUTO(BIGNUM) *n = BN_bin2bn(io->serial.p, (int)io->serial.n, NULL);
	AUTO(X509) *x = X509_new();
	CONF *empty = NCONF_new(NULL);
	X509V3_CTX v3;

	assert_int_equal(1, X509_set_version(x, 2));
	assert_non_null(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)));
	for (size_t i = 0; r->subject[i].value != NULL; i++)
		assert_int_equal(1,
		    X509_NAME_add_entry_by_NID(X509_get_subject_name(x),
			r->subject[i].nid, MBSTRING_UTF8,
			(const unsigned char *)r->subject[i].value, -1, -1, 0));
	X509_set_issuer_name(x, X509_get_subject_name(ca->cert));
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(NOW - 300));
	ASN1_TIME_set(
	    X509_getm_notAfter(x), (time_t)(NOW + r->profile.lifetime));
	set_key(x, io->spki);
	X509V3_set_ctx(&v3, ca->cert, x, NULL, NULL, 0);
	X509V3_set_nconf(&v3, empty);
	add_ext(x, &v3, "keyUsage", "critical,digitalSignature");
	add_ext(x, &v3, "extendedKeyUsage", r->eku);
	add_key_id(x);
	add_ext(x, &v3, "authorityKeyIdentifier", "keyid:always");
	for (size_t i = 0; r->ext[i].name != NULL; i++)
		add_ext(x, &v3, r->ext[i].name, r->ext[i].value);
	NCONF_free(empty);
	assert_true(
	    X509_sign(x, ca->key,
		EVP_PKEY_is_a(ca->key, "ED25519")   ? NULL
		: EVP_PKEY_get_bits(ca->key) == 384 ? EVP_sha384()
						    : EVP_sha256()) > 0);
	return tbs_of(x);
}

/* Issues both ways for this key and compares. */
static void
agree(const struct row *r, const struct signer *ca, struct bytes spki)
{
	struct issue io = order(r, spki);
	const unsigned char *p;
	AUTO(X509) *x = NULL;

	assert_null(issue_certificate(&cx, ca, &io));
	p = io.der.p;
	x = d2i_X509(NULL, &p, (long)io.der.n);
	assert_non_null(x);
	assert_ptr_equal(p, io.der.p + io.der.n);
	assert_bytes(tbs_of(x), obvious(r, &io, ca));
	assert_bytes(der_of(x), io.der);
	assert_int_equal(1, X509_verify(x, ca->key));
}

static void
both_ways_agree_on_every_key_profile_and_issuer(void **state)
{
	(void)state;
	for (size_t ca = 0; ca < COUNT(KEYS); ca++) {
		const struct signer *s = ca_of(KEYS[ca]);

		for (size_t k = 0; k < COUNT(KEYS); k++) {
			struct bytes spki = spki_of(make_key(KEYS[k]));

			for (size_t r = 0; r < COUNT(ROWS); r++)
				agree(&ROWS[r], s, spki);
		}
	}
}

/* Whether OpenSSL finds the request's signature good. */
static bool
openssl_verifies(struct bytes der)
{
	const unsigned char *p = der.p;
	AUTO(X509_REQ) *req = d2i_X509_REQ(NULL, &p, (long)der.n);
	bool ok;

	ok = req != NULL && p == der.p + der.n &&
	     X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) == 1;
	ERR_clear_error();
	return ok;
}

static struct bytes
read_file(const char *path)
{
	uint8_t *p = arena_alloc(cx.arena, 64 * 1024);
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(p, 1, 64 * 1024, f);
	(void)fclose(f);
	return (struct bytes){ p, n };
}

/* What one request of the published ones comes to: 1 if it is accepted. */
static size_t
try_request(const char *dir, const char *name)
{
	const struct signer *ca = ca_of("P-256");
	const char *path = arena_printf(cx.arena, "%s/%s", dir, name);
	struct bytes der = read_file(path);
	struct csr csr;
	const struct err *e = csr_parse(&cx, der, &csr);

	/* OpenSSL looks at nothing but the signature: what fails there must
	 * fail here, and what is refused here for the signature alone must
	 * fail there. */
	if (e == NULL && !openssl_verifies(der))
		wrong("%s: accepted, and OpenSSL does not verify it", name);
	if (e != NULL && strstr(cx.reason, "signature does not verify") &&
	    openssl_verifies(der))
		wrong("%s: refused, and OpenSSL verifies it", name);
	if (e != NULL)
		return 0;
	for (size_t r = 0; r < COUNT(ROWS); r++)
		agree(&ROWS[r], ca, csr.spki);
	return 1;
}

static void
agree_on_every_request_in(const char *path)
{
	size_t seen = 0, accepted = 0;
	DIR *dir = opendir(path);
	struct dirent *d;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		const char *dot = strchr(d->d_name, '.');

		if (dot != NULL && strcmp(dot, ".der") != 0)
			continue;
		seen++;
		accepted += try_request(path, d->d_name);
		arena_reset(cx.arena);
	}
	(void)closedir(dir);
	print_message("%s: %zu requests, %zu accepted\n", path, seen, accepted);
	assert_true(seen > 50 && accepted > 10);
}

static void
both_ways_agree_on_every_published_request(void **state)
{
	(void)state;
	agree_on_every_request_in("tests/vectors/csr");
}

static void
both_ways_agree_on_every_request_of_the_corpus(void **state)
{
	(void)state;
	agree_on_every_request_in("tests/corpus/csr");
}

static const struct err *
issue_with(const char *subject, const char *dns, const char *unit_serial)
{
	const char *const names[] = { dns, NULL };
	struct row r = ROWS[0];
	struct issue io;

	r.profile.subject = subject;
	r.profile.dns = dns == NULL ? NULL : names;
	io = order(&r, spki_of(make_key("P-256")));
	io.unit_serial = unit_serial;
	return issue_certificate(&cx, ca_of("P-256"), &io);
}

static void
values_outside_of_the_alphabet_are_refused(void **state)
{
	static const char *const bad[] = { "SN 1", "SN,CN=x", "S\nN", "", "a/b",
		"\xc3\xa5", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_true(is_err(
		    issue_with("CN=%d, OU=%s", NULL, bad[i]), "name-refused"));
	assert_null(issue_with("CN=%d, OU=%s", NULL, "SN_1.x-2"));
}

static void
names_that_come_out_wrong_are_refused(void **state)
{
	static const char long_serial[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";

	(void)state;
	/* 64 characters are the most (RFC 5280 appendix A.1). */
	assert_null(issue_with("CN=%d, O=%s", NULL, long_serial));
	assert_true(is_err(
	    issue_with("CN=%d, O=x%s", NULL, long_serial), "name-refused"));
	/* Not of a PrintableString. */
	assert_true(is_err(
	    issue_with("CN=%d, serialNumber=%s", NULL, "a_b"), "name-refused"));
	/* 64 letters and more are no label of a host name. */
	assert_true(
	    is_err(issue_with(NULL, "%d-%d.example", NULL), "name-refused"));
	assert_null(issue_with(NULL, "%m-%M.example", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(both_ways_agree_on_every_key_profile_and_issuer),
		UNIT_TEST(both_ways_agree_on_every_published_request),
		UNIT_TEST(both_ways_agree_on_every_request_of_the_corpus),
		UNIT_TEST(values_outside_of_the_alphabet_are_refused),
		UNIT_TEST(names_that_come_out_wrong_are_refused),
	};

	return cmocka_run_group_tests_name("pki/leaf", tests, NULL, NULL);
}
