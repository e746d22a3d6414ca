#include "tests/unit/unit.h"

#include "codec/multipart.h"

static void
parts_have_headers_and_end_in_crlf(void **state)
{
	static const struct multipart_part v[] = {
		{ "application/pkcs8", ROW("abc") },
		{ "text/plain", ROW("") },
	};
	struct bytes got = multipart_mixed(cx.arena, v, COUNT(v));

	(void)state;
	assert_string_equal(bytes_to_str(cx.arena, got),
	    "--latchkey-part\r\n"
	    "Content-Type: application/pkcs8\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "\r\n"
	    "YWJj\r\n"
	    "--latchkey-part\r\n"
	    "Content-Type: text/plain\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "\r\n"
	    "\r\n"
	    "--latchkey-part--\r\n");
}

/* RFC 2046 section 5.1.1: the boundary is in the type, and in no part. */
static void
boundary_is_that_of_the_type(void **state)
{
	(void)state;
	assert_non_null(strstr(MULTIPART_MIXED, "boundary=latchkey-part"));
	assert_null(strchr(MULTIPART_MIXED, '"'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(parts_have_headers_and_end_in_crlf),
		UNIT_TEST(boundary_is_that_of_the_type),
	};

	return cmocka_run_group_tests_name(
	    "codec/multipart", tests, NULL, NULL);
}
