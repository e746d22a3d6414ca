#include "tests/unit/unit.h"

#include "store/admin_token.h"
#include "store/audit_read.h"

static void
scopes_are_known_words_or_one_manufacturer_alone(void **state)
{
	static const char *const good[] = { "read", "registry", "tokens",
		"read registry revoke lift keys tokens", "manufacturer:acme",
		"manufacturer:a-1" };
	static const char *const bad[] = { "", " ", "read ", " read",
		"read  keys", "Read", "readx", "import",
		"manufacturer:", "manufacturer:Acme", "manufacturer:acme read",
		"read manufacturer:acme", "manufacturer:a manufacturer:b",
		"read,keys" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(admin_token_scopes_valid(good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(admin_token_scopes_valid(bad[i]));
}

#define UUID "00000000-0000-4000-8000-000000000000"

static void
a_cursor_is_microseconds_and_an_id(void **state)
{
	static const char *const bad[] = { "", "_", "1", "1_", "_" UUID,
		"1_" UUID "0", "-1_" UUID, "1 _" UUID, "1__" UUID,
		"1234567890123456789_" UUID, "1_x" };
	size_t i;

	(void)state;
	assert_true(audit_cursor_valid("1795219200000000_" UUID));
	assert_true(audit_cursor_valid("0_" UUID));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(audit_cursor_valid(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(scopes_are_known_words_or_one_manufacturer_alone),
		UNIT_TEST(a_cursor_is_microseconds_and_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
