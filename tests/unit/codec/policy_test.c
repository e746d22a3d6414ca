#include "tests/unit/unit.h"

#include "codec/policy.h"

static void
a_policy_says_how_keys_are_protected(void **state)
{
	struct policy p;

	(void)state;
	assert_null(policy_parse(&cx, "{}", &p));
	assert_string_equal(p.key_protection, "software");
	assert_null(policy_parse(&cx, "{\"key_protection\":\"hardware\"}", &p));
	assert_string_equal(p.key_protection, "hardware");
}

static void
anything_else_is_refused(void **state)
{
	static const char *const bad[] = { "", "[]", "null", "\"hardware\"",
		"{\"key_protection\":\"magic\"}", "{\"key_protection\":1}",
		"{\"key_protection\":null}", "{\"x\":1}", "{}{}",
		"{\"key_protection\":\"hardware\","
		"\"key_protection\":\"software\"}",
		"{\"enrollment\":{\"allowlist\":\"any\"}}",
		"{\"enrollment\":{\"units\":-1}}",
		"{\"enrollment\":{\"from\":\"2027-01-01T00:00:00Z\","
		"\"until\":\"2026-01-01T00:00:00Z\"}}",
		/* A11: not for software grade */
		"{\"enrollment\":{\"allowlist\":\"open\"}}",
		"{\"clones\":\"kill\"}", "{\"require_same_network\":\"yes\"}" };
	struct policy p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_ptr_equal(
		    policy_parse(&cx, bad[i], &p), &ERR_BAD_POLICY);
}

static void
what_is_asked_of_evidence_is_kept_as_it_came(void **state)
{
	struct policy p;

	(void)state;
	assert_null(policy_parse(&cx, "{}", &p));
	assert_null(p.evidence);
	assert_null(
	    policy_parse(&cx, "{\"evidence\": {\"formats\": [\"psa\"]}}", &p));
	assert_string_equal(p.evidence, "{\"formats\":[\"psa\"]}");
}

static void
a_policy_says_who_may_come_for_the_first_time(void **state)
{
	struct policy p;

	(void)state;
	assert_null(policy_parse(&cx, "{}", &p));
	assert_string_equal(p.enrollment.allowlist, "listed");
	assert_int_equal(p.enrollment.units, 0);
	assert_string_equal(p.clones, "refuse");
	assert_false(p.require_same_network);
	assert_null(policy_parse(&cx,
	    "{\"key_protection\":\"hardware\",\"clones\":\"quarantine\","
	    "\"require_same_network\":true,"
	    "\"enrollment\":{\"allowlist\":\"open\",\"units\":5,"
	    "\"units_per_hour\":2,\"until\":\"2027-01-01T00:00:00Z\"}}",
	    &p));
	assert_string_equal(p.enrollment.allowlist, "open");
	assert_int_equal(p.enrollment.units, 5);
	assert_int_equal(p.enrollment.units_per_hour, 2);
	assert_int_equal(p.enrollment.until, 1798761600);
	assert_string_equal(p.clones, "quarantine");
	assert_true(p.require_same_network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_policy_says_how_keys_are_protected),
		UNIT_TEST(what_is_asked_of_evidence_is_kept_as_it_came),
		UNIT_TEST(a_policy_says_who_may_come_for_the_first_time),
		UNIT_TEST(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
