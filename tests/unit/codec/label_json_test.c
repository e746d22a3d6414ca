#include "codec/label_json.h"

#include "tests/unit/unit.h"

static void
what_is_not_said_has_its_default(void **state)
{
	struct label_json l;

	(void)state;
	assert_null(label_json_read(&cx, LIT("{}"), &l));
	assert_string_equal(l.issuer, "issuing");
	assert_int_equal(l.key_types.n, 4);
	assert_int_equal(l.rsa_bits, 2048);
	assert_int_equal(l.lifetime, 86400);
	assert_int_equal(l.backdate, 300);
	assert_string_equal(l.subject, "CN=%d");
	assert_int_equal(l.authentication.n, 2);
	assert_string_equal(l.owner_approval, "required");
	assert_string_equal(l.server_key, "off");
	assert_string_equal(l.channel_binding, "if-present");
	assert_int_equal(l.csr_must_have.n, 0);
}

static void
what_is_written_is_read_back(void **state)
{
	struct label_json l, again;
	const char *text, *twice;

	(void)state;
	assert_null(label_json_read(&cx,
	    LIT("{\"issuer\":\"emea\",\"key_types\":[\"p384\"],\"spiffe\":true,"
		"\"renew_after\":50,\"dns\":[\"%d.example\"]}"),
	    &l));
	assert_null(label_json_write(&cx, &l, &text));
	assert_null(label_json_read(&cx, bytes_str(text), &again));
	assert_string_equal(again.issuer, "emea");
	assert_int_equal(again.key_types.n, 1);
	assert_string_equal(again.key_types.v[0], "p384");
	assert_true(again.spiffe);
	assert_int_equal(again.renew_after, 50);
	assert_string_equal(again.dns.v[0], "%d.example");
	assert_null(label_json_write(&cx, &again, &twice));
	assert_string_equal(text, twice);
}

static void
malformed_settings_are_refused(void **state)
{
	static const char *const bad[] = { "", "[]", "null", "{", "{}{}",
		"{\"color\":1}", "{\"issuer\":null}", "{\"issuer\":1}",
		"{\"issuer\":\"a\",\"issuer\":\"b\"}",
		"{\"issuer\":\"a\\u0000\"}", "{\"rsa_bits\":-1}",
		"{\"rsa_bits\":\"2048\"}", "{\"rsa_bits\":2048.5}",
		"{\"rsa_bits\":99999}", "{\"renew_after\":101}",
		"{\"lifetime\":2147483648}", "{\"spiffe\":1}",
		"{\"key_types\":\"p256\"}", "{\"key_types\":[1]}",
		"{\"key_types\":[\"0123456789012345678901234567890123\"]}",
		"{\"dns\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}" };
	struct label_json l;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (label_json_read(&cx, bytes_str(bad[i]), &l) == NULL)
			wrong("%s is read", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_not_said_has_its_default),
		UNIT_TEST(what_is_written_is_read_back),
		UNIT_TEST(malformed_settings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
