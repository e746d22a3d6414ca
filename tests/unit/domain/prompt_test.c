#include "domain/prompt.h"

#include "../unit.h"

static void
test_prompts(void **state)
{
	static const char *const bad[] = { "", " ", "Login", "login login",
		"none login", "login  consent", "login ", "create" };
	unsigned set;
	size_t i;

	(void)state;
	assert_true(prompt_parse("none", &set));
	assert_int_equal(set, PROMPT_NONE);
	assert_true(prompt_parse("login consent select_account", &set));
	assert_int_equal(
	    set, PROMPT_LOGIN | PROMPT_CONSENT | PROMPT_SELECT_ACCOUNT);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(prompt_parse(bad[i], &set));
}

static void
test_max_ages(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", "1.5", "1e3", " 1",
		"0x10", "1234567890123456789" };
	int64_t age;
	size_t i;

	(void)state;
	assert_true(max_age_parse("0", &age));
	assert_int_equal(age, 0);
	assert_true(max_age_parse("0086400", &age));
	assert_int_equal(age, 86400);
	assert_true(max_age_parse("99999999999", &age));
	assert_int_equal(age, -1);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(max_age_parse(bad[i], &age));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_max_ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
