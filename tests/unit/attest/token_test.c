#include "tests/unit/unit.h"

#include "attest/attest.h"
#include "attest/context.h"
#include "base/buf.h"
#include "codec/cose.h"
#include "pki/digest.h"
#include "pki/key.h"

/* What the tests change of one token of each format; tests/vectors has the
 * published ones. */

static struct keypair *kp;
static struct bytes spki;
static struct attest_policy policy;

static int
setup(void **state)
{
	(void)unit_setup(state);
	kp = keypair_new();
	spki = keypair_spki(&cx, kp);
	policy = (struct attest_policy){ .n_formats = 0 };
	return 0;
}

static int
end(void **state)
{
	keypair_free(kp);
	return unit_end(state);
}

static struct bytes
join(const struct bytes *part, size_t n)
{
	struct bytes out;
	struct buf b;
	size_t i;

	buf_init(&b, cx.arena, LIMIT_EVIDENCE);
	for (i = 0; i < n; i++)
		buf_put(&b, part[i]);
	assert_true(buf_bytes(&b, &out));
	return out;
}

/* COSE_Sign1 by kp over a payload of less than 256 bytes. */
static struct bytes
sign(struct bytes unprotected, struct bytes payload)
{
	uint8_t size[] = { 0x58, (uint8_t)payload.n };
	struct bytes part[] = { LIT("\xd2\x84\x43\xa1\1\x26"), unprotected,
		BYTES_OF(size), payload, LIT("\x41s") };
	struct cose c;

	assert_null(cose_read(&cx, join(part, COUNT(part)), COSE_SIGN1, 0, &c));
	assert_null(keypair_sign_es256(
	    &cx, kp, cose_covered(&cx, &c, &c.body, BYTES_NONE), &part[4]));
	{
		struct bytes whole[] = { part[0], part[1], part[2], part[3],
			LIT("\x58\x40"), part[4] };

		return join(whole, COUNT(whole));
	}
}

/* Claims after a nonce of 32 bytes. */
static struct bytes
claims(uint8_t count, struct bytes nonce, struct bytes more)
{
	uint8_t head[] = { (uint8_t)(0xa0 + count), 0x0a, 0x58, 0x20 };
	struct bytes part[] = { BYTES_OF(head), nonce, more };

	assert_int_equal(nonce.n, 32);
	return join(part, COUNT(part));
}

static const char *
judge(const char *format, struct bytes token, const struct attest_basis *basis,
    struct verdict *v)
{
	if (attest_judge(&cx, format, token, basis, v) != NULL)
		return "parse";
	return v->accepted ? "accepted" : verdict_refusal(v)->code;
}

static struct bytes
zeros(void)
{
	static const uint8_t z[32];

	return BYTES_OF(z);
}

static void
a_token_is_bound_to_the_key_by_its_nonce(void **state)
{
	struct attest_anchor a = { .kind = ANCHOR_PUBLIC_KEY, .value = spki };
	struct attest_basis basis = { .anchor = &a,
		.n_anchors = 1,
		.policy = &policy,
		.nonce = zeros(),
		.key_spki = LIT("the key"),
		.issuer = "https://id.example" };
	struct attest_context said = { .issuer = bytes_str(basis.issuer),
		.nonce = basis.nonce,
		.key = basis.key_spki };
	uint8_t hash[32];
	struct verdict v;
	struct bytes bound;

	(void)state;
	digest_sha256(attest_context_bytes(&cx, "eat", &said), hash);
	bound = sign(LIT("\xa0"), claims(1, BYTES_OF(hash), BYTES_NONE));
	assert_string_equal(judge("eat", bound, &basis, &v), "accepted");
	assert_int_equal(v.grade, GRADE_SOFTWARE);
	assert_true(bytes_eq(v.facts.key_spki, LIT("the key")));
	basis.key_spki = LIT("another");
	assert_string_equal(judge("eat", bound, &basis, &v), "nonce-mismatch");
	basis.key_spki = LIT("the key");
	basis.issuer = "https://other.example";
	assert_string_equal(judge("eat", bound, &basis, &v), "nonce-mismatch");
	assert_string_equal(
	    judge("eat", sign(LIT("\xa0"), claims(1, zeros(), BYTES_NONE)),
		&basis, &v),
	    "key-mismatch");
	assert_int_equal(verdict_refusal(&v)->layer, LAYER_BINDING);
}

static void
the_key_registered_for_the_instance_is_the_one(void **state)
{
	AUTO_STRUCT(keypair) *other = keypair_new();
	struct attest_anchor a[] = {
		{ .kind = ANCHOR_PUBLIC_KEY, .value = spki },
		{ .kind = ANCHOR_PUBLIC_KEY,
		    .value = keypair_spki(&cx, other),
		    .id = LIT("\1unit-7") },
		{ .kind = ANCHOR_PUBLIC_KEY, .value = spki, .id = LIT("hint") },
	};
	struct attest_basis basis = {
		.anchor = a, .n_anchors = 2, .policy = &policy
	};
	struct bytes ueid = LIT("\x19\1\0\x47\1unit-7");
	struct verdict v;

	(void)state;
	assert_string_equal(
	    judge(
		"eat", sign(LIT("\xa0"), claims(2, zeros(), ueid)), &basis, &v),
	    "signature");
	a[1].id = LIT("\1unit-8");
	assert_string_equal(
	    judge(
		"eat", sign(LIT("\xa0"), claims(2, zeros(), ueid)), &basis, &v),
	    "accepted");
	/* A key id of the message finds one as well. */
	a[0].id = LIT("\1unit-9");
	basis.n_anchors = 3;
	assert_string_equal(
	    judge("eat", sign(LIT("\xa1\4\x44hint"), claims(2, zeros(), ueid)),
		&basis, &v),
	    "accepted");
	assert_string_equal(
	    judge(
		"eat", sign(LIT("\xa0"), claims(2, zeros(), ueid)), &basis, &v),
	    "unknown-key");
}

/* A unit's own key speaks for that unit alone, whatever key id a message has:
 * else any unit could be any other of its maker. */
static void
the_key_of_one_unit_never_speaks_for_another(void **state)
{
	AUTO_STRUCT(keypair) *other = keypair_new();
	struct attest_anchor a[] = {
		{ .kind = ANCHOR_PUBLIC_KEY,
		    .value = spki,
		    .id = LIT("\1unit-8-of-17-byt") },
		{ .kind = ANCHOR_PUBLIC_KEY,
		    .value = keypair_spki(&cx, other),
		    .id = LIT("\1unit-7-of-17-byt") },
	};
	struct attest_basis basis = {
		.anchor = a, .n_anchors = 2, .policy = &policy
	};
	struct bytes hint = LIT("\xa1\4\x51\1unit-8-of-17-byt");
	struct bytes ueid = LIT("\x19\1\0\x51\1unit-7-of-17-byt");
	struct verdict v;

	(void)state;
	/* Its own token, for comparison */
	assert_string_equal(
	    judge("eat",
		sign(hint,
		    claims(2, zeros(), LIT("\x19\1\0\x51\1unit-8-of-17-byt"))),
		&basis, &v),
	    "accepted");
	assert_string_equal(
	    judge("eat", sign(hint, claims(2, zeros(), ueid)), &basis, &v),
	    "signature");
	/* Nor where the other one has no key of its own. */
	basis.n_anchors = 1;
	assert_string_equal(
	    judge("eat", sign(hint, claims(2, zeros(), ueid)), &basis, &v),
	    "unknown-key");
	/* Of a token without a name it says who it is of. */
	assert_string_equal(
	    judge(
		"eat", sign(hint, claims(1, zeros(), BYTES_NONE)), &basis, &v),
	    "accepted");
}

static void
a_public_key_is_never_a_secret(void **state)
{
	struct attest_anchor a = { .kind = ANCHOR_PUBLIC_KEY, .value = spki };
	struct attest_basis basis = {
		.anchor = &a, .n_anchors = 1, .policy = &policy
	};
	struct bytes mac = LIT("\xd1\x84\x43\xa1\1\5\xa0\x41\xa0\x41t");
	struct bytes short_mac = LIT("\xd1\x84\x43\xa1\1\4\xa0\x41\xa0\x41t");
	struct verdict v;

	(void)state;
	policy.mac_allowed = true;
	assert_string_equal(judge("eat", mac, &basis, &v), "unknown-key");
	a.kind = ANCHOR_SECRET_KEY;
	assert_string_equal(judge("eat", mac, &basis, &v), "signature");
	assert_string_equal(judge("eat", short_mac, &basis, &v), "algorithm");
	/* Nor is a secret one where the model says nothing of MACs. */
	policy.mac_allowed = false;
	assert_string_equal(judge("eat", mac, &basis, &v), "mac");
	assert_string_equal(
	    judge("eat", sign(LIT("\xa0"), claims(1, zeros(), BYTES_NONE)),
		&basis, &v),
	    "unknown-key");
}

/* One more claim after the nonce. */
static const char *
with(struct bytes more, struct verdict *v)
{
	struct attest_anchor a = { .kind = ANCHOR_PUBLIC_KEY, .value = spki };
	struct attest_basis basis = {
		.anchor = &a, .n_anchors = 1, .policy = &policy
	};

	return judge(
	    "eat", sign(LIT("\xa0"), claims(2, zeros(), more)), &basis, v);
}

static void
claims_have_their_types(void **state)
{
	static const struct bytes bad[] = {
		ROW("\1\1"),                     /* iss */
		ROW("\3\x80"),                   /* aud */
		ROW("\3\x81\1"), ROW("\4\x61z"), /* exp */
		ROW("\x19\1\0\x46\1nit-7"),      /* ueid, too short */
		ROW("\x19\1\0\x47\4unit-7"),     /* of no type */
		ROW("\x19\1\0\x48\2unit-77"),    /* no EUI */
		ROW("\x19\1\0\x47\3unit-7"),     /* no IMEI */
		ROW("\x19\1\1\xa0"),             /* sueids */
		ROW("\x19\1\1\xa1\x61z\1"), ROW("\x19\1\2\x42zz"), /* oemid */
		ROW("\x19\1\2\x20"), ROW("\x19\1\3\x40"),          /* hwmodel */
		ROW("\x19\1\4\x61z"),                            /* hwversion */
		ROW("\x19\1\4\x82\x61z\x80"), ROW("\x19\1\6\1"), /* oemboot */
		ROW("\x19\1\5\x20"),                             /* uptime */
		ROW("\x19\1\x08\1"),                             /* location */
		ROW("\x19\1\x0d\1"),                             /* dloas */
		ROW("\x19\1\7\5"),                               /* dbgstat */
		ROW("\x19\1\x09\1"),                             /* profile */
		ROW("\x19\1\x0a\xa0"),                           /* submods */
		ROW("\x19\1\x0a\xa1\x61z\1"),
		ROW("\x19\1\x0a\xa1\x61z\xa1\x19\1\7\5"),
		ROW("\x19\1\x0c\x41z"),           /* bootseed */
		ROW("\x19\1\x0f\x61z"),           /* swversion */
		ROW("\x19\1\x10\x80"),            /* manifests */
		ROW("\x19\1\x11\x81\x82\1\x61z"), /* measurements */
		ROW("\x19\1\x13\6"),              /* intuse */
	};
	struct verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_string_equal(with(bad[i], &v), "claim");
	assert_string_equal(with(LIT("\x19\3\xe8\1"), &v), "accepted");
	assert_string_equal(with(LIT("\x19\1\2\x19\1\2"), &v), "accepted");
	assert_true(bytes_eq(v.facts.oem, LIT("\0\0\1\2")));
}

static void
a_module_that_is_open_opens_the_device(void **state)
{
	struct verdict v;

	(void)state;
	policy.least_debug = DEBUG_DISABLED;
	policy.secure_boot = true;
	assert_string_equal(
	    with(LIT("\x19\1\x0a\xa1\x61z\xa1\x19\1\7\0"), &v), "secure-boot");
	policy = (struct attest_policy){ .least_debug = DEBUG_DISABLED };
	assert_string_equal(with(LIT("\x19\1\7\1"), &v), "accepted");
	assert_string_equal(with(LIT("\x19\1\7\0"), &v), "debug");
	assert_string_equal(
	    with(LIT("\x19\1\7\3\x19\1\x0a\xa1\x61z\xa1\x19\1\7\0"), &v),
	    "parse");
}

/* Whatever the token says of itself: the maker said it of the key. */
static void
an_eat_is_of_hardware_where_its_anchor_is(void **state)
{
	struct attest_anchor a[] = {
		{ .kind = ANCHOR_PUBLIC_KEY, .value = LIT("no key") },
		{ .kind = ANCHOR_PUBLIC_KEY, .value = spki },
	};
	struct attest_basis basis = {
		.anchor = a, .n_anchors = 2, .policy = &policy
	};
	struct bytes closed = LIT("\x19\1\7\2"), open = LIT("\x19\1\7\0");
	struct verdict v;

	(void)state;
	a[0].in_hardware = true;
	assert_string_equal(
	    judge("eat", sign(LIT("\xa0"), claims(2, zeros(), closed)), &basis,
		&v),
	    "accepted");
	assert_int_equal(v.grade, GRADE_SOFTWARE);
	a[1].in_hardware = true;
	assert_string_equal(
	    judge("eat", sign(LIT("\xa0"), claims(2, zeros(), closed)), &basis,
		&v),
	    "accepted");
	assert_int_equal(v.grade, GRADE_HARDWARE);
	/* Nothing guards a key on a device that is open. */
	assert_string_equal(
	    judge(
		"eat", sign(LIT("\xa0"), claims(2, zeros(), open)), &basis, &v),
	    "accepted");
	assert_int_equal(v.grade, GRADE_SOFTWARE);
}

static void
a_module_that_another_signed_is_named_and_says_nothing(void **state)
{
	static const struct bytes bad[] = {
		ROW("\x19\1\x0a\xa1\x61z\x40"), /* no token */
		ROW("\x19\1\x0a\xa1\x61z\x60"),
		ROW("\x19\1\x0a\xa1\x61z\x80"),          /* no digest */
		ROW("\x19\1\x0a\xa1\x61z\x82\x2f\x41z"), /* of another size */
		ROW("\x19\1\x0a\xa1\x61z\x82\x2d\x40"),  /* no hash of COSE */
		ROW("\x19\1\x0a\xa1\1\xa0"),             /* no name */
	};
	struct verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_string_equal(with(bad[i], &v), "claim");
	assert_string_equal(
	    with(LIT("\x19\1\x0a\xa1\x61z\x41\xd2"), &v), "accepted");
	assert_string_equal(v.finding[0].code, "submodule-unjudged");
	assert_int_equal(v.finding[0].severity, FINDING_WARNING);
	assert_non_null(strstr(v.finding[0].words, "(z)"));
	assert_string_equal(with(LIT("\x19\1\x0a\xa1\x61z\x82\x2f\x58\x20"
				     "0123456789abcdef0123456789abcdef"),
				&v),
	    "accepted");
	assert_int_equal(v.n_findings, 1);
	assert_string_equal(
	    with(LIT("\x19\1\x0a\xa1\x61z\xa0"), &v), "accepted");
	assert_int_equal(v.n_findings, 0);
}

static void
a_token_has_its_time(void **state)
{
	struct verdict v;

	(void)state;
	cx.now = 1000;
	assert_string_equal(with(LIT("\4\x19\3\xe8"), &v), "expired");
	assert_string_equal(with(LIT("\4\x19\3\xe9"), &v), "accepted");
	assert_string_equal(with(LIT("\4\xf9\x7e\0"), &v), "expired");
	assert_string_equal(with(LIT("\5\x19\5\x15"), &v), "not-yet");
	assert_string_equal(with(LIT("\6\x19\5\x14"), &v), "accepted");
	assert_string_equal(with(LIT("\6\xf9\x7e\0"), &v), "not-yet");
}

static void
versions_of_another_scheme_are_not_compared(void **state)
{
	struct verdict v;

	(void)state;
	policy.least_sw_version = "2.7.0";
	policy.sw_scheme = 16384;
	assert_string_equal(with(LIT("\x19\1\x0f\x82\x66"
				     "2.10.0\x19\x40\0"),
				&v),
	    "accepted");
	assert_string_equal(with(LIT("\x19\1\x0f\x82\x65"
				     "2.6.9\x19\x40\0"),
				&v),
	    "sw-version");
	assert_string_equal(with(LIT("\x19\1\x0f\x82\x66"
				     "2.10.0\1"),
				&v),
	    "sw-version");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_bound_to_the_key_by_its_nonce),
		TEST(the_key_registered_for_the_instance_is_the_one),
		TEST(the_key_of_one_unit_never_speaks_for_another),
		TEST(a_public_key_is_never_a_secret),
		TEST(claims_have_their_types),
		TEST(a_module_that_is_open_opens_the_device),
		TEST(an_eat_is_of_hardware_where_its_anchor_is),
		TEST(a_module_that_another_signed_is_named_and_says_nothing),
		TEST(a_token_has_its_time),
		TEST(versions_of_another_scheme_are_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
