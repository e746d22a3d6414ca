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
		"\"key_protection\":\"software\"}" };
	struct policy p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_ptr_equal(
		    policy_parse(&cx, bad[i], &p), &ERR_BAD_POLICY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_policy_says_how_keys_are_protected),
		UNIT_TEST(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
