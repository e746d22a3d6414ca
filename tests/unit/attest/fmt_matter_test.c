#include "tests/unit/pki/material.h"

#include "attest/attest.h"
#include "base/buf.h"
#include "pki/csr.h"
#include "pki/der_put.h"
#include "pki/key.h"

#define CA_USAGE "critical,keyCertSign,cRLSign"
#define KEY_IDS                                          \
	{ "subjectKeyIdentifier", "hash" },              \
	{                                                \
		"authorityKeyIdentifier", "keyid:always" \
	}
#define NONCE LIT("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn")
#define EXPORTER LIT("eeeeeeeeeeeeeeeeEEEEEEEEEEEEEEEE")

/* The key id of the published signer for tests. */
#define TEST_KEY_ID "62FA823359ACFAA9963E1CFA140ADDF504F37160"

/* A device with all that it may send, each thing of which a test may make
 * otherwise before the evidence is put together. */
struct device {
	struct holder paa, pai, dac, signer;
	struct keypair *key; /* to be certified */
	struct bytes challenge, nonce, csr;
	uint8_t cd_type;
	bool no_elements, no_nocsr, bare_cd, no_cd;
};

static void
own_keypair(void *p)
{
	keypair_free(p);
}

static void
device_init(struct device *d)
{
	static const struct spec paa = { .cn = "PAA",
		.ext = { { "basicConstraints", "critical,CA:TRUE,pathlen:1" },
		    { "keyUsage", CA_USAGE }, KEY_IDS } };
	static const struct spec pai = { .cn = "PAI Mvid:FFF1",
		.ext = { { "basicConstraints", "critical,CA:TRUE,pathlen:0" },
		    { "keyUsage", CA_USAGE }, KEY_IDS } };
	static const struct spec dac = { .cn = "DAC Mvid:FFF1 Mpid:8000",
		.serial_number = "SN-7",
		.ext = { { "basicConstraints", "critical,CA:FALSE" },
		    { "keyUsage", "critical,digitalSignature" }, KEY_IDS } };
	static const struct spec signer = { .cn = "CD signer",
		.ext = { { "subjectKeyIdentifier", "hash" } } };

	*d = (struct device){
		.challenge = { EXPORTER.p, 16 }, .nonce = NONCE, .cd_type = 2
	};
	d->paa = make(&paa, NULL);
	d->pai = make(&pai, &d->paa);
	d->dac = make(&dac, &d->pai);
	d->signer = make(&signer, NULL);
	d->key = keypair_new();
	arena_own(cx.arena, own_keypair, d->key);
	d->csr = csr_make(&cx, d->key, NULL);
}

/* DER of an ECDSA signature. */
static struct bytes
sign(EVP_PKEY *key, struct bytes msg)
{
	AUTO(EVP_MD_CTX) *md = EVP_MD_CTX_new();
	uint8_t *sig = arena_alloc(cx.arena, 128);
	size_t n = 128;

	assert_int_equal(
	    1, EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key));
	assert_int_equal(1, EVP_DigestSign(md, sig, &n, msg.p, msg.n));
	return (struct bytes){ sig, n };
}

/* r || s of record || challenge. */
static struct bytes
sign_raw(EVP_PKEY *key, struct bytes record, struct bytes challenge)
{
	uint8_t *tbs = arena_alloc(cx.arena, record.n + challenge.n);
	uint8_t *rs = arena_alloc(cx.arena, 64);
	struct bytes der;
	const unsigned char *p;
	ECDSA_SIG *sig;

	memcpy(tbs, record.p, record.n);
	memcpy(tbs + record.n, challenge.p, challenge.n);
	der = sign(key, (struct bytes){ tbs, record.n + challenge.n });
	p = der.p;
	sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
	assert_non_null(sig);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32);
	ECDSA_SIG_free(sig);
	return (struct bytes){ rs, 64 };
}

static struct bytes
taken(const struct buf *b)
{
	struct bytes out;

	assert_true(buf_bytes(b, &out));
	return out;
}

/* A certification declaration for vendor FFF1, product 8000. */
static struct bytes
declaration(const struct device *d)
{
	static const char *const sha256 = "2.16.840.1.101.3.4.2.1";
	struct bytes head = LIT("\x15\x24\x00\x01\x25\x01\xf1\xff\x36\x02\x05"
				"\x00\x80\x18\x25\x03\x34\x12\x2c\x04\x13"
				"ZIG20141ZB330001-24\x24\x05\x00\x24\x06\x00"
				"\x24\x07\x01\x24\x08");
	const uint8_t tail[] = { d->cd_type, 0x18 };
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(d->signer.x);
	struct buf tlv, b;
	struct bytes content;
	size_t at[8];

	buf_init(&tlv, cx.arena, 4 * KIB);
	buf_put(&tlv, head);
	buf_put(&tlv, BYTES_OF(tail));
	content = taken(&tlv);
	buf_init(&b, cx.arena, 4 * KIB);
	at[0] = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.2.840.113549.1.7.2");
	at[1] = der_begin(&b, DER_CONTEXT_CONSTRUCTED(0));
	at[2] = der_begin(&b, DER_SEQUENCE);
	der_put(&b, DER_INTEGER, LIT("\x03"));
	at[3] = der_begin(&b, DER_SET);
	at[4] = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, sha256);
	der_end(&b, at[4]);
	der_end(&b, at[3]);
	at[3] = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.2.840.113549.1.7.1");
	at[4] = der_begin(&b, DER_CONTEXT_CONSTRUCTED(0));
	der_put(&b, DER_OCTET_STRING, content);
	der_end(&b, at[4]);
	der_end(&b, at[3]);
	at[3] = der_begin(&b, DER_SET);
	at[4] = der_begin(&b, DER_SEQUENCE);
	der_put(&b, DER_INTEGER, LIT("\x03"));
	der_put(&b, DER_CONTEXT(0),
	    (struct bytes){
		ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id) });
	at[5] = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, sha256);
	der_end(&b, at[5]);
	at[5] = der_begin(&b, DER_SEQUENCE);
	der_put_oid(&b, "1.2.840.10045.4.3.2");
	der_end(&b, at[5]);
	der_put(&b, DER_OCTET_STRING, sign(d->signer.key, content));
	der_end(&b, at[4]);
	der_end(&b, at[3]);
	der_end(&b, at[2]);
	der_end(&b, at[1]);
	der_end(&b, at[0]);
	return taken(&b);
}

/* A structure of octet strings under the tags 1 and 2, and more. */
static struct bytes
record(struct bytes one, struct bytes two, struct bytes more)
{
	const uint8_t head[] = { 0x15, 0x31, 1, (uint8_t)one.n,
		(uint8_t)(one.n >> 8) };
	const uint8_t second[] = { 0x30, 2, (uint8_t)two.n };
	struct buf b;

	buf_init(&b, cx.arena, 4 * KIB);
	buf_put(&b, BYTES_OF(head));
	buf_put(&b, one);
	buf_put(&b, BYTES_OF(second));
	buf_put(&b, two);
	buf_put(&b, more);
	buf_put(&b, LIT("\x18"));
	return taken(&b);
}

static void
part(struct buf *b, const char *name, struct bytes value)
{
	const uint8_t key[] = { (uint8_t)(0x60 | strlen(name)) };
	const uint8_t head[] = { 0x59, (uint8_t)(value.n >> 8),
		(uint8_t)value.n };

	buf_put(b, BYTES_OF(key));
	buf_put(b, bytes_str(name));
	buf_put(b, BYTES_OF(head));
	buf_put(b, value);
}

static struct bytes
evidence(const struct device *d)
{
	bool elements = !d->no_elements;
	uint8_t map = (uint8_t)(0xa2 + (elements ? 2 : 0) +
				(d->no_nocsr ? 0 : 2) + (d->bare_cd ? 1 : 0));
	struct bytes cd = declaration(d), r;
	struct buf b;

	buf_init(&b, cx.arena, 16 * KIB);
	buf_put(&b, (struct bytes){ &map, 1 });
	part(&b, "dac", d->dac.der);
	part(&b, "pai", d->pai.der);
	if (d->bare_cd)
		part(&b, "cd", cd);
	if (elements) {
		r = record(cd, d->nonce,
		    LIT("\x24\x03\x00\x30\x04\x02"
			"fw"));
		part(&b, "elements", r);
		part(&b, "elements_signature",
		    sign_raw(d->dac.key, r, d->challenge));
	}
	if (!d->no_nocsr) {
		r = record(d->csr, d->nonce, BYTES_NONE);
		part(&b, "nocsr", r);
		part(&b, "nocsr_signature",
		    sign_raw(d->dac.key, r, d->challenge));
	}
	return taken(&b);
}

/* What we know of it, any part of which a test may change. */
struct ours {
	struct attest_anchor anchor[2];
	struct attest_policy policy;
	struct attest_basis basis;
};

static void
ours_init(struct ours *o, const struct device *d)
{
	*o = (struct ours){
		.anchor = { { .kind = ANCHOR_CERTIFICATE, .value = d->paa.der },
		    { .kind = ANCHOR_DECLARATION, .value = d->signer.der } }
	};
	o->basis = (struct attest_basis){ .anchor = o->anchor,
		.n_anchors = 2,
		.policy = &o->policy,
		.nonce = NONCE,
		.key_spki = keypair_spki(&cx, d->key),
		.exporter = EXPORTER };
}

static void
judge(const struct device *d, const struct ours *o, struct verdict *v)
{
	(void)!attest_judge(&cx, "matter", evidence(d), &o->basis, v);
}

static void
assert_refused(const struct device *d, const struct ours *o, const char *code)
{
	const struct finding *found;
	struct verdict v;

	judge(d, o, &v);
	found = verdict_refusal(&v);
	if (found == NULL)
		wrong("accepted; expected %s", code);
	else
		assert_string_equal(found->code, code);
	assert_int_equal(v.grade, GRADE_NONE);
}

static void
assert_grade(const struct device *d, const struct ours *o, enum grade g)
{
	const struct finding *found;
	struct verdict v;

	judge(d, o, &v);
	found = verdict_refusal(&v);
	if (found != NULL)
		wrong("refused: %s: %s", found->code, found->words);
	assert_int_equal(v.grade, g);
}

static void
a_certified_device_that_signs_our_challenge_is_hardware(void **state)
{
	struct device d;
	struct verdict v;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	judge(&d, &o, &v);
	assert_true(v.accepted);
	assert_int_equal(v.grade, GRADE_HARDWARE);
	assert_bytes(v.facts.oem, LIT("\xff\xf1"));
	assert_string_equal(v.facts.model, "8000");
	assert_string_equal(v.facts.serial, "SN-7");
	assert_bytes(v.facts.key_spki, o.basis.key_spki);
	assert_int_equal(v.facts.n_measurements, 1);
	assert_bytes(v.facts.measurement[0].value, LIT("fw"));
	assert_int_equal(v.facts.subject_sha256.n, 32);
}

/* SECURITY.md E2. */
static void
without_nocsr_elements_the_grade_is_none(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	d.no_nocsr = true;
	assert_grade(&d, &o, GRADE_NONE);
	d.no_nocsr = false;
	d.no_elements = d.bare_cd = true;
	assert_grade(&d, &o, GRADE_NONE);
}

/* SECURITY.md E2: the challenge is the exporter's, so what was signed on
 * another connection is worth nothing on this one. */
static void
evidence_of_another_connection_is_refused(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	o.basis.exporter = LIT("ffffffffffffffffFFFFFFFFFFFFFFFF");
	assert_refused(&d, &o, "elements-signature");
	d.no_elements = d.bare_cd = true;
	assert_refused(&d, &o, "nocsr-signature");
	o.basis.exporter = BYTES_NONE;
	assert_grade(&d, &o, GRADE_NONE);
}

/* SECURITY.md E1, E2. */
static void
evidence_for_another_key_is_refused(void **state)
{
	struct device d, other;
	struct ours o;

	(void)state;
	device_init(&d);
	device_init(&other);
	ours_init(&o, &d);
	d.csr = other.csr;
	assert_refused(&d, &o, "key-mismatch");
	o.basis.key_spki = BYTES_NONE;
	assert_grade(&d, &o, GRADE_HARDWARE);
	d.csr.n--;
	assert_refused(&d, &o, "nocsr-request");
}

static void
evidence_for_another_nonce_is_refused(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	d.nonce = LIT("mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm");
	assert_refused(&d, &o, "nonce-mismatch");
	o.basis.nonce = BYTES_NONE;
	assert_grade(&d, &o, GRADE_HARDWARE);
	d.nonce = LIT("m");
	assert_refused(&d, &o, "parse");
}

static void
a_declaration_that_is_not_official_needs_the_policy(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	d.cd_type = 1;
	assert_refused(&d, &o, "not-certified");
	o.policy.cd_provisional = true;
	assert_grade(&d, &o, GRADE_SOFTWARE);
	d.cd_type = 0;
	assert_refused(&d, &o, "not-certified");
	o.policy.cd_test = true;
	assert_grade(&d, &o, GRADE_SOFTWARE);
}

static void
an_official_declaration_by_the_test_key_is_refused(void **state)
{
	static const struct spec signer = { .cn = "Test signer",
		.ext = { { "subjectKeyIdentifier", TEST_KEY_ID } } };
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	d.signer = make(&signer, NULL);
	ours_init(&o, &d);
	assert_refused(&d, &o, "declaration-test-key");
	o.policy.cd_test = true;
	d.cd_type = 0;
	assert_grade(&d, &o, GRADE_SOFTWARE);
}

static void
a_device_without_declaration_needs_the_policy(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	d.no_elements = true;
	assert_refused(&d, &o, "declaration-missing");
	o.policy.cd_optional = true;
	assert_grade(&d, &o, GRADE_NONE);
}

/* SECURITY.md A11: what an anchor may vouch for. */
static void
an_anchor_vouches_for_its_own_use_and_scope_alone(void **state)
{
	struct device d;
	struct ours o;
	struct cert pai;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	o.anchor[0].kind = ANCHOR_DECLARATION;
	assert_refused(&d, &o, "unknown-paa");
	ours_init(&o, &d);
	o.anchor[1].kind = ANCHOR_CERTIFICATE;
	assert_refused(&d, &o, "declaration-signer");
	ours_init(&o, &d);
	o.anchor[0].scope_vid = 0xfff2;
	assert_refused(&d, &o, "out-of-scope");
	o.anchor[0].scope_vid = 0xfff1;
	assert_null(cert_parse(&cx, d.pai.der, &pai));
	o.anchor[0].scope_spki_sha256 = BYTES_OF(pai.key_sha256);
	assert_grade(&d, &o, GRADE_HARDWARE);
	pai.key_sha256[0] ^= 1;
	assert_refused(&d, &o, "out-of-scope");
}

static void
the_model_says_which_products_it_is(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	o.policy.vid = 0xfff1;
	o.policy.pid[o.policy.n_pids++] = 0x8001;
	assert_refused(&d, &o, "wrong-product");
	o.policy.pid[o.policy.n_pids++] = 0x8000;
	o.policy.cd_certificate_id = "ZIG20141ZB330001-24";
	o.policy.cd_device_type = 0x1234;
	o.policy.cd_version = 1;
	assert_grade(&d, &o, GRADE_HARDWARE);
	o.policy.cd_version = 2;
	assert_refused(&d, &o, "not-in-ledger");
	o.policy.vid = 0xfff2;
	assert_refused(&d, &o, "wrong-vendor");
}

static void
where_a_current_list_is_required_its_absence_refuses(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	o.policy.crl_required = true;
	assert_refused(&d, &o, "no-crl");
}

static void
certificates_out_of_their_time_are_refused(void **state)
{
	struct device d;
	struct ours o;

	(void)state;
	device_init(&d);
	ours_init(&o, &d);
	cx.now += 2 * DAY;
	assert_refused(&d, &o, "expired");
	cx.now -= 4 * DAY;
	assert_refused(&d, &o, "expired");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(
		    a_certified_device_that_signs_our_challenge_is_hardware),
		UNIT_TEST(without_nocsr_elements_the_grade_is_none),
		UNIT_TEST(evidence_of_another_connection_is_refused),
		UNIT_TEST(evidence_for_another_key_is_refused),
		UNIT_TEST(evidence_for_another_nonce_is_refused),
		UNIT_TEST(a_declaration_that_is_not_official_needs_the_policy),
		UNIT_TEST(an_official_declaration_by_the_test_key_is_refused),
		UNIT_TEST(a_device_without_declaration_needs_the_policy),
		UNIT_TEST(an_anchor_vouches_for_its_own_use_and_scope_alone),
		UNIT_TEST(the_model_says_which_products_it_is),
		UNIT_TEST(where_a_current_list_is_required_its_absence_refuses),
		UNIT_TEST(certificates_out_of_their_time_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
