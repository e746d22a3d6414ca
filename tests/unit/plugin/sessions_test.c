#include "plugin/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW 1000

/* Clients are only ever compared, so numbers will do. */
static const void *
client_of(unsigned n)
{
	return (const void *)(uintptr_t)(0x10000 + n * 64);
}

static struct session
session_of(unsigned n)
{
	struct session s = { .client = client_of(n), .not_after = NOW + 60 };

	(void)snprintf(s.client_id, sizeof(s.client_id), "c%u", n);
	s.who.id[0] = (uint8_t)(n >> 8);
	s.who.id[1] = (uint8_t)n;
	s.serial[14] = (uint8_t)(n >> 8);
	s.serial[15] = (uint8_t)n;
	return s;
}

static void
put(struct sessions *s, unsigned n)
{
	struct session one = session_of(n);

	sessions_put(s, &one);
}

static void
say(struct view *v, enum view_kind kind, const uint8_t *id)
{
	struct view_entry e = { .kind = kind };

	memcpy(e.id, id, sizeof(e.id));
	view_apply(v, &e);
}

/* What a sweep cut, and in which way its callback behaves. */
struct cuts {
	struct sessions *sessions;
	bool removes; /* as the broker's disconnect callback does */
	unsigned n;
	char last[SESSION_CLIENT_ID_BYTES];
	const char *why;
};

static void
cut(void *arg, const struct session *s, const char *why)
{
	struct cuts *c = arg;

	c->n++;
	c->why = why;
	memcpy(c->last, s->client_id, sizeof(c->last));
	if (c->removes)
		sessions_remove(c->sessions, s->client);
}

static struct sweep
sweep_of(const struct view *v, struct cuts *c)
{
	return (struct sweep){ .view = v,
		.now = NOW,
		.max_look = 1000,
		.max_cut = 1000,
		.cut = cut,
		.arg = c };
}

static void
many_sessions_are_found_after_half_have_gone(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 5000; i++)
		put(s, i);
	for (i = 0; i < 5000; i += 2)
		sessions_remove(s, client_of(i));
	assert_int_equal(sessions_count(s), 2500);
	for (i = 0; i < 5000; i++) {
		const struct session *one = sessions_get(s, client_of(i));

		if (i % 2 == 0) {
			assert_null(one);
			continue;
		}
		assert_non_null(one);
		assert_ptr_equal(one->client, client_of(i));
	}
}

static void
same_client_again_replaces_its_session(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	struct session one = session_of(1);

	(void)state;
	put(s, 1);
	one.not_after = NOW + 999;
	sessions_put(s, &one);
	assert_int_equal(sessions_count(s), 1);
	assert_int_equal(sessions_get(s, client_of(1))->not_after, NOW + 999);
}

static void
taken_over_client_id_leaves_the_newer_session(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	struct session newer = session_of(2);

	(void)state;
	put(s, 1);
	(void)snprintf(newer.client_id, sizeof(newer.client_id), "c1");
	sessions_put(s, &newer);
	sessions_remove(s, client_of(1)); /* the older one's end, after */
	assert_non_null(sessions_get(s, client_of(2)));
	assert_int_equal(sessions_count(s), 1);
}

static void
session_is_over_one_second_after_its_certificate(void **state)
{
	AUTO_STRUCT(view) *v = view_new();
	struct session s = session_of(1);

	(void)state;
	assert_null(session_over(v, &s, s.not_after));
	assert_string_equal(
	    session_over(v, &s, s.not_after + 1), "certificate-expired");
}

static void
session_is_over_by_device_serial_quarantine_and_service(void **state)
{
	AUTO_STRUCT(view) *v = view_new();
	struct session device = session_of(1), serial = session_of(2);
	struct session quarantined = session_of(3), service = session_of(4);

	(void)state;
	service.who.is_service = true;
	(void)snprintf(service.who.name, sizeof(service.who.name), "gone");
	say(v, VIEW_DEVICE, device.who.id);
	say(v, VIEW_CERTIFICATE, serial.serial);
	say(v, VIEW_QUARANTINE, quarantined.who.id);
	assert_string_equal(session_over(v, &device, NOW), "device-refused");
	assert_string_equal(
	    session_over(v, &serial, NOW), "certificate-refused");
	assert_string_equal(session_over(v, &quarantined, NOW), "quarantined");
	assert_string_equal(session_over(v, &service, NOW), "service-unknown");
	quarantined.quarantined = true;
	assert_null(session_over(v, &quarantined, NOW));
}

static void
sweep_cuts_every_session_of_a_refused_device(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	AUTO_STRUCT(view) *v = view_new();
	struct cuts c = { .sessions = s, .removes = true };
	struct sweep sweep = sweep_of(v, &c);
	struct session one;
	unsigned i;

	(void)state;
	for (i = 0; i < 50; i++)
		put(s, i);
	for (i = 50; i < 55; i++) {
		one = session_of(i);
		memcpy(one.who.id, session_of(7).who.id, sizeof(one.who.id));
		sessions_put(s, &one);
	}
	say(v, VIEW_DEVICE, session_of(7).who.id);
	sessions_judge_all(s);
	assert_true(sessions_sweep(s, &sweep));
	assert_int_equal(c.n, 6);
	assert_int_equal(sessions_count(s), 49);
}

static void
nothing_is_swept_before_it_is_asked_for(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	AUTO_STRUCT(view) *v = view_new();
	struct cuts c = { .sessions = s };
	struct sweep sweep = sweep_of(v, &c);

	(void)state;
	put(s, 1);
	say(v, VIEW_DEVICE, session_of(1).who.id);
	assert_true(sessions_sweep(s, &sweep));
	assert_int_equal(c.n, 0);
}

static void
sweep_in_slices_cuts_no_more_than_it_may_and_all_in_the_end(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	AUTO_STRUCT(view) *v = view_new();
	struct cuts c = { .sessions = s, .removes = true };
	struct sweep sweep = sweep_of(v, &c);
	unsigned i, before;

	(void)state;
	for (i = 0; i < 1000; i++) {
		put(s, i);
		if (i % 2 == 0)
			say(v, VIEW_CERTIFICATE, session_of(i).serial);
	}
	sweep.max_look = 37;
	sweep.max_cut = 10;
	sessions_judge_all(s);
	for (i = 0; i < 1000; i++) {
		bool done;

		before = c.n;
		done = sessions_sweep(s, &sweep);
		assert_in_range(c.n - before, 0, 10);
		if (done)
			break;
		/* Others come and go between two slices. */
		put(s, 2000 + i);
		if (i % 3 == 0)
			sessions_remove(s, client_of(1 + 2 * i));
	}
	assert_int_equal(c.n, 500);
	for (i = 0; i < 1000; i += 2)
		assert_null(sessions_get(s, client_of(i)));
}

static void
session_that_could_not_be_cut_is_forgotten(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	AUTO_STRUCT(view) *v = view_new();
	struct cuts c = { .sessions = s, .removes = false };
	struct sweep sweep = sweep_of(v, &c);

	(void)state;
	put(s, 1);
	sweep.now = NOW + 3600;
	sessions_judge_all(s);
	assert_true(sessions_sweep(s, &sweep));
	assert_int_equal(sessions_count(s), 0);
	assert_string_equal(c.last, "c1");
	assert_string_equal(c.why, "certificate-expired");
}

static void
quarantine_cuts_once_again_after_it_was_lifted(void **state)
{
	AUTO_STRUCT(sessions) *s = sessions_new();
	AUTO_STRUCT(view) *v = view_new();
	struct cuts c = { .sessions = s, .removes = true };
	struct sweep sweep = sweep_of(v, &c);
	struct session one = session_of(1);

	(void)state;
	one.quarantined = true; /* opened in quarantine */
	sessions_put(s, &one);
	say(v, VIEW_QUARANTINE, one.who.id);
	sessions_judge_all(s);
	assert_true(sessions_sweep(s, &sweep));
	say(v, VIEW_LIFT, one.who.id);
	sessions_judge_all(s);
	assert_true(sessions_sweep(s, &sweep));
	assert_int_equal(c.n, 0);
	say(v, VIEW_QUARANTINE, one.who.id);
	sessions_judge_all(s);
	assert_true(sessions_sweep(s, &sweep));
	assert_int_equal(c.n, 1);
	assert_string_equal(c.why, "quarantined");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_sessions_are_found_after_half_have_gone),
		cmocka_unit_test(same_client_again_replaces_its_session),
		cmocka_unit_test(taken_over_client_id_leaves_the_newer_session),
		cmocka_unit_test(
		    session_is_over_one_second_after_its_certificate),
		cmocka_unit_test(
		    session_is_over_by_device_serial_quarantine_and_service),
		cmocka_unit_test(sweep_cuts_every_session_of_a_refused_device),
		cmocka_unit_test(nothing_is_swept_before_it_is_asked_for),
		cmocka_unit_test(
		    sweep_in_slices_cuts_no_more_than_it_may_and_all_in_the_end),
		cmocka_unit_test(session_that_could_not_be_cut_is_forgotten),
		cmocka_unit_test(
		    quarantine_cuts_once_again_after_it_was_lifted),
	};

	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
