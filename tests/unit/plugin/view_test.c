#include "plugin/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const uint8_t A[VIEW_ID_BYTES] = { 1 }, B[VIEW_ID_BYTES] = { 2 };

static void
say(struct view *v, enum view_kind kind, const uint8_t *id, int64_t until)
{
	struct view_entry e = { .kind = kind, .until = until };

	memcpy(e.id, id, sizeof(e.id));
	view_apply(v, &e);
}

static void
refused_device_stays_refused_whatever_follows(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	say(v, VIEW_DEVICE, A, 0);
	say(v, VIEW_QUARANTINE, A, 0);
	say(v, VIEW_LIFT, A, 0);
	view_expire(v, INT64_MAX - 1);
	assert_true(view_device_refused(v, A));
	assert_false(view_device_refused(v, B));
}

static void
quarantine_holds_until_lifted(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	say(v, VIEW_QUARANTINE, A, 0);
	say(v, VIEW_QUARANTINE, A, 0);
	assert_true(view_quarantined(v, A));
	assert_false(view_quarantined(v, B));
	say(v, VIEW_LIFT, A, 0);
	assert_false(view_quarantined(v, A));
}

static void
refused_serial_is_dropped_once_its_time_is_over(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	say(v, VIEW_CERTIFICATE, A, 100);
	say(v, VIEW_CERTIFICATE, B, 0);
	view_expire(v, 99);
	assert_true(view_serial_refused(v, A));
	view_expire(v, 100);
	assert_false(view_serial_refused(v, A));
	assert_true(view_serial_refused(v, B));
}

static void
device_ids_and_serials_do_not_mix(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	say(v, VIEW_DEVICE, A, 0);
	say(v, VIEW_CERTIFICATE, B, 0);
	assert_false(view_serial_refused(v, A));
	assert_false(view_device_refused(v, B));
}

static void
new_view_keeps_refusals_but_not_quarantine(void **state)
{
	AUTO_STRUCT(view) *older = view_new(), *v = view_new();

	(void)state;
	say(older, VIEW_DEVICE, A, 0);
	say(older, VIEW_CERTIFICATE, A, 100);
	say(older, VIEW_QUARANTINE, B, 0);
	view_keep(v, older);
	assert_true(view_device_refused(v, A));
	assert_true(view_serial_refused(v, A));
	assert_false(view_quarantined(v, B));
}

static const struct view_topic rows[] = {
	{ "alpha", "a/#", true },
	{ "alpha", "b/+", false },
	{ "alpha", "c", false },
	{ "beta", NULL, false },
};

static void
service_has_the_topics_of_its_own_rows(void **state)
{
	AUTO_STRUCT(view) *v = view_new();
	const struct service *s;

	(void)state;
	view_put_service(v, service_new("alpha", rows, 4));
	view_put_service(v, service_new("beta", rows, 4));
	s = view_service(v, "alpha");
	assert_string_equal(s->publish[0], "a/#");
	assert_null(s->publish[1]);
	assert_string_equal(s->subscribe[0], "b/+");
	assert_string_equal(s->subscribe[1], "c");
	assert_null(s->subscribe[2]);
	s = view_service(v, "beta");
	assert_null(s->publish[0]);
	assert_null(s->subscribe[0]);
	assert_null(view_service(v, "gamma"));
}

static void
service_without_rows_is_withdrawn_and_may_return(void **state)
{
	AUTO_STRUCT(view) *v = view_new();

	(void)state;
	view_put_service(v, service_new("alpha", rows, 4));
	view_put_service(v, service_new("alpha", NULL, 0));
	assert_null(view_service(v, "alpha"));
	view_put_service(v, service_new("alpha", rows, 4));
	assert_non_null(view_service(v, "alpha"));
}

static void
serial_is_filled_from_the_left_and_uuid_read_exactly(void **state)
{
	static const uint8_t serial[] = { 0xab, 0xcd }, long_one[17] = { 1 };
	static const uint8_t of_serial[VIEW_ID_BYTES] = { [14] = 0xab, 0xcd };
	static const uint8_t of_uuid[VIEW_ID_BYTES] = { 0x01, 0x23, 0x45, 0x67,
		0x89, 0xab, 0x4c, 0xde, 0x8f, 0x01, 0x23, 0x45, 0x67, 0x89,
		0xab, 0xcd };
	uint8_t id[VIEW_ID_BYTES];

	(void)state;
	assert_true(view_id_of_serial(BYTES_OF(serial), id));
	assert_memory_equal(id, of_serial, sizeof(id));
	assert_false(view_id_of_serial(BYTES_OF(long_one), id));
	assert_false(view_id_of_serial(BYTES_NONE, id));
	assert_true(
	    view_id_of_uuid("01234567-89ab-4cde-8f01-23456789abcd", id));
	assert_memory_equal(id, of_uuid, sizeof(id));
	assert_false(
	    view_id_of_uuid("01234567-89AB-4cde-8f01-23456789abcd", id));
	assert_false(view_id_of_uuid("", id));
}

/* Once there was a window, what is in it must be known (SECURITY.md R6). */
static void
certificates_of_a_lost_time_are_refused_but_for_those_known(void **state)
{
	AUTO_STRUCT(view) *v = view_new(), *later = view_new();
	struct view_entry window = { .kind = VIEW_WINDOW,
		.id = { [7] = 10, [15] = 20 } };

	(void)state;
	assert_false(view_serial_lost(v, A, 15));
	say(v, VIEW_KNOWN, B, 0);
	view_apply(v, &window);
	view_apply(v, &window);
	assert_true(view_serial_lost(v, A, 10));
	assert_true(view_serial_lost(v, A, 20));
	assert_false(view_serial_lost(v, A, 9));
	assert_false(view_serial_lost(v, A, 21));
	assert_false(view_serial_lost(v, B, 15));
	view_keep(later, v);
	assert_true(view_serial_lost(later, A, 15));
	assert_false(view_serial_lost(later, B, 15));
}

static void
quarantines_outlast_a_database_that_forgot_them(void **state)
{
	AUTO_STRUCT(view) *v = view_new(), *restored = view_new();

	(void)state;
	say(v, VIEW_QUARANTINE, A, 0);
	view_keep(restored, v);
	assert_false(view_quarantined(restored, A));
	view_keep_quarantined(restored, v);
	assert_true(view_quarantined(restored, A));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_device_stays_refused_whatever_follows),
		cmocka_unit_test(
		    certificates_of_a_lost_time_are_refused_but_for_those_known),
		cmocka_unit_test(
		    quarantines_outlast_a_database_that_forgot_them),
		cmocka_unit_test(quarantine_holds_until_lifted),
		cmocka_unit_test(
		    refused_serial_is_dropped_once_its_time_is_over),
		cmocka_unit_test(device_ids_and_serials_do_not_mix),
		cmocka_unit_test(new_view_keeps_refusals_but_not_quarantine),
		cmocka_unit_test(service_has_the_topics_of_its_own_rows),
		cmocka_unit_test(
		    service_without_rows_is_withdrawn_and_may_return),
		cmocka_unit_test(
		    serial_is_filled_from_the_left_and_uuid_read_exactly),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
