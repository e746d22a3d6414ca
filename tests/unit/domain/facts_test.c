#include "domain/facts.h"

#include "tests/unit/unit.h"

static const struct unit UNIT = { .manufacturer_id = "acme",
	.manufacturer_name = "Acme",
	.model_id = "lamp",
	.model_name = "Lamp",
	.serial = "SN-1",
	.model_policy = "{}" };
static const uint8_t KEY[32] = { 1 };

static const char *
facts_of(const struct attested *attested)
{
	const char *json;

	assert_null(facts_write(&cx, &UNIT, KEY, attested, &json));
	return json;
}

static void
without_evidence_the_facts_are_the_makers(void **state)
{
	const char *json = facts_of(NULL);

	(void)state;
	assert_non_null(strstr(json, "\"serial\":\"SN-1\""));
	assert_non_null(
	    strstr(json, "{\"format\":\"idevid\",\"grade\":\"software\"}"));
}

static void
p6_what_a_device_says_is_shown_as_plain_text_or_not_at_all(void **state)
{
	static const char *const bad[] = { "1.0\u202e0.9", "1\n2", "\u200b",
		"1\x1b[0m" };
	struct attested a = {
		.format = "eat", .grade = "hardware", .sw_version = "1.0 beta"
	};
	size_t i;

	(void)state;
	assert_non_null(strstr(facts_of(&a), "\"sw_version\":\"1.0 beta\""));
	for (i = 0; i < COUNT(bad); i++) {
		a.sw_version = bad[i];
		assert_null(strstr(facts_of(&a), "sw_version"));
	}
}

static void
a7_the_digest_is_of_approval_key_account_and_facts(void **state)
{
	static const uint8_t other[32] = { 2 };
	const char *d = facts_digest(&cx, "a", KEY, "o", "{}");

	(void)state;
	assert_int_equal(strlen(d), 43);
	assert_string_equal(d, facts_digest(&cx, "a", KEY, "o", "{}"));
	assert_string_not_equal(d, facts_digest(&cx, "b", KEY, "o", "{}"));
	assert_string_not_equal(d, facts_digest(&cx, "a", other, "o", "{}"));
	assert_string_not_equal(d, facts_digest(&cx, "a", KEY, "p", "{}"));
	assert_string_not_equal(d, facts_digest(&cx, "a", KEY, "o", "{ }"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(without_evidence_the_facts_are_the_makers),
		UNIT_TEST(
		    p6_what_a_device_says_is_shown_as_plain_text_or_not_at_all),
		UNIT_TEST(a7_the_digest_is_of_approval_key_account_and_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
