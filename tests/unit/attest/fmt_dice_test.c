#include "tests/unit/pki/material.h"

#include "attest/attest.h"
#include "attest/context.h"
#include "base/buf.h"
#include "pki/rawkey.h"

#define CHAINS "tests/vectors/dice/chains/"
#define ISSUER "https://enroll.example"
/* OpenDiceInput: a code hash of 32 bytes and mode normal. */
#define INPUT(mode)                                                      \
	"critical,DER:3029A02204200000000000000000000000000000000000000" \
	"000000000000000000000000000A6030A010" mode
#define LAYER_EXTENSIONS(mode)                          \
	{ "basicConstraints", "critical,CA:TRUE" },     \
	    { "keyUsage", "critical,keyCertSign" },     \
	{                                               \
		"1.3.6.1.4.1.11129.2.1.24", INPUT(mode) \
	}

static const uint8_t UDS[] = { 0xa5, 0x75, 0x08, 0x4c, 0x63, 0xb5, 0x33, 0x35,
	0x8d, 0x38, 0x53, 0xdd, 0x02, 0x59, 0xae, 0x87, 0x06, 0x89, 0x55, 0xfc,
	0x63, 0x60, 0x17, 0x34, 0xea, 0x58, 0xda, 0x31, 0x78, 0x08, 0x6e,
	0xdd };
static const uint8_t LAST[] = { 0xd5, 0xe9, 0xac, 0xf1, 0x13, 0xc4, 0x82, 0xdd,
	0xb6, 0x79, 0x80, 0x5e, 0x1e, 0x12, 0x52, 0x19, 0xe0, 0x84, 0x36, 0x1c,
	0x5c, 0xcc, 0xb3, 0xf0, 0x0f, 0x73, 0xee, 0xad, 0xdf, 0x08, 0xcc,
	0xa9 };

static struct attest_policy policy;
static struct attest_anchor anchor;
static struct attest_basis basis;

static int
setup(void **state)
{
	assert_int_equal(unit_setup(state), 0);
	policy = (struct attest_policy){ .n_formats = 0 };
	anchor = (struct attest_anchor){ .kind = ANCHOR_PUBLIC_KEY };
	assert_null(rawkey_ed25519(&cx, BYTES_OF(UDS), &anchor.value));
	basis = (struct attest_basis){
		.anchor = &anchor, .n_anchors = 1, .policy = &policy
	};
	return 0;
}

static const char *
judged(struct bytes evidence, struct verdict *v)
{
	(void)!attest_judge(&cx, "dice", evidence, &basis, v);
	if (v->accepted)
		return "accepted";
	assert_int_equal(v->grade, GRADE_NONE);
	return verdict_refusal(v)->code;
}

static void
a_chain_says_what_every_layer_measured(void **state)
{
	struct bytes good = unit_file(CHAINS "good.cbor");
	struct verdict v;

	(void)state;
	assert_string_equal(judged(good, &v), "accepted");
	/* Published chains are for anybody to show. */
	assert_int_equal(v.grade, GRADE_NONE);
	assert_string_equal(v.finding[0].code, "not-bound");
	assert_int_equal(v.facts.n_measurements, 2);
	assert_string_equal(v.facts.measurement[0].type, "comp0");
	assert_string_equal(v.facts.measurement[1].version, "8");
	assert_string_equal(v.facts.sw_version, "8");
	assert_int_equal(v.facts.secure_boot, KNOWN_YES);
	assert_int_equal(v.facts.debug, DEBUG_DISABLED);
	policy.least_sw_version = "9";
	assert_string_equal(judged(good, &v), "sw-version");
}

/* The last key is the one to be certified, whose possession the request
 * proves. */
static void
a_chain_is_bound_by_its_last_key(void **state)
{
	struct bytes good = unit_file(CHAINS "good.cbor");
	struct verdict v;

	(void)state;
	assert_null(rawkey_ed25519(&cx, BYTES_OF(LAST), &basis.key_spki));
	assert_string_equal(judged(good, &v), "accepted");
	assert_int_equal(v.grade, GRADE_HARDWARE);
	basis.key_spki = anchor.value;
	assert_string_equal(judged(good, &v), "key-mismatch");
}

static void
a_layer_in_debug_mode_spoils_those_after_it(void **state)
{
	struct verdict v;

	(void)state;
	assert_null(rawkey_ed25519(&cx, BYTES_OF(LAST), &basis.key_spki));
	assert_string_equal(
	    judged(unit_file(CHAINS "debug-first.cbor"), &v), "accepted");
	assert_int_equal(v.facts.secure_boot, KNOWN_NO);
	assert_int_equal(v.facts.debug, DEBUG_ENABLED);
	assert_int_equal(v.grade, GRADE_SOFTWARE);
	policy.secure_boot = true;
	assert_string_equal(
	    judged(unit_file(CHAINS "debug-first.cbor"), &v), "secure-boot");
	assert_string_equal(
	    judged(unit_file(CHAINS "not-configured.cbor"), &v), "secure-boot");
}

/* RFC 9052 section 7.1: a key that says which algorithm it is for. */
static void
a_key_for_another_algorithm_is_refused(void **state)
{
	struct bytes good = unit_file(CHAINS "good.cbor");
	uint8_t *changed = arena_alloc(cx.arena, good.n);
	struct verdict v;

	(void)state;
	memcpy(changed, good.p, good.n);
	assert_int_equal(changed[5], 0x27); /* EdDSA of the first key */
	changed[5] = 0x26;                  /* ES256 */
	assert_string_equal(
	    judged((struct bytes){ changed, good.n }, &v), "parse");
}

static void
a_chain_of_another_device_is_refused(void **state)
{
	struct verdict v;

	(void)state;
	assert_string_equal(
	    judged(unit_file(CHAINS "other-uds.cbor"), &v), "unknown-root");
	assert_string_equal(judged(unit_file(CHAINS "wrong-signer.cbor"), &v),
	    "layer-signature");
	anchor.value = spki_of(make_key("P-256"));
	assert_string_equal(
	    judged(unit_file(CHAINS "good.cbor"), &v), "unknown-root");
	basis.n_anchors = 0;
	assert_string_equal(
	    judged(unit_file(CHAINS "good.cbor"), &v), "unknown-root");
}

static void
what_is_no_chain_is_refused(void **state)
{
	struct bytes good = unit_file(CHAINS "good.cbor");
	struct verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < good.n; i += 29) {
		struct bytes cut = { good.p, i };

		assert_string_equal(judged(cut, &v), "parse");
	}
	assert_string_equal(
	    judged(unit_file(CHAINS "only-uds.cbor"), &v), "parse");
	assert_string_equal(
	    judged(unit_file(CHAINS "subject-key-missing.cbor"), &v), "parse");
}

/* Every layer with as many items as fit: what reading takes is given back. */
static void
layers_full_of_items_fit_the_arena(void **state)
{
	/* COSE_Key: {1: 1, -1: 6, -2: x} */
	static const uint8_t key[] = { 0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58,
		0x20 };
	/* [<< {1: -8} >>, {}, << {1: "a", 2: "a", -4670553: h'20', */
	static const uint8_t head[] = { 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0,
		0x59, 0x0b, 0xf7, 0xb9, 0x02, 0xf2, 0x01, 0x61, 'a', 0x02, 0x61,
		'a', 0x3a, 0x00, 0x47, 0x44, 0x58, 0x41, 0x20 };
	/* -4670552: << key >>, 256: 0, 257: 0 ... }, signature] */
	static const uint8_t label[] = { 0x3a, 0x00, 0x47, 0x44, 0x57, 0x58,
		0x28 };
	struct bytes out;
	struct verdict v;
	struct buf b;

	(void)state;
	buf_init(&b, cx.arena, LIMIT_EVIDENCE);
	buf_put(&b, LIT("\x8b"));
	buf_put(&b, BYTES_OF(key));
	buf_put(&b, BYTES_OF(UDS));
	for (size_t i = 0; i < LIMIT_DICE_LAYERS; i++) {
		buf_put(&b, BYTES_OF(head));
		buf_put(&b, BYTES_OF(label));
		buf_put(&b, BYTES_OF(key));
		buf_put(&b, BYTES_OF(UDS));
		for (size_t k = 0; k < 750; k++) {
			uint8_t item[] = { 0x19, (uint8_t)(1 + k / 256),
				(uint8_t)k, 0x00 };

			buf_put(&b, BYTES_OF(item));
		}
		buf_put(&b, LIT("\x58\x40"));
		buf_put(&b, BYTES_OF(UDS));
		buf_put(&b, BYTES_OF(UDS));
	}
	assert_true(buf_bytes(&b, &out));
	assert_string_equal(judged(out, &v), "layer-signature");
}

/* -- X.509 */

static void
put_head(struct buf *b, unsigned major, size_t n)
{
	uint8_t head[] = { (uint8_t)(major << 5 | 25), (uint8_t)(n >> 8),
		(uint8_t)n };

	buf_put(b, BYTES_OF(head));
}

static void
put_part(struct buf *b, const char *name, struct bytes value)
{
	put_head(b, 3, strlen(name));
	buf_str(b, name);
	put_head(b, 2, value.n);
	buf_put(b, value);
}

static struct bytes
sign(EVP_PKEY *key, struct bytes message)
{
	uint8_t *sig = arena_alloc(cx.arena, 128);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = 128;

	assert_int_equal(
	    1, EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key));
	assert_int_equal(1, EVP_DigestSign(c, sig, &n, message.p, message.n));
	EVP_MD_CTX_free(c);
	return (struct bytes){ sig, n };
}

/* Two layers as certificates; key signs what the request is about, or
 * nobody. */
static struct bytes
certificates(const struct holder *first, const struct holder *last,
    EVP_PKEY *key, struct bytes certify)
{
	struct attest_context said = { bytes_str(ISSUER), LIT("nonce"),
		certify };
	struct bytes message = attest_context_bytes(&cx, "dice", &said), out;
	struct buf b;

	buf_init(&b, cx.arena, LIMIT_EVIDENCE);
	put_head(&b, 5, key == NULL ? 1 : 5);
	put_head(&b, 3, 5);
	buf_str(&b, "chain");
	put_head(&b, 4, 2);
	put_head(&b, 2, last->der.n);
	buf_put(&b, last->der);
	put_head(&b, 2, first->der.n);
	buf_put(&b, first->der);
	if (key != NULL) {
		put_part(&b, "issuer", said.issuer);
		put_part(&b, "nonce", said.nonce);
		put_part(&b, "key", said.key);
		put_part(&b, "signature", sign(key, message));
	}
	assert_true(buf_bytes(&b, &out));
	return out;
}

static void
layers_may_be_certificates_whose_last_key_signs(void **state)
{
	static const struct spec normal = { .cn = "layer",
		.ext = { LAYER_EXTENSIONS("1") } };
	static const struct spec debug = { .cn = "layer",
		.ext = { LAYER_EXTENSIONS("2") } };
	struct holder uds = make_ca("uds", NULL), other = make_ca("uds", NULL);
	struct holder first = make(&normal, &uds), last = make(&normal, &first);
	struct holder open = make(&debug, &first);
	struct bytes key = spki_of(make_key("P-256"));
	struct verdict v;

	(void)state;
	anchor.value = spki_of(uds.key);
	basis.key_spki = key;
	basis.issuer = ISSUER;
	basis.nonce = LIT("nonce");
	assert_string_equal(
	    judged(certificates(&first, &last, last.key, key), &v), "accepted");
	assert_int_equal(v.grade, GRADE_HARDWARE);
	assert_int_equal(v.facts.n_measurements, 2);
	assert_string_equal(
	    judged(certificates(&first, &open, open.key, key), &v), "accepted");
	assert_int_equal(v.facts.debug, DEBUG_ENABLED);
	assert_string_equal(
	    judged(certificates(&first, &last, first.key, key), &v),
	    "signature");
	assert_string_equal(
	    judged(certificates(&first, &last, NULL, key), &v), "key-mismatch");
	assert_string_equal(
	    judged(certificates(&first, &last, last.key, anchor.value), &v),
	    "key-mismatch");
	assert_string_equal(
	    judged(certificates(&first, &first, first.key, key), &v),
	    "layer-signature");
	basis.nonce = LIT("other");
	assert_string_equal(
	    judged(certificates(&first, &last, last.key, key), &v),
	    "nonce-mismatch");
	anchor.value = spki_of(other.key);
	assert_string_equal(
	    judged(certificates(&first, &last, last.key, key), &v),
	    "unknown-root");
	/* No layer, whoever signed it. */
	assert_string_equal(
	    judged(certificates(&uds, &first, first.key, key), &v), "parse");
}

static void
a_certificate_outside_of_its_time_is_refused(void **state)
{
	static const struct spec normal = { .cn = "layer",
		.ext = { LAYER_EXTENSIONS("1") } };
	struct holder uds = make_ca("uds", NULL), layer = make(&normal, &uds);
	struct verdict v;

	(void)state;
	anchor.value = spki_of(uds.key);
	assert_string_equal(judged(layer.der, &v), "accepted");
	cx.now = NOW + 2 * DAY;
	assert_string_equal(judged(layer.der, &v), "layer-certificate");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, unit_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chain_says_what_every_layer_measured),
		TEST(a_chain_is_bound_by_its_last_key),
		TEST(a_layer_in_debug_mode_spoils_those_after_it),
		TEST(a_key_for_another_algorithm_is_refused),
		TEST(a_chain_of_another_device_is_refused),
		TEST(what_is_no_chain_is_refused),
		TEST(layers_full_of_items_fit_the_arena),
		TEST(layers_may_be_certificates_whose_last_key_signs),
		TEST(a_certificate_outside_of_its_time_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "attest/fmt_dice", tests, NULL, NULL);
}
