#include "tests/unit/unit.h"

#include "pki/profile.h"

static struct profile
good(void)
{
	return (struct profile){ .name = "a",
		.kind = PROFILE_DEVICE,
		.lifetime = 86400,
		.backdate = 300 };
}

/* NULL if it is accepted, else why not. */
static const char *
verdict(const struct profile *p)
{
	char why[256] = "";

	return profile_check(p, why) ? NULL : arena_strdup(cx.arena, why);
}

static void
subjects_name_the_device_once(void **state)
{
	static const char *const ok[] = { "CN=%d", "O=Acme, CN=%d",
		"C=DE,O=A & B,OU=%m %M %p %%,CN=%d,serialNumber=%s" };
	static const char *const bad[] = { "", "CN=", "CN=x", "O=Acme",
		"CN=%d,CN=%d", "CN=%d x", "CN=%d, ", "CN=%d,,O=a", "cn=%d",
		"DC=a,CN=%d", "O=%x,CN=%d", "O=%,CN=%d", "O=a+OU=b,CN=%d",
		"O=\"a\",CN=%d", "O=a\\,b,CN=%d", "O=\xc3\xa4,CN=%d",
		"O=a\n,CN=%d", "O= a,CN=%d", "C=DEU,CN=%d",
		"O=1,O=2,O=3,O=4,O=5,O=6,O=7,O=8,CN=%d",
		"O=0123456789012345678901234567890123456789012345678901234567"
		"8901234,CN=%d" };

	(void)state;
	for (size_t i = 0; i < COUNT(ok); i++) {
		struct profile p = good();

		p.subject = ok[i];
		if (verdict(&p) != NULL)
			wrong("%s: %s", ok[i], verdict(&p));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct profile p = good();

		p.subject = bad[i];
		if (verdict(&p) == NULL || strncmp(verdict(&p), "subject", 7))
			wrong("accepted: %s", bad[i]);
	}
}

static void
dns_names_are_host_names(void **state)
{
	static const char *const bad[] = { "", "*", "*.example.org", "%s.a",
		"%x.a", "a..b", "-a", "a-", "a b", "127.0.0.1", "::1",
		"a_b.c" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *const dns[] = { "%d.example.org", bad[i], NULL };
		struct profile p = good();

		p.dns = dns;
		if (verdict(&p) == NULL || strncmp(verdict(&p), "dns", 3))
			wrong("accepted: %s", bad[i]);
	}
}

static void
no_purpose_makes_more_than_a_device(void **state)
{
	static const char *const bad[] = { "2.5.29.37.0", "1.3.6.1.5.5.7.3.1",
		"1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9",
		"1.3.6.1.5.5.7.3.28", "clientAuth", "1", "", "1.2.", ".1.2",
		"1..2", "01.2.3", "1.02", "3.1", "1.40.1",
		"1.3.6.1.5.5.7.3.4 " };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *const eku[] = { bad[i], NULL };
		struct profile p = good();

		p.eku = eku;
		if (verdict(&p) == NULL)
			wrong("accepted: %s", bad[i]);
	}
}

static void
oids_are_named_once_and_few(void **state)
{
	static const char *const twice[] = { "1.2.3", "1.2.3", NULL };
	static const char *const many[] = { "1.2.1", "1.2.2", "1.2.3", "1.2.4",
		"1.2.5", "1.2.6", "1.2.7", "1.2.8", "1.2.9", NULL };
	struct profile p = good();

	(void)state;
	p.policies = twice;
	assert_non_null(verdict(&p));
	p.policies = many;
	assert_non_null(verdict(&p));
}

static void
urls_are_http(void **state)
{
	static const char *const bad[] = { "", "ftp://a", "http://",
		"https:///x", "http://a b", "http://a\"", "HTTP://a",
		"ldap://a", "http://a/{day", "http://a/{day}{day}",
		"http://a/{name}" };
	struct profile by_day = good();

	(void)state;
	by_day.crl_url = "http://a/{day}.crl";
	assert_null(verdict(&by_day));
	by_day.ocsp_url = "http://a/{day}";
	assert_non_null(verdict(&by_day));
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct profile p = good();

		p.crl_url = bad[i];
		if (verdict(&p) == NULL)
			wrong("accepted: %s", bad[i]);
	}
}

static void
times_have_limits(void **state)
{
	static const struct {
		int64_t lifetime, backdate;
	} bad[] = { { 59, 0 }, { 398 * 86400 + 1, 0 }, { 60, -1 },
		{ 60, 86401 }, { -1, 0 }, { INT64_MAX, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct profile p = good();

		p.lifetime = bad[i].lifetime;
		p.backdate = bad[i].backdate;
		if (verdict(&p) == NULL)
			wrong("accepted: %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(subjects_name_the_device_once),
		UNIT_TEST(dns_names_are_host_names),
		UNIT_TEST(no_purpose_makes_more_than_a_device),
		UNIT_TEST(oids_are_named_once_and_few),
		UNIT_TEST(urls_are_http),
		UNIT_TEST(times_have_limits),
	};

	return cmocka_run_group_tests_name(
	    "pki/profile_check", tests, NULL, NULL);
}
