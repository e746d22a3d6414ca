#include "codec/topic_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

#define ID "7b0a3c62-9a3e-4d4b-8d0d-2c9f0a1b2c3d"

static const char GOOD[] = "# devices\n"
			   "model O\n"
			   "profile\tOU\n"
			   "\n"
			   "rules *\n"
			   "\tpublish devices/%d/up/#\n"
			   "\tsubscribe devices/%d/down/#\n"
			   "rules meter\n"
			   "  retain devices/%d/up/state\n"
			   "  publish fleet/%m/%d/%p\n"
			   "  subscribe fleet/%m/all\n"
			   "rules nothing";

static void
file_is_read_and_expanded(void **state)
{
	static const struct topic_names names = { ID, "lamp-1", "meter" };
	AUTO_STRUCT(arena) *a = arena_new(256 * KIB);
	const struct topic_profile *p;
	char why[TOPIC_RULES_WHY], topic[LIMIT_TOPIC + 1];
	struct topic_rules rules;

	(void)state;
	assert_true(topic_rules_read(a, bytes_str(GOOD), &rules, why));
	assert_string_equal(rules.model, "O");
	assert_string_equal(rules.profile, "OU");
	p = topic_rules_of(&rules, "meter");
	assert_int_equal(p->n, 3);
	assert_int_equal(p->rule[0].may, TOPIC_RETAIN);
	assert_true(topic_rule_expand(p->rule[1].pattern, &names, topic));
	assert_string_equal(topic, "fleet/lamp-1/" ID "/meter");
	assert_int_equal(topic_rules_of(&rules, "nothing")->n, 0);
	assert_string_equal(topic_rules_of(&rules, "other")->name, "*");
	assert_string_equal(topic_rules_of(&rules, NULL)->name, "*");
}

static void
name_that_is_not_known_opens_nothing(void **state)
{
	static const struct topic_names names = { ID, "", NULL };
	char topic[LIMIT_TOPIC + 1];

	(void)state;
	assert_false(topic_rule_expand("fleet/%m/all", &names, topic));
	assert_false(topic_rule_expand("fleet/%p/all", &names, topic));
	assert_true(topic_rule_expand("fleet/100%%/%d", &names, topic));
	assert_string_equal(topic, "fleet/100%/" ID);
}

#define HEAD "model O\nprofile OU\nrules *\n"

static void
what_would_open_too_much_or_is_no_rule_is_refused(void **state)
{
	static const char *const bad[] = { "", "# nothing\n", "rules",
		"rules * *", "rules A", "rules -", "rules x", "model O",
		"publish devices/%d/up/#", "profile CN\nrules *",
		"model O\nmodel O\nrules *", "rules *\nmodel O",
		"rules *\nrules *", "profile OU\nrules x\nrules x",
		"rules *\npublish devices/%d/%m", "rules *\nsubscribe %p/a",
		HEAD "publish #", HEAD "publish devices/+/up",
		HEAD "publish devices/+/%d/up", HEAD "publish fleet/%m/up",
		HEAD "publish x%d/up/#", HEAD "retain fleet/all",
		HEAD "subscribe #", HEAD "subscribe fleet/%m/#",
		HEAD "subscribe devices/+/%d", HEAD "subscribe $SYS/%d",
		HEAD "subscribe $share/a/%d/#", HEAD "publish devices/%d/a#",
		HEAD "publish devices/%d/%x", HEAD "publish devices/%d/%",
		HEAD "publish", HEAD "publish %d a", HEAD "allow %d",
		HEAD "publish %d\r", HEAD "subscribe a\x01" };
	AUTO_STRUCT(arena) *a = arena_new(MIB);
	char why[TOPIC_RULES_WHY];
	struct topic_rules rules;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arena_reset(a);
		if (topic_rules_read(a, bytes_str(bad[i]), &rules, why))
			fail_msg("read: %s", bad[i]);
		assert_int_equal(strncmp(why, "line ", 5), 0);
	}
	assert_false(topic_rules_read(
	    a, (struct bytes){ (const uint8_t *)"rules *\0", 8 }, &rules, why));
}

static void
limits_hold(void **state)
{
	AUTO_STRUCT(arena) *a = arena_new(MIB);
	char why[TOPIC_RULES_WHY];
	struct topic_rules rules;
	char *text = arena_alloc(a, LIMIT_TOPIC_FILE + 2);
	size_t i, n;

	(void)state;
	n = (size_t)snprintf(text, LIMIT_TOPIC_FILE, "rules *\n");
	for (i = 0; i <= LIMIT_TOPIC_RULES; i++)
		n += (size_t)snprintf(
		    text + n, LIMIT_TOPIC_FILE - n, "publish %%d/%zu\n", i);
	assert_false(topic_rules_read(a, bytes_str(text), &rules, why));
	assert_non_null(strstr(why, "too many rules"));
	n = (size_t)snprintf(text, LIMIT_TOPIC_FILE, "profile OU\n");
	for (i = 0; i <= LIMIT_TOPIC_PROFILES; i++)
		n += (size_t)snprintf(
		    text + n, LIMIT_TOPIC_FILE - n, "rules p%zu\n", i);
	assert_false(topic_rules_read(a, bytes_str(text), &rules, why));
	assert_non_null(strstr(why, "too many profiles"));
	memset(text, '#', LIMIT_TOPIC_FILE + 1);
	assert_false(topic_rules_read(a, bytes_str(text), &rules, why));
	assert_non_null(strstr(why, "too long"));
}

static void
names_are_one_level(void **state)
{
	static const char *const bad[] = { "", "a/b", "+", "#", "a b", "$SYS/",
		"a%", "\xc3\xa4",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa" };
	size_t i;

	(void)state;
	assert_true(topic_name_ok("Lamp-1.x_y"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(topic_name_ok(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_read_and_expanded),
		cmocka_unit_test(name_that_is_not_known_opens_nothing),
		cmocka_unit_test(
		    what_would_open_too_much_or_is_no_rule_is_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(names_are_one_level),
	};

	return cmocka_run_group_tests_name("topic_rules", tests, NULL, NULL);
}
