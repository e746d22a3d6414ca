#include "tests/unit/unit.h"

#include "codec/form.h"

static struct form *
parse(struct bytes text)
{
	struct form *f = NULL;
	const struct err *e = form_parse(&cx, text, &f);

	if (e != NULL)
		assert_ptr_equal(e, &ERR_BAD_FORM);
	assert_int_equal(e == NULL, f != NULL);
	return f;
}

static bool
judge(struct bytes text)
{
	return parse(text) != NULL;
}

static void
the_corpus_is_judged_as_its_folders_say(void **state)
{
	(void)state;
	unit_corpus("form", judge);
}

static void
values_are_decoded_once(void **state)
{
	struct form *f = parse(LIT("grant_type=urn:ietf:params&a+b=%2B+%252B"
				   "&csr=AA-_==&u=%C3%A4&e=&z=%26%3D"));

	(void)state;
	assert_non_null(f);
	assert_string_equal(form_get(f, "grant_type"), "urn:ietf:params");
	assert_string_equal(form_get(f, "a b"), "+ %2B");
	assert_string_equal(form_get(f, "csr"), "AA-_==");
	assert_string_equal(form_get(f, "u"), "\xc3\xa4");
	assert_string_equal(form_get(f, "z"), "&=");
	assert_null(form_get(f, "absent"));
	assert_null(form_get(f, "GRANT_TYPE"));
	/* RFC 6749 section 3.1: without a value is as if omitted. */
	assert_null(form_get(f, "e"));
}

static void
no_text_is_no_fields(void **state)
{
	(void)state;
	assert_non_null(parse(BYTES_NONE));
	assert_null(form_get(parse(LIT("")), ""));
}

static void
malformed_forms_are_refused(void **state)
{
	static const struct bytes bad[] = { ROW("a"), ROW("="), ROW("=b"),
		ROW("&"), ROW("a=b&"), ROW("&a=b"), ROW("a=b&&c=d"), ROW("a=%"),
		ROW("a=%4"), ROW("a=%4&b=c"), ROW("a=%zz"), ROW("a=% 1"),
		ROW("a=%00"), ROW("a%00=b"), ROW("a=b\0"), ROW("a=b c"),
		ROW("a=b\n"), ROW("a=\xc3\xa4"), ROW("a=\x7f"), ROW("a=%ff"),
		ROW("a=%C3"), ROW("a=%ED%A0%80"), ROW("a=%C0%80"),
		ROW("\xef\xbb\xbf"
		    "a=b"),
		ROW("a;b") };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		if (parse(bad[i]) != NULL)
			print_error("%s\n", (const char *)bad[i].p);
		assert_null(parse(bad[i]));
	}
}

/* However a name is spelled, and even when one of them is empty. */
static void
repeated_names_are_refused(void **state)
{
	(void)state;
	assert_null(parse(LIT("a=1&a=1")));
	assert_null(parse(LIT("a=1&b=2&%61=3")));
	assert_null(parse(LIT("a=&a=1")));
	assert_non_null(parse(LIT("a=1&A=1")));
}

static void
the_number_of_fields_is_limited(void **state)
{
	char text[400] = "";
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < LIMIT_FORM_FIELDS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sf%zu=1",
		    i == 0 ? "" : "&", i);
	assert_non_null(parse(bytes_str(text)));
	(void)snprintf(text + n, sizeof(text) - n, "&g=1");
	assert_null(parse(bytes_str(text)));
}

/* The longest texts must stay within a request's memory. */
static void
long_texts_fit_or_are_refused(void **state)
{
	uint8_t *p = arena_alloc(cx.arena, LIMIT_BODY_EST + 1);
	size_t i;

	(void)state;
	for (i = 0; i < LIMIT_BODY_EST; i++)
		p[i] = (uint8_t) "%41"[(i + 1) % 3];
	memcpy(p, "a=", 2);
	assert_non_null(parse((struct bytes){ p, LIMIT_BODY_EST - 2 }));
	assert_null(parse((struct bytes){ p, LIMIT_BODY_EST + 1 }));
}

static void
names_that_nobody_knows_are_found(void **state)
{
	static const char *const known[] = { "a", "b", NULL };

	(void)state;
	assert_null(form_unknown(parse(bytes_str("")), known));
	assert_null(form_unknown(parse(bytes_str("b=1&a=")), known));
	assert_string_equal(
	    form_unknown(parse(bytes_str("a=1&A=2&x=3")), known), "A");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_corpus_is_judged_as_its_folders_say),
		UNIT_TEST(values_are_decoded_once),
		UNIT_TEST(no_text_is_no_fields),
		UNIT_TEST(malformed_forms_are_refused),
		UNIT_TEST(repeated_names_are_refused),
		UNIT_TEST(the_number_of_fields_is_limited),
		UNIT_TEST(long_texts_fit_or_are_refused),
		UNIT_TEST(names_that_nobody_knows_are_found),
	};

	return cmocka_run_group_tests_name("codec/form", tests, NULL, NULL);
}
