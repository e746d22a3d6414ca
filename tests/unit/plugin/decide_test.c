#include "plugin/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ID "0f0e0d0c-0b0a-4908-8706-050403020100"
#define OTHER "1f0e0d0c-0b0a-4908-8706-050403020100"
#define MINE "devices/" ID

static const struct view_topic rows[] = {
	{ "backend", "devices/+/down/#", true },
	{ "backend", "devices/+/up/#", false },
	{ "backend", "$SYS/#", false },
	{ "backend-eu", NULL, false },
};

static struct view *
view_of_services(void)
{
	struct view *v = view_new();

	view_put_service(v, service_new("backend", rows, 4));
	view_put_service(v, service_new("backend-eu", rows, 4));
	return v;
}

static void
say(struct view *v, enum view_kind kind, const char *id)
{
	struct view_entry e = { .kind = kind };

	assert_true(view_id_of_uuid(id, e.id));
	view_apply(v, &e);
}

static struct who
who_of(const char *username)
{
	struct who who;

	assert_true(who_parse(username, &who));
	return who;
}

static bool
may(const struct view *v, const char *username, enum decide_access access,
    const char *topic)
{
	struct who who = who_of(username);
	struct decide_ask ask = { access, topic, false, topic_rules_default() };

	return decide(v, &who, &ask);
}

static void
device_publishes_below_up_alone(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	assert_true(may(v, ID, DECIDE_WRITE, MINE "/up"));
	assert_true(may(v, ID, DECIDE_WRITE, MINE "/up/a/b"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/down/a"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/upper/a"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/quarantine/a"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE));
	assert_false(may(v, ID, DECIDE_WRITE, "devices/" OTHER "/up/a"));
	assert_false(may(v, ID, DECIDE_WRITE, "/" MINE "/up/a"));
	assert_false(may(v, ID, DECIDE_WRITE, "else"));
	assert_false(may(v, ID, DECIDE_WRITE, ""));
}

static void
device_subscribes_at_or_below_down_alone(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	assert_true(may(v, ID, DECIDE_SUBSCRIBE, MINE "/down/#"));
	assert_true(may(v, ID, DECIDE_SUBSCRIBE, MINE "/down"));
	assert_true(may(v, ID, DECIDE_SUBSCRIBE, MINE "/down/+/x"));
	assert_false(may(v, ID, DECIDE_SUBSCRIBE, MINE "/up/#"));
	assert_false(may(v, ID, DECIDE_SUBSCRIBE, MINE "/#"));
	assert_false(may(v, ID, DECIDE_SUBSCRIBE, MINE "/+/x"));
	assert_false(may(v, ID, DECIDE_SUBSCRIBE, MINE "/down#"));
}

static void
wildcards_above_the_own_prefix_are_denied(void **state)
{
	static const char *const filters[] = { "#", "+/#", "+", "devices/#",
		"devices/+/down/#", "devices/+/down/x", "+/" ID "/down/#", "/#",
		"devices/" OTHER "/down/#" };
	AUTO_STRUCT(view) *v = view_new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		assert_false(may(v, ID, DECIDE_SUBSCRIBE, filters[i]));
}

static void
dollar_topics_are_denied_to_all(void **state)
{
	static const char *const topics[] = { "$SYS/broker/uptime", "$SYS/#",
		"$CONTROL/dynamic-security/v1", "$share/g/" MINE "/down/#",
		"$share/g/devices/+/up/#", "$queue/x", "$" };
	static const enum decide_access accesses[] = { DECIDE_READ,
		DECIDE_WRITE, DECIDE_SUBSCRIBE, DECIDE_UNSUBSCRIBE };
	AUTO_STRUCT(view) *v = view_of_services();
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		for (k = 0; k < 4; k++) {
			assert_false(may(v, ID, accesses[k], topics[i]));
			assert_false(
			    may(v, "service:backend", accesses[k], topics[i]));
		}
	}
}

static void
device_reads_what_it_may_subscribe(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	assert_true(may(v, ID, DECIDE_READ, MINE "/down/a"));
	assert_false(may(v, ID, DECIDE_READ, MINE "/up/a"));
	assert_false(may(v, ID, DECIDE_READ, "devices/" OTHER "/down/a"));
}

static void
wildcards_are_no_names_to_publish_to(void **state)
{
	AUTO_STRUCT(view) *v = view_of_services();

	(void)state;
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/up/#"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/up/+"));
	assert_false(
	    may(v, "service:backend", DECIDE_WRITE, "devices/+/down/#"));
}

static void
retain_is_refused_to_devices_only_when_writing(void **state)
{
	AUTO_STRUCT(view) *v = view_of_services();
	struct who device = who_of(ID), service = who_of("service:backend");
	const struct topic_rules *r = topic_rules_default();
	struct decide_ask up = { DECIDE_WRITE, MINE "/up/a", true, r };
	struct decide_ask down = { DECIDE_READ, MINE "/down/a", true, r };
	struct decide_ask to = { DECIDE_WRITE, MINE "/down/a", true, r };

	(void)state;
	assert_false(decide(v, &device, &up));
	assert_true(decide(v, &device, &down));
	assert_true(decide(v, &service, &to));
}

static void
quarantined_device_has_its_quarantine_topics_alone(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	say(v, VIEW_QUARANTINE, ID);
	assert_true(may(v, ID, DECIDE_WRITE, MINE "/quarantine/a"));
	assert_true(may(v, ID, DECIDE_READ, MINE "/quarantine/a"));
	assert_true(may(v, ID, DECIDE_SUBSCRIBE, MINE "/quarantine/#"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/up/a"));
	assert_false(may(v, ID, DECIDE_READ, MINE "/down/a"));
	assert_false(may(v, ID, DECIDE_SUBSCRIBE, MINE "/down/#"));
	assert_true(may(v, OTHER, DECIDE_WRITE, "devices/" OTHER "/up/a"));
	say(v, VIEW_LIFT, ID);
	assert_true(may(v, ID, DECIDE_WRITE, MINE "/up/a"));
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/quarantine/a"));
}

static void
refused_device_may_do_nothing(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	say(v, VIEW_DEVICE, ID);
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/up/a"));
	assert_false(may(v, ID, DECIDE_READ, MINE "/down/a"));
	assert_false(may(v, ID, DECIDE_SUBSCRIBE, MINE "/down/#"));
	assert_false(may(v, ID, DECIDE_UNSUBSCRIBE, MINE "/down/#"));
	say(v, VIEW_QUARANTINE, ID);
	assert_false(may(v, ID, DECIDE_WRITE, MINE "/quarantine/a"));
}

static void
service_has_its_patterns_alone(void **state)
{
	AUTO_STRUCT(view) *v = view_of_services();
	const char *s = "service:backend";

	(void)state;
	assert_true(may(v, s, DECIDE_WRITE, MINE "/down/a"));
	assert_false(may(v, s, DECIDE_WRITE, MINE "/up/a"));
	assert_true(may(v, s, DECIDE_SUBSCRIBE, "devices/+/up/#"));
	assert_true(may(v, s, DECIDE_SUBSCRIBE, MINE "/up/a"));
	assert_false(may(v, s, DECIDE_SUBSCRIBE, "devices/#"));
	assert_false(may(v, s, DECIDE_SUBSCRIBE, "#"));
	assert_true(may(v, s, DECIDE_READ, MINE "/up/a"));
	assert_false(may(v, s, DECIDE_READ, MINE "/down/a"));
	assert_false(may(v, "service:backend-eu", DECIDE_READ, MINE "/up/a"));
	assert_false(may(v, "service:unknown", DECIDE_READ, MINE "/up/a"));
}

static void
withdrawn_service_may_do_nothing(void **state)
{
	AUTO_STRUCT(view) *v = view_of_services();

	(void)state;
	view_put_service(v, service_new("backend", NULL, 0));
	assert_false(may(v, "service:backend", DECIDE_WRITE, MINE "/down/a"));
	assert_false(
	    may(v, "service:backend", DECIDE_UNSUBSCRIBE, MINE "/up/#"));
}

static void
user_names_that_are_not_ours_stand_for_nobody(void **state)
{
	static const char *const names[] = { "", "admin",
		"service:", "service:Bad", "service:a/b", "service:#",
		"Service:backend", "0F0E0D0C-0b0a-4908-8706-050403020100",
		ID " ", ID "-1", "urn:uuid:" ID };
	struct who who;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(who_parse(names[i], &who));
}

static void
user_name_survives_a_round_trip(void **state)
{
	static const char *const names[] = { ID, ID "/meter/Lamp-1",
		ID "/meter/", ID "//Lamp-1", "service:backend",
		"service:"
		"a23456789012345678901234567890123456789012345678901234567890"
		"123" };
	char text[WHO_USERNAME_BYTES];
	struct who who;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(who_parse(names[i], &who));
		who_username(&who, text);
		assert_string_equal(text, names[i]);
	}
}

static void
profile_and_model_choose_the_rules(void **state)
{
	static const struct topic_profile v[] = {
		{ "*", { { TOPIC_SUBSCRIBE, "fleet/%m/all" } }, 1 },
		{ "meter",
		    { { TOPIC_RETAIN, "m/%m/%d/state" },
			{ TOPIC_PUBLISH, "m/%m/%d/up/#" } },
		    2 },
	};
	static const struct topic_rules rules = { "O", "OU", v, 2 };
	static const struct {
		const char *username, *topic;
		enum decide_access access;
		bool retain, allowed;
	} asks[] = {
		{ ID "/meter/L1", "m/L1/" ID "/up/a", DECIDE_WRITE, false,
		    true },
		{ ID "/meter/L1", "m/L1/" ID "/up/a", DECIDE_WRITE, true,
		    false },
		{ ID "/meter/L1", "m/L1/" ID "/state", DECIDE_WRITE, true,
		    true },
		{ ID "/meter/L1", "m/L1/" ID "/state", DECIDE_WRITE, false,
		    true },
		{ ID "/meter/L1", "m/L2/" ID "/up/a", DECIDE_WRITE, false,
		    false },
		{ ID "/meter/L1", "m/L1/" OTHER "/up/a", DECIDE_WRITE, false,
		    false },
		{ ID "/meter/L1", "fleet/L1/all", DECIDE_READ, false, false },
		{ ID "/lamp/L1", "fleet/L1/all", DECIDE_SUBSCRIBE, false,
		    true },
		{ ID "/lamp/L1", "fleet/+/all", DECIDE_SUBSCRIBE, false,
		    false },
		{ ID "/lamp/", "fleet//all", DECIDE_READ, false, false },
		{ ID, "m/L1/" ID "/up/a", DECIDE_WRITE, false, false },
	};
	AUTO_STRUCT(view) *view = view_new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		struct who who = who_of(asks[i].username);
		struct decide_ask ask = { asks[i].access, asks[i].topic,
			asks[i].retain, &rules };

		if (decide(view, &who, &ask) != asks[i].allowed)
			fail_msg("ask %zu", i);
	}
}

static void
device_uses_its_own_client_id_and_four_more(void **state)
{
	static const char *const bad[] = { "", ID "-0", ID "-5", ID "-11",
		ID "-", ID "1", ID "-a", ID "/", OTHER, OTHER "-1", "backend" };
	AUTO_STRUCT(view) *v = view_of_services();
	struct who who = who_of(ID);
	size_t i;

	(void)state;
	assert_true(decide_client_id(v, &who, ID));
	assert_true(decide_client_id(v, &who, ID "-1"));
	assert_true(decide_client_id(v, &who, ID "-4"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(decide_client_id(v, &who, bad[i]));
}

static void
service_uses_its_name_with_a_short_suffix(void **state)
{
	static const char *const bad[] = { "", "backend-", "backendx",
		"backend-A", "backend-a-b", "backend-a_b",
		"backend-12345678901234567", ID, "other" };
	AUTO_STRUCT(view) *v = view_of_services();
	struct who who = who_of("service:backend");
	size_t i;

	(void)state;
	assert_true(decide_client_id(v, &who, "backend"));
	assert_true(decide_client_id(v, &who, "backend-1"));
	assert_true(decide_client_id(v, &who, "backend-1234567890abcdef"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(decide_client_id(v, &who, bad[i]));
}

static void
service_cannot_take_the_client_id_of_another(void **state)
{
	AUTO_STRUCT(view) *v = view_of_services();
	struct who backend = who_of("service:backend");
	struct who eu = who_of("service:backend-eu");
	struct who uuid_like = who_of("service:0f0e0d0c-0b0a-4908-8706");

	(void)state;
	assert_false(decide_client_id(v, &backend, "backend-eu"));
	assert_true(decide_client_id(v, &eu, "backend-eu"));
	assert_false(decide_client_id(v, &uuid_like, ID));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_publishes_below_up_alone),
		cmocka_unit_test(device_subscribes_at_or_below_down_alone),
		cmocka_unit_test(wildcards_above_the_own_prefix_are_denied),
		cmocka_unit_test(dollar_topics_are_denied_to_all),
		cmocka_unit_test(device_reads_what_it_may_subscribe),
		cmocka_unit_test(wildcards_are_no_names_to_publish_to),
		cmocka_unit_test(
		    retain_is_refused_to_devices_only_when_writing),
		cmocka_unit_test(
		    quarantined_device_has_its_quarantine_topics_alone),
		cmocka_unit_test(refused_device_may_do_nothing),
		cmocka_unit_test(service_has_its_patterns_alone),
		cmocka_unit_test(withdrawn_service_may_do_nothing),
		cmocka_unit_test(user_names_that_are_not_ours_stand_for_nobody),
		cmocka_unit_test(user_name_survives_a_round_trip),
		cmocka_unit_test(profile_and_model_choose_the_rules),
		cmocka_unit_test(device_uses_its_own_client_id_and_four_more),
		cmocka_unit_test(service_uses_its_name_with_a_short_suffix),
		cmocka_unit_test(service_cannot_take_the_client_id_of_another),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
