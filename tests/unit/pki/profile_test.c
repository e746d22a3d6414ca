#include "tests/unit/pki/material.h"

#include "pki/profile.h"

static struct profiles *
load(const char *text, char why[256])
{
	const char *dir = unit_mkdir();
	const char *path = arena_printf(cx.arena, "%s/p", dir);
	struct profiles *p;
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	p = profiles_load(path, why);
	unit_rmdir(dir);
	return p;
}

static void
the_shipped_file_is_read(void **state)
{
	char why[256];
	AUTO_STRUCT(profiles) *p = profiles_load("pki/profiles.conf", why);
	const struct profile *s;

	(void)state;
	assert_non_null(p);
	s = profile_get(p, "service");
	assert_non_null(s);
	assert_int_equal(s->kind, PROFILE_SERVICE);
	assert_int_equal(s->lifetime, 90 * 86400);
	assert_int_equal(s->backdate, 300);
	assert_non_null(profile_get(p, "server"));
	assert_null(profile_get(p, "root"));
	assert_null(profile_get(p, ""));
}

static void
a_file_may_add_profiles(void **state)
{
	char why[256];
	AUTO_STRUCT(profiles) *p = load("[brief]\nkind = server\n"
					"lifetime = 60s\nbackdate = 0s\n",
	    why);

	(void)state;
	assert_non_null(p);
	assert_int_equal(profile_get(p, "brief")->lifetime, 60);
	assert_null(profile_get(p, "brief")->ocsp_url);
}

static void
a_profile_may_say_where_status_is(void **state)
{
	char why[256];
	AUTO_STRUCT(profiles) *p =
	    load("[a]\nkind = server\nlifetime = 60s\nbackdate = 0s\n"
		 "ocsp_url = http://a/ocsp\nca_issuers_url = http://a/ca\n"
		 "crl_url = http://a/{day}.crl\n",
		why);

	(void)state;
	assert_non_null(p);
	assert_string_equal(profile_get(p, "a")->ocsp_url, "http://a/ocsp");
	assert_string_equal(profile_get(p, "a")->ca_issuers_url, "http://a/ca");
	assert_string_equal(profile_get(p, "a")->crl_url, "http://a/{day}.crl");
}

#define WHOLE "kind = server\nlifetime = 1h\nbackdate = 5m\n"

static void
faults_are_named_with_their_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "no profile" },
		{ WHOLE, ":1: no [profile] before \"kind\"" },
		{ "[a]\nkind = ca\n", ":2: kind is service" },
		{ "[a]\nkind = device\n", ":2: kind is service" },
		{ "[a]\nkind = server\n", "does not set lifetime" },
		{ "[a]\nkind = server\n[b]\n" WHOLE, "does not set lifetime" },
		{ "[a]\nlifetime = soon\n", ":2: " },
		{ "[a]\nlifetime = 9000d\n", ":2: " },
		{ "[a]\nlifetime = 0s\n", ":2: " },
		{ "[a]\ncolour = red\n", "unknown key \"colour\"" },
		{ "[a]\nkind = server\nkind = server\n", ":3: set twice" },
		{ "[a]\n" WHOLE "[b]\n" WHOLE "[a]\n" WHOLE, "set twice" },
		{ "[a]\n" WHOLE "[b]\n", "\"b\" does not set kind" },
		{ "[A B]\n" WHOLE, ":1: not a profile's name" },
		{ "[a]\n" WHOLE "crl_url = ftp://a\n", ":5: crl_url: not" },
		{ "[a]\n" WHOLE "ocsp_url = \n", ":5: " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char why[256] = "";

		if (load(cases[i].text, why) != NULL ||
		    strstr(why, cases[i].why) == NULL)
			wrong("case %zu: %s", i, why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_shipped_file_is_read),
		UNIT_TEST(a_file_may_add_profiles),
		UNIT_TEST(a_profile_may_say_where_status_is),
		UNIT_TEST(faults_are_named_with_their_line),
	};

	return cmocka_run_group_tests_name("pki/profile", tests, NULL, NULL);
}
