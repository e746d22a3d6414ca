#include "http/cookie.h"

#include "../unit.h"
#include "base/arena.h"
#include "base/limits.h"

static void
test_one_cookie_of_the_name_is_found(void **state)
{
	static const struct {
		const char *field, *value;
	} rows[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "a=b", "b" },
		{ "x=1; a=b-_9", "b-_9" },
		{ "a=b; x=1", "b" },
		{ "aa=c; a=b", "b" },
		{ "x; a=b;", "b" },
		{ "a", NULL },
		{ "a=", NULL },
		{ "a=b; a=b", NULL },
		{ "a=b c", NULL },
		{ "a=\"b\"", NULL },
		{ "A=b", NULL },
		{ "x=a=b", NULL },
		{ ";;; ; a=b", "b" },
	};
	struct arena *arena = arena_new(LIMIT_ARENA);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *found = cookie_get(arena, rows[i].field, "a");

		if (rows[i].value == NULL)
			assert_null(found);
		else
			assert_string_equal(found, rows[i].value);
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cookie_of_the_name_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
