#include "tests/unit/unit.h"

#include "attest/endorse.h"
#include "pki/key.h"

static void
values_are_allowed_for_one_implementation(void **state)
{
	struct corim c = { .value = { { .class_id = LIT("i"),
					  .type = "BL",
					  .digest = LIT("d") },
			       { .class_id = LIT("i"), .digest = LIT("e") } },
		.n_values = 2 };
	struct attest_policy p = { .n_formats = 0 };

	(void)state;
	assert_null(endorse_policy(&cx, &c, &p));
	assert_int_equal(p.n_measurements, 2);
	assert_true(bytes_eq(p.implementation_id, LIT("i")));
	assert_string_equal(p.measurement[0].type, "BL");
	assert_true(bytes_eq(p.measurement[1].value, LIT("e")));
	c.value[1].class_id = LIT("j");
	assert_non_null(endorse_policy(&cx, &c, &p));
	c.value[1].class_id = LIT("i");
	p.n_measurements = LIMIT_REFERENCES - 1;
	assert_non_null(endorse_policy(&cx, &c, &p));
}

static void
keys_are_anchors_of_their_instance(void **state)
{
	AUTO_STRUCT(keypair) *kp = keypair_new();
	struct bytes spki = keypair_spki(&cx, kp);
	struct corim c = { .key = { { .class_id = LIT("i"),
			       .instance = LIT("u"),
			       .pem = key_pem(&cx, spki) } },
		.n_keys = 1 };
	struct attest_anchor a[LIMIT_ANCHORS];
	size_t n = LIMIT_ANCHORS - 1;

	(void)state;
	assert_null(endorse_anchors(&cx, &c, a, &n));
	assert_int_equal(n, LIMIT_ANCHORS);
	assert_int_equal(a[n - 1].kind, ANCHOR_PUBLIC_KEY);
	assert_true(bytes_eq(a[n - 1].id, LIT("u")));
	assert_true(bytes_eq(a[n - 1].value, spki));
	assert_non_null(endorse_anchors(&cx, &c, a, &n));
	c.key[0].pem = "no key";
	n = 0;
	assert_non_null(endorse_anchors(&cx, &c, a, &n));
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(values_are_allowed_for_one_implementation),
		UNIT_TEST(keys_are_anchors_of_their_instance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
