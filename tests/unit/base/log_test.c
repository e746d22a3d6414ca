#include "base/log.h"

#include <stdio.h>

#include "base/trace.h"
#include "codec/json.h"
#include "tests/unit/unit.h"

/* What one event wrote to standard error. */
static const char *
logged(const struct log_field *f, size_t n)
{
	char *text = arena_alloc(cx.arena, 8192);
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	size_t got;

	assert_non_null(file);
	(void)fflush(stderr);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	log_event(&cx, "test.event", f, n);
	(void)fflush(stderr);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	rewind(file);
	got = fread(text, 1, 8191, file);
	text[got] = '\0';
	(void)fclose(file);
	return text;
}

#define LOGGED(...)                                 \
	logged((struct log_field[]){ __VA_ARGS__ }, \
	    COUNT(((struct log_field[]){ __VA_ARGS__ })))

/* What comes after the time. */
static void
ends(const char *line, const char *with)
{
	size_t n = strlen(with);

	assert_true(strlen(line) > n);
	assert_string_equal(line + strlen(line) - n, with);
}

static void
lines_have_ids_and_fields(void **state)
{
	struct trace t;

	(void)state;
	trace_begin(&t, cx.rid, NULL, NULL);
	cx.trace = &t;
	log_set_format(LOG_KEYVALUE);
	ends(LOGGED(LOG_S("a", "plain"), LOG_I("n", -7)),
	    " event=test.event rid=00000000-0000-4000-8000-000000000000 "
	    "trace=00000000000040008000000000000000 a=plain n=-7\n");
	log_set_format(LOG_JSON);
	ends(LOGGED(LOG_S("a", "plain"), LOG_I("n", -7)),
	    "\",\"event\":\"test.event\","
	    "\"rid\":\"00000000-0000-4000-8000-000000000000\","
	    "\"trace\":\"00000000000040008000000000000000\","
	    "\"a\":\"plain\",\"n\":-7}\n");
}

/* Nothing that a sender chooses ends a value or a line. */
static void
hostile_values_stay_values(void **state)
{
	static const char hostile[] =
	    "x\" event=forged\n{\"event\":\"forged\"}\\\r\x1b\xff";

	(void)state;
	log_set_format(LOG_KEYVALUE);
	ends(LOGGED(LOG_S("a", hostile), LOG_S("b", "")),
	    " a=\"x\\\" event=forged\\x0a{\\\"event\\\":\\\"forged\\\"}\\\\"
	    "\\x0d\\x1b\\xff\" b=\"\"\n");
	log_set_format(LOG_JSON);
	ends(LOGGED(LOG_S("a", hostile), LOG_S("b", "")),
	    ",\"a\":\"x\\\" event=forged\\u000a{\\\"event\\\":\\\"forged\\\"}"
	    "\\\\\\u000d\\u001b\\u00ff\",\"b\":\"\"}\n");
}

struct whole {
	const char *event, *a;
};

static const struct json_field whole_fields[] = {
	JSON_F_STR(whole, event, 64, true),
	JSON_F_STR(whole, a, 4096, true),
	JSON_END,
};

/* What does not fit is cut so that the rest can be read. */
static void
long_lines_are_whole(void **state)
{
	char big[4096];
	struct whole w;
	const char *line;
	size_t lead;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (lead = 0; lead < 8; lead++) {
		memset(big, 'a', lead);
		memset(big + lead, '\n', sizeof(big) - 1 - lead);
		log_set_format(LOG_JSON);
		line = LOGGED(LOG_S("a", big), LOG_S("b", big));
		assert_true(strlen(line) <= 2048);
		assert_null(json_read_open(&cx,
		    (struct bytes){ (const uint8_t *)line, strlen(line) - 1 },
		    whole_fields, &w));
		assert_string_equal(w.event, "test.event");
		assert_true(strlen(w.a) > 200);
		log_set_format(LOG_KEYVALUE);
		line = LOGGED(LOG_S("a", big));
		assert_true(strlen(line) <= 2048);
		ends(line, "\\x0a\"\n");
	}
	/* One that is plain, and too long to stand without quotes. */
	memset(big, 'a', sizeof(big) - 1);
	line = LOGGED(LOG_S("a", big), LOG_I("n", 1));
	ends(line, "aaa\"\n");
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(lines_have_ids_and_fields),
		UNIT_TEST(hostile_values_stay_values),
		UNIT_TEST(long_lines_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
