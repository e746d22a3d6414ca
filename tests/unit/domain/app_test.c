#include "tests/unit/unit.h"

#include "domain/client.h"
#include "domain/grant.h"
#include "domain/scope.h"

static void
redirect_uris_are_https_or_at_a_loopback_address(void **state)
{
	static const char *const good[] = { "https://app.example/",
		"https://app.example:8443/a?b=c", "http://127.0.0.1/cb",
		"http://[::1]/cb" };
	static const char *const bad[] = { "", "https://", "https:///x",
		"https://app.example", "https://app.example/#f",
		"https://u@app.example/", "https://App.example/",
		"https://:8443/", "http://app.example/", "http://localhost/",
		"http://127.0.0.1", "http://127.0.0.1:80/",
		"http://127.0.0.1.evil.example/", "lamp:/done",
		"javascript:alert(1)//", "https://app.example/\n",
		"https://app.example/ x" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(client_redirect_ok(good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(client_redirect_ok(bad[i]));
	assert_true(client_origin_ok("https://app.example:8443"));
	assert_false(client_origin_ok("https://app.example/"));
	assert_false(client_origin_ok("null"));
}

static void
redirect_uris_are_compared_exactly_but_for_a_loopback_port(void **state)
{
	static const struct client c = {
		.redirect_uris = "https://app.example/done\nhttp://127.0.0.1/cb"
	};
	static const char *const good[] = { "https://app.example/done",
		"http://127.0.0.1/cb", "http://127.0.0.1:1/cb",
		"http://127.0.0.1:65535/cb" };
	static const char *const bad[] = { "", "https://app.example/don",
		"https://app.example/done/", "https://app.example:443/done",
		"https://app.example/done\nhttp://127.0.0.1/cb",
		"http://127.0.0.1:/cb", "http://127.0.0.1:1/cb2",
		"http://127.0.0.1:123456/cb", "http://[::1]:1/cb",
		"http://127.0.0.1:1@evil.example/cb" };
	static const struct client none = { .redirect_uris = "" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(client_has_redirect(c.redirect_uris, good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(client_has_redirect(c.redirect_uris, bad[i]));
	assert_false(client_has_redirect(none.redirect_uris, ""));
}

#define FINGERPRINT                                       \
	"00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F" \
	":10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF"

static void
origins_are_as_browsers_write_them(void **state)
{
	static const char *const good[] = { "https://app.example",
		"https://app.example:8443", "https://127.0.0.1:65535",
		"https://[2001:db8::1]" };
	static const char *const bad[] = { "", "*", "null", "https://",
		"https://app.example/", "https://App.example",
		"http://app.example", "https://app.example:443",
		"https://app.example:0443", "https://app.example:65536",
		"https://app.example:", "https://u@app.example",
		"https://.example", "https://-", "https://[::1",
		"https://app.example https://b.example", "https://[]" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(client_origin_ok(good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(client_origin_ok(bad[i]));
}

static void
builds_for_phones_are_named_exactly(void **state)
{
	static const char *const android[] = { "", "com.acme",
		"com.acme=" FINGERPRINT ":00", "acme=" FINGERPRINT,
		"com..acme=" FINGERPRINT, "com.acme.=" FINGERPRINT,
		"com.1acme=" FINGERPRINT, "com.ac-me=" FINGERPRINT,
		"com.acme=00:01", "com.acme=a" FINGERPRINT, "=" FINGERPRINT };
	static const char *const ios[] = { "", "A1B2C3D4E5", "A1B2C3D4E5.",
		"A1B2C3D4E.com.acme", "a1B2C3D4E5.com.acme",
		"A1B2C3D4E5.com..acme", "A1B2C3D4E5..acme",
		"A1B2C3D4E5.com.acme.", "A1B2C3D4E5.com acme" };
	struct client_android app;
	size_t i;

	(void)state;
	assert_true(client_android_read("com.acme_1.Lamp=" FINGERPRINT, &app));
	assert_string_equal(app.package, "com.acme_1.Lamp");
	assert_string_equal(app.fingerprint, FINGERPRINT);
	assert_int_equal(app.sha256[10], 10);
	assert_int_equal(app.sha256[31], 255);
	for (i = 0; i < COUNT(android); i++)
		assert_false(client_android_ok(android[i]));
	assert_true(client_ios_ok("A1B2C3D4E5.com.acme.Lamp-1"));
	for (i = 0; i < COUNT(ios); i++)
		assert_false(client_ios_ok(ios[i]));
}

/* RFC 7636 appendix B. */
static void
verifier_is_the_challenge_s_or_not(void **state)
{
	static const char verifier[] =
	    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	struct bytes challenge;
	char text[130];

	(void)state;
	assert_true(bytes_from_b64u(cx.arena,
	    LIT("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), &challenge));
	assert_true(pkce_verifier_ok(verifier));
	assert_true(pkce_matches(verifier, challenge));
	assert_false(pkce_matches("dBjftJeZ", challenge));
	memset(text, 'a', sizeof(text));
	text[129] = '\0';
	assert_false(pkce_verifier_ok(text));
	text[128] = '\0';
	assert_true(pkce_verifier_ok(text));
	text[42] = '\0';
	assert_false(pkce_verifier_ok(text));
}

static void
scopes_are_a_set_of_known_names(void **state)
{
	static const char *const bad[] = { "", " ", "enroll", "devices ",
		" devices", "devices  openid", "devices devices", "Devices",
		"devices,openid" };
	unsigned scopes;
	size_t i;

	(void)state;
	assert_true(scope_parse("devices openid", &scopes));
	assert_int_equal(scopes, OWNER_DEVICES | OWNER_OPENID);
	assert_string_equal(scope_text(&cx, scopes), "openid devices");
	for (i = 0; i < COUNT(bad); i++)
		assert_false(scope_parse(bad[i], &scopes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(redirect_uris_are_https_or_at_a_loopback_address),
		UNIT_TEST(
		    redirect_uris_are_compared_exactly_but_for_a_loopback_port),
		UNIT_TEST(origins_are_as_browsers_write_them),
		UNIT_TEST(builds_for_phones_are_named_exactly),
		UNIT_TEST(verifier_is_the_challenge_s_or_not),
		UNIT_TEST(scopes_are_a_set_of_known_names),
	};

	return cmocka_run_group_tests_name("domain/app", tests, NULL, NULL);
}
