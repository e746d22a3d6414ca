#include "tests/unit/unit.h"

#include "plugin/options.h"
#include "plugin/plugin.h"

/* Why the required options and another one are refused; "" if they are not. */
static const char *
refusal(const char *key, const char *value, char why[OPTIONS_WHY_BYTES])
{
	char database[] = "database", issuer[] = "issuer", v[] = "x";
	char name[64], text[64];
	struct mosquitto_opt in[] = { { database, v }, { issuer, v },
		{ name, text } };
	struct options out;
	bool ok;

	(void)snprintf(name, sizeof(name), "%s", key);
	(void)snprintf(text, sizeof(text), "%s", value);
	*why = '\0';
	ok = options_read(in, COUNT(in), &out, why);
	assert_int_equal(ok, *why == '\0');
	return why;
}

static void
unknown_options_are_refused_with_what_was_meant(void **state)
{
	char why[OPTIONS_WHY_BYTES];

	(void)state;
	assert_string_equal(refusal("topics", "/x", why), "");
	assert_string_equal(refusal("topcis", "/x", why),
	    "unknown option plugin_opt_topcis; did you mean "
	    "plugin_opt_topics?");
	assert_string_equal(refusal("stale-after", "5", why),
	    "unknown option plugin_opt_stale-after; did you mean "
	    "plugin_opt_stale_after?");
	assert_string_equal(
	    refusal("colour", "x", why), "unknown option plugin_opt_colour");
	assert_string_equal(refusal("stale_after", "0", why),
	    "plugin_opt_stale_after is not from 1 to 86400");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(unknown_options_are_refused_with_what_was_meant),
	};

	return cmocka_run_group_tests_name("plugin/options", tests, NULL, NULL);
}
