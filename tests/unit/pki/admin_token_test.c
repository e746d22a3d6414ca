#include "tests/unit/pki/material.h"

#include "pki/admin_token.h"
#include "pki/mac.h"

static struct mac_key *
new_key(const char *dir, const char *name)
{
	const char *path = arena_printf(cx.arena, "%s/%s", dir, name);
	struct mac_key *k;
	char why[256];

	assert_true(mac_key_create(path, why));
	k = mac_key_load(path, why);
	assert_non_null(k);
	return k;
}

static void
a_token_is_read_back_with_its_key_alone(void **state)
{
	const char *dir = unit_mkdir();
	AUTO_STRUCT(mac_key) *k = new_key(dir, "a");
	AUTO_STRUCT(mac_key) *other = new_key(dir, "b");
	struct admin_token_key made, read;
	char text[ADMIN_TOKEN_BYTES];

	(void)state;
	admin_token_make(k, text, &made);
	assert_int_equal(strlen(text), ADMIN_TOKEN_BYTES - 1);
	assert_true(admin_token_parse(k, bytes_str(text), &read));
	assert_string_equal(made.id, read.id);
	assert_true(bytes_eq(BYTES_OF(made.mac), BYTES_OF(read.mac)));
	assert_false(admin_token_parse(other, bytes_str(text), &read));
	unit_rmdir(dir);
}

static void
any_other_character_is_refused(void **state)
{
	const char *dir = unit_mkdir();
	AUTO_STRUCT(mac_key) *k = new_key(dir, "a");
	static const char others[] = "a0_-A \n.";
	char text[ADMIN_TOKEN_BYTES], changed[ADMIN_TOKEN_BYTES];
	struct admin_token_key made, read;
	size_t i, j;

	(void)state;
	admin_token_make(k, text, &made);
	for (i = 0; i < sizeof(text) - 1; i++) {
		for (j = 0; j < sizeof(others); j++) {
			memcpy(changed, text, sizeof(text));
			changed[i] = others[j];
			if (changed[i] == text[i])
				continue;
			assert_false(admin_token_parse(k,
			    (struct bytes){
				(uint8_t *)changed, sizeof(text) - 1 },
			    &read));
		}
		assert_false(admin_token_parse(
		    k, (struct bytes){ (uint8_t *)text, i }, &read));
	}
	/* The NUL at its end is none of its characters. */
	assert_false(admin_token_parse(
	    k, (struct bytes){ (uint8_t *)text, sizeof(text) }, &read));
	unit_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_token_is_read_back_with_its_key_alone),
		UNIT_TEST(any_other_character_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
