#include "codec/qr.h"

#include "tests/unit/unit.h"

#define LINK "https://localhost:8443/activate#BCDF-GHJK"

static void
a_code_has_its_three_corners_and_a_way_to_be_drawn(void **state)
{
	struct qr qr;
	const char *path, *text;
	int64_t i;

	(void)state;
	assert_null(qr_encode(&cx, LINK, &qr));
	assert_int_equal((qr.size - 17) % 4, 0); /* ISO/IEC 18004, 6.3.1 */
	for (i = 0; i < 7; i++) {
		assert_int_equal(qr.dark[i], 1);
		assert_int_equal(qr.dark[qr.size - 1 - i], 1);
		assert_int_equal(qr.dark[(qr.size - 1) * qr.size + i], 1);
	}
	assert_int_equal(qr.dark[7], 0);
	path = qr_path(&cx, &qr);
	assert_memory_equal(path, "M0 0h7v1h-7z", 12);
	text = qr_text(&cx, &qr);
	assert_memory_equal(text, "\u2588\u2588", 6);
	for (i = 0; *text != '\0'; text++)
		i += *text == '\n';
	assert_int_equal(i, (qr.size + 5) / 2);
}

static void
what_is_too_long_is_refused_and_the_longest_is_drawn(void **state)
{
	char text[202];
	struct qr qr;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[201] = '\0';
	assert_non_null(qr_encode(&cx, text, &qr));
	assert_non_null(qr_encode(&cx, "", &qr));
	text[200] = '\0';
	assert_null(qr_encode(&cx, text, &qr));
	assert_true(strlen(qr_path(&cx, &qr)) > 1000);
	assert_true(strlen(qr_text(&cx, &qr)) > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_code_has_its_three_corners_and_a_way_to_be_drawn),
		UNIT_TEST(what_is_too_long_is_refused_and_the_longest_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
