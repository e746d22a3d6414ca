#include "tests/unit/pki/material.h"

#include "pki/matter_cert.h"

#define VECTORS "tests/vectors/matter/"
#define SKID                                   \
	{                                      \
		"subjectKeyIdentifier", "hash" \
	}
#define AKID                                      \
	{                                         \
		"authorityKeyIdentifier", "keyid" \
	}

static const struct spec PAA = { .cn = "PAA Mvid:FFF1",
	.ext = { { "basicConstraints", "critical,CA:TRUE,pathlen:1" },
	    { "keyUsage", "critical,keyCertSign,cRLSign" }, SKID } };
static const struct spec PAI = { .cn = "PAI Mvid:FFF1",
	.ext = { { "basicConstraints", "critical,CA:TRUE,pathlen:0" },
	    { "keyUsage", "critical,keyCertSign,cRLSign" }, SKID, AKID } };
static const struct spec DAC = { .cn = "DAC Mvid:FFF1 Mpid:8000",
	.ext = { { "basicConstraints", "critical,CA:FALSE" },
	    { "keyUsage", "critical,digitalSignature" }, SKID, AKID } };

/* A chain, one of whose certificates may be made otherwise. */
struct made {
	struct holder paa, pai, dac;
};

static struct made
made(const struct spec *paa, const struct spec *pai, const struct spec *dac)
{
	struct made m;

	m.paa = make(paa, NULL);
	m.pai = make(pai, &m.paa);
	m.dac = make(dac, &m.pai);
	return m;
}

static void
a_chain_by_the_profile_is_read_and_linked(void **state)
{
	struct made m = made(&PAA, &PAI, &DAC), other = made(&PAA, &PAI, &DAC);
	struct matter_cert paa, pai, dac, stranger;

	(void)state;
	assert_null(matter_cert_parse(&cx, m.paa.der, MATTER_PAA, &paa));
	assert_null(matter_cert_parse(&cx, m.pai.der, MATTER_PAI, &pai));
	assert_null(matter_cert_parse(&cx, m.dac.der, MATTER_DAC, &dac));
	assert_true(dac.has_vid && dac.vid == 0xfff1);
	assert_true(dac.has_pid && dac.pid == 0x8000);
	assert_true(pai.has_vid && !pai.has_pid);
	assert_bytes(dac.issuer_key_id, pai.key_id);
	assert_null(matter_cert_issued(&cx, &dac, &pai));
	assert_null(matter_cert_issued(&cx, &pai, &paa));
	assert_non_null(matter_cert_issued(&cx, &dac, &paa));
	/* Same names, another key; then its key id, but not its key. */
	assert_null(
	    matter_cert_parse(&cx, other.pai.der, MATTER_PAI, &stranger));
	assert_non_null(matter_cert_issued(&cx, &dac, &stranger));
	stranger.key_id = pai.key_id;
	assert_non_null(matter_cert_issued(&cx, &dac, &stranger));
}

static void
each_role_refuses_the_other_roles(void **state)
{
	struct made m = made(&PAA, &PAI, &DAC);
	const struct bytes ders[] = { m.dac.der, m.pai.der, m.paa.der };
	struct matter_cert c;
	size_t role, i;

	(void)state;
	for (role = 0; role < COUNT(ders); role++)
		for (i = 0; i < COUNT(ders); i++)
			assert_int_equal(
			    i == role, matter_cert_parse(&cx, ders[i],
					   (enum matter_role)role, &c) == NULL);
}

static void
a_certificate_that_breaks_one_rule_is_refused(void **state)
{
	static const struct {
		enum matter_role role;
		const char *cn;
		int ext; /* that is replaced; -1: the name */
		struct extension by;
	} rows[] = {
		{ MATTER_DAC, NULL, 0, { "basicConstraints", "CA:FALSE" } },
		{ MATTER_DAC, NULL, 0,
		    { "basicConstraints", "critical,CA:FALSE,pathlen:0" } },
		{ MATTER_DAC, NULL, 1, { "keyUsage", "digitalSignature" } },
		{ MATTER_DAC, NULL, 1,
		    { "keyUsage", "critical,digitalSignature,keyAgreement" } },
		{ MATTER_DAC, NULL, 1,
		    { "keyUsage", "critical,digitalSignature,decipherOnly" } },
		{ MATTER_DAC, NULL, 2, { "nsComment", "no key id" } },
		{ MATTER_DAC, NULL, 2, { "subjectKeyIdentifier", "0102" } },
		{ MATTER_DAC, NULL, 3, { "nsComment", "no key id" } },
		{ MATTER_DAC, NULL, 3, { "nsComment", "critical,x" } },
		{ MATTER_DAC, NULL, 3,
		    { "authorityKeyIdentifier", "keyid,issuer:always" } },
		{ MATTER_DAC, "Mvid:FFF1", -1, { NULL, NULL } },
		{ MATTER_DAC, "Mpid:8000", -1, { NULL, NULL } },
		{ MATTER_DAC, "Mvid:fff1 Mpid:8000", -1, { NULL, NULL } },
		{ MATTER_DAC, "Mvid:FFF1 Mpid:800", -1, { NULL, NULL } },
		{ MATTER_DAC, "Mvid:FFF1 Mvid:FFF2 Mpid:8000", -1,
		    { NULL, NULL } },
		{ MATTER_PAI, NULL, 0,
		    { "basicConstraints", "critical,CA:TRUE" } },
		{ MATTER_PAI, NULL, 1, { "keyUsage", "critical,keyCertSign" } },
		{ MATTER_PAI, NULL, 1, { "keyUsage", "critical,cRLSign" } },
		{ MATTER_PAI, "PAI", -1, { NULL, NULL } },
		{ MATTER_PAA, NULL, 0,
		    { "basicConstraints", "critical,CA:TRUE,pathlen:2" } },
		{ MATTER_PAA, "Mvid:FFF1 Mpid:8000", -1, { NULL, NULL } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct spec specs[] = { DAC, PAI, PAA };
		struct spec *s = &specs[rows[i].role];
		struct matter_cert c;
		struct made m;

		if (rows[i].ext >= 0)
			s->ext[rows[i].ext] = rows[i].by;
		else
			s->cn = rows[i].cn;
		m = made(
		    &specs[MATTER_PAA], &specs[MATTER_PAI], &specs[MATTER_DAC]);
		if (matter_cert_parse(&cx,
			rows[i].role == MATTER_DAC   ? m.dac.der
			: rows[i].role == MATTER_PAI ? m.pai.der
						     : m.paa.der,
			rows[i].role, &c) == NULL)
			wrong("row %zu is accepted", i);
	}
}

static void
other_keys_and_hashes_are_refused(void **state)
{
	struct spec weak = PAI;
	struct holder paa = make(&PAA, NULL);
	struct matter_cert c;

	(void)state;
	weak.md = "SHA384";
	assert_non_null(
	    matter_cert_parse(&cx, make(&weak, &paa).der, MATTER_PAI, &c));
	assert_non_null(matter_cert_parse(
	    &cx, make_with(&PAA, make_key("P-384"), NULL).der, MATTER_PAA, &c));
}

static void
product_authorities_of_vendors_are_read(void **state)
{
	struct dirent *d;
	DIR *dir = opendir(VECTORS "real-paa-roots");
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		struct matter_cert c;
		char path[512];

		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path),
		    VECTORS "real-paa-roots/%.200s", d->d_name);
		arena_reset(cx.arena);
		if (matter_cert_parse(&cx, unit_file(path), MATTER_PAA, &c) !=
		    NULL)
			wrong("%s is refused", path);
		assert_int_equal(
		    c.has_vid, strstr(d->d_name, "_vid_0x") != NULL);
		n++;
	}
	closedir(dir);
	assert_int_equal(n, 14);
}

static void
operational_certificates_are_none_of_them(void **state)
{
	struct dirent *d;
	DIR *dir = opendir(VECTORS "noc-error");
	int role;

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		struct matter_cert c;
		char path[512];

		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(
		    path, sizeof(path), VECTORS "noc-error/%.200s", d->d_name);
		arena_reset(cx.arena);
		for (role = MATTER_DAC; role <= MATTER_PAA; role++)
			if (matter_cert_parse(&cx, unit_file(path),
				(enum matter_role)role, &c) == NULL)
				wrong("%s is accepted", path);
	}
	closedir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_chain_by_the_profile_is_read_and_linked),
		UNIT_TEST(each_role_refuses_the_other_roles),
		UNIT_TEST(a_certificate_that_breaks_one_rule_is_refused),
		UNIT_TEST(other_keys_and_hashes_are_refused),
		UNIT_TEST(product_authorities_of_vendors_are_read),
		UNIT_TEST(operational_certificates_are_none_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
