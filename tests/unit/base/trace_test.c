#include "base/trace.h"

#include "tests/unit/unit.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define UUID "01a1ff5e-0c4d-7a21-a48c-b92090d06383"
#define OWN "01a1ff5e0c4d7a21a48cb92090d06383"

static void
a_traceparent_is_read(void **state)
{
	struct trace t;

	(void)state;
	assert_true(trace_parse("00-" ID "-" SPAN "-01", &t));
	assert_string_equal(t.id, ID);
	assert_string_equal(t.span, SPAN);
	assert_int_equal(t.flags, 1);
	/* Flags that are not defined yet are not handed on. */
	assert_true(trace_parse("00-" ID "-" SPAN "-fe", &t));
	assert_int_equal(t.flags, 0);
	/* Of a later version the beginning counts (section 3.2.4). */
	assert_true(trace_parse("01-" ID "-" SPAN "-01", &t));
	assert_true(trace_parse("cc-" ID "-" SPAN "-01-what", &t));
	assert_string_equal(t.id, ID);
}

static void
one_broken_rule_each(void **state)
{
	static const char *const bad[] = {
		"",
		"00",
		"ff-" ID "-" SPAN "-01",
		"0g-" ID "-" SPAN "-01",
		"00_" ID "-" SPAN "-01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "-01",
		"00-" ID "-0000000000000000-01",
		"00-" ID "-00F067AA0BA902B7-01",
		"00-" ID "_" SPAN "-01",
		"00-" ID "-" SPAN "_01",
		"00-" ID "-" SPAN "-1",
		"00-" ID "-" SPAN "-0x",
		"00-" ID "-" SPAN "-01-",
		"00-" ID "-" SPAN "-01-more",
		"cc-" ID "-" SPAN "-01.what",
		" 00-" ID "-" SPAN "-01",
		"00-" ID "-" SPAN "-01 ",
		"00-" ID "-" SPAN "-01,00-" ID "-" SPAN "-01",
	};
	struct trace t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (trace_parse(bad[i], &t)) {
			print_error("%s\n", bad[i]);
			assert_true(false);
		}
}

static void
a_tracestate_is_a_list(void **state)
{
	static const char *const good[] = {
		"a=1",
		"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
		"a=1, b=2 ,\tc=3",
		"a=1,,b=2,",
		"a=x y",
		"fw529a3039@dt=FfC-;:",
		"0tenant@system=1",
		"a_-*/0=!~",
	};
	static const char *const bad[] = {
		"",
		",",
		"a",
		"a=",
		"=1",
		"A=1",
		"0=1",
		"a b=1",
		"a=1=2",
		"a=\x7f",
		"a=\x1f",
		"a=1,a=2",
		"ab=1,a=1,ab=2",
		"@b=1",
		"a@=1",
		"a@0=1",
		"a@bcdefghijklmnop=1",
		"a=1;b=2,c",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		if (!trace_state_ok(good[i])) {
			print_error("%s\n", good[i]);
			assert_true(false);
		}
	for (i = 0; i < COUNT(bad); i++)
		if (trace_state_ok(bad[i])) {
			print_error("%s\n", bad[i]);
			assert_true(false);
		}
}

static void
a_tracestate_has_limits(void **state)
{
	char text[TRACE_STATE_MAX + 2] = "";
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < TRACE_STATE_MEMBERS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sk%d=1",
		    i == 0 ? "" : ",", i);
	assert_true(trace_state_ok(text));
	(void)snprintf(text + n, sizeof(text) - n, ",one=more");
	assert_false(trace_state_ok(text));
	/* A key or a value has 256 characters at most. */
	memset(text, 'a', 256);
	memcpy(text + 256, "=1", 3);
	assert_true(trace_state_ok(text));
	memset(text, 'a', 257);
	memcpy(text + 257, "=1", 3);
	assert_false(trace_state_ok(text));
	memset(text, 'a', 259);
	memcpy(text, "b=", 2);
	text[258] = '\0';
	assert_true(trace_state_ok(text));
	text[258] = 'a';
	text[259] = '\0';
	assert_false(trace_state_ok(text));
	/* And all of it 512. */
	memset(text, ',', sizeof(text) - 1);
	memcpy(text, "a=1", 3);
	text[TRACE_STATE_MAX] = '\0';
	assert_true(trace_state_ok(text));
	text[TRACE_STATE_MAX] = ',';
	text[TRACE_STATE_MAX + 1] = '\0';
	assert_false(trace_state_ok(text));
}

static void
a_step_goes_on_or_begins_anew(void **state)
{
	char out[TRACE_PARENT_BYTES];
	struct trace t;

	(void)state;
	trace_begin(&t, UUID, "00-" ID "-" SPAN "-01", "a=1");
	trace_parent(&t, out);
	assert_string_equal(out, "00-" ID "-a48cb92090d06383-01");
	assert_string_equal(t.state, "a=1");
	trace_begin(&t, UUID, "00-" ID "-" SPAN "-01", "A=1");
	assert_null(t.state);
	assert_string_equal(t.id, ID);
	/* Without a trace its state means nothing (section 3.3). */
	trace_begin(&t, UUID, "00-" ID "-" SPAN "-zz", "a=1");
	trace_parent(&t, out);
	assert_string_equal(out, "00-" OWN "-a48cb92090d06383-00");
	assert_null(t.state);
	trace_begin(&t, UUID, NULL, "a=1");
	assert_string_equal(t.id, OWN);
	assert_null(t.state);
}

static void
a_copy_has_its_own_state(void **state)
{
	char text[] = "a=1", kept[TRACE_STATE_MAX + 1];
	struct trace t, copy;

	(void)state;
	trace_begin(&t, UUID, "00-" ID "-" SPAN "-01", text);
	trace_copy(&t, &copy, kept);
	text[2] = '2';
	assert_string_equal(copy.state, "a=1");
	trace_begin(&t, UUID, NULL, NULL);
	trace_copy(&t, &copy, kept);
	assert_null(copy.state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_traceparent_is_read),
		UNIT_TEST(one_broken_rule_each),
		UNIT_TEST(a_tracestate_is_a_list),
		UNIT_TEST(a_tracestate_has_limits),
		UNIT_TEST(a_step_goes_on_or_begins_anew),
		UNIT_TEST(a_copy_has_its_own_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
