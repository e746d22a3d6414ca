#include "tests/unit/unit.h"

#include "codec/json.h"

struct part {
	const char *name;
	int64_t n;
};

static const struct json_field part_fields[] = {
	JSON_F_STR(part, name, 5, true),
	JSON_F_INT(part, n, 0, false),
	JSON_END,
};

struct whole {
	const char *str;
	int64_t num, any, at;
	bool flag;
	struct bytes b64u, hex;
	struct json_strs strs;
	struct part obj;
	const char *raw;
};

static const struct json_field whole_fields[] = {
	JSON_F_STR(whole, str, 8, true),
	JSON_F_INT(whole, num, 100, false),
	JSON_F_INT(whole, any, 0, false),
	JSON_F_BOOL(whole, flag, false),
	JSON_F_B64U(whole, b64u, 4, false),
	JSON_F_HEX(whole, hex, 4, false),
	JSON_F_TIME(whole, at, false),
	JSON_F_STRS(whole, strs, 2, 3, false),
	JSON_F_OBJ(whole, obj, part_fields, false),
	JSON_F_RAW(whole, raw, 12, false),
	JSON_END,
};

struct page {
	struct json_list parts;
};

static const struct json_field page_fields[] = {
	JSON_F_LIST(page, parts, 3, part, part_fields),
	JSON_END,
};

/* Reads text as a whole; NULL if it is refused. */
static const struct whole *
read_whole(struct bytes text)
{
	struct whole *w = arena_alloc(cx.arena, sizeof(*w));
	const struct err *e = json_read(&cx, text, whole_fields, w);

	if (e != NULL) {
		assert_ptr_equal(e, &ERR_BAD_JSON);
		assert_non_null(cx.reason);
	}
	return e == NULL ? w : NULL;
}

static bool
judge(struct bytes text)
{
	return read_whole(text) != NULL;
}

static void
the_corpus_is_judged_as_its_folders_say(void **state)
{
	(void)state;
	unit_corpus("json", judge);
}

static void
every_type_is_read(void **state)
{
	const struct whole *w = read_whole(
	    LIT("{\"str\":\"a\\u00e4\\\"\",\"num\":100,\"any\":-5,"
		"\"flag\":true,\"b64u\":\"_-8\",\"hex\":\"0aFF\","
		"\"at\":\"2026-11-21T00:00:00Z\",\"strs\":[\"x\",\"\"],"
		"\"obj\":{\"name\":\"p\",\"n\":7},"
		"\"raw\":{\"a\" : [1, 2]}}\n"));

	(void)state;
	assert_non_null(w);
	assert_string_equal(w->str, "a\xc3\xa4\"");
	assert_int_equal(w->num, 100);
	assert_int_equal(w->any, -5);
	assert_true(w->flag);
	assert_bytes(w->b64u, LIT("\xff\xef"));
	assert_bytes(w->hex, LIT("\x0a\xff"));
	assert_int_equal(w->at, UNIT_NOW);
	assert_int_equal(w->strs.n, 2);
	assert_string_equal(w->strs.v[0], "x");
	assert_string_equal(w->strs.v[1], "");
	assert_string_equal(w->obj.name, "p");
	assert_int_equal(w->obj.n, 7);
	assert_string_equal(w->raw, "{\"a\":[1,2]}");
}

static void
absent_members_keep_their_default(void **state)
{
	struct whole w = { .num = 42, .flag = true };

	(void)state;
	assert_null(json_read(&cx, LIT("{\"str\":\"\"}"), whole_fields, &w));
	assert_string_equal(w.str, "");
	assert_int_equal(w.num, 42);
	assert_true(w.flag);
	assert_null(w.raw);
}

static void
limits_hold_at_their_boundary(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ "{\"str\":\"12345678\"}", true },
		{ "{\"str\":\"123456789\"}", false },
		/* Bytes count, not characters. */
		{ "{\"str\":\"\\u00e4\\u00e4\\u00e4\\u00e4\"}", true },
		{ "{\"str\":\"\\u00e4\\u00e4\\u00e4\\u00e4a\"}", false },
		{ "{\"str\":\"\",\"num\":0}", true },
		{ "{\"str\":\"\",\"num\":-1}", false },
		{ "{\"str\":\"\",\"num\":101}", false },
		{ "{\"str\":\"\",\"any\":9223372036854775807}", true },
		{ "{\"str\":\"\",\"any\":-9223372036854775808}", true },
		{ "{\"str\":\"\",\"any\":9223372036854775808}", false },
		{ "{\"str\":\"\",\"b64u\":\"AAAAAA\"}", true },
		{ "{\"str\":\"\",\"b64u\":\"AAAAAAA\"}", false },
		{ "{\"str\":\"\",\"hex\":\"00000000\"}", true },
		{ "{\"str\":\"\",\"hex\":\"0000000000\"}", false },
		{ "{\"str\":\"\",\"strs\":[\"abc\",\"d\"]}", true },
		{ "{\"str\":\"\",\"strs\":[\"abcd\"]}", false },
		{ "{\"str\":\"\",\"strs\":[\"\",\"\",\"\"]}", false },
		{ "{\"str\":\"\",\"raw\":\"1234567890\"}", true },
		{ "{\"str\":\"\",\"raw\":\"12345678901\"}", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if ((read_whole(bytes_str(rows[i].text)) != NULL) != rows[i].ok)
			print_error("%s\n", rows[i].text);
		assert_int_equal(
		    read_whole(bytes_str(rows[i].text)) != NULL, rows[i].ok);
	}
}

static void
wrong_types_are_refused(void **state)
{
	static const char *const values[] = { "null", "[]", "{}", "1.0",
		"\"x y\"", "true", "1", "[1]", "{\"name\":1}", "[null]" };
	static const struct {
		const char *member;
		const char *fits; /* indexes of values that it may take */
	} rows[] = { { "num", "6" }, { "any", "6" }, { "flag", "5" },
		{ "b64u", "" }, { "hex", "" }, { "at", "" }, { "strs", "1" },
		{ "obj", "" } };
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		for (j = 0; j < COUNT(values); j++) {
			bool fits =
			    strchr(rows[i].fits, (char)('0' + j)) != NULL;
			const char *text =
			    arena_printf(cx.arena, "{\"str\":\"\",\"%s\":%s}",
				rows[i].member, values[j]);

			if ((read_whole(bytes_str(text)) != NULL) != fits)
				print_error("%s\n", text);
			assert_int_equal(
			    read_whole(bytes_str(text)) != NULL, fits);
		}
	}
}

static void
unknown_members_are_ignored_only_when_open(void **state)
{
	struct bytes text =
	    LIT("{\"str\":\"a\",\"x\":1,\"obj\":{\"name\":\"p\",\"y\":2}}");
	struct whole w = { 0 };

	(void)state;
	assert_ptr_equal(json_read(&cx, text, whole_fields, &w), &ERR_BAD_JSON);
	assert_non_null(strstr(cx.reason, "\"x\" is unknown"));
	assert_null(json_read_open(&cx, text, whole_fields, &w));
	assert_string_equal(w.obj.name, "p");
	/* Duplicates are refused even so. */
	assert_ptr_equal(
	    json_read_open(
		&cx, LIT("{\"str\":\"a\",\"x\":1,\"x\":2}"), whole_fields, &w),
	    &ERR_BAD_JSON);
}

/* Reasons are logged, and bodies carry claim codes and the like. */
static void
a_refusal_does_not_quote_values(void **state)
{
	static const char *const bad[] = { "{\"str\":\"hush\"",
		"{\"str\":\"hush\" hush}", "{\"str\":hush}",
		"{\"str\":\"hush\n\"}", "{\"str\":\"hush\" \"hush\"}",
		"{\"str\":\"hushhushhush\"}", "{\"str\":\"\",\"num\":\"hush\"}",
		"{\"str\":\"\",\"hex\":\"hush\"}",
		"{\"str\":\"\",\"at\":\"hush\"}", "\"hush\"", "hush" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_null(read_whole(bytes_str(bad[i])));
		assert_null(strstr(cx.reason, "hush"));
	}
}

/* Brackets inside strings do not count, and a hostile depth is refused
 * before anything is built. */
static void
nesting_is_limited(void **state)
{
	char *text = arena_alloc(cx.arena, 300000);
	struct whole w = { 0 };
	int i;

	(void)state;
	for (i = 14; i <= 16; i++) {
		(void)snprintf(text, 200,
		    "{\"str\":\"[[[[[[\\\"[\",\"x\":%.*s%.*s}", i,
		    "[[[[[[[[[[[[[[[[[[[[", i, "]]]]]]]]]]]]]]]]]]]]");
		assert_int_equal(json_read_open(&cx, bytes_str(text),
				     whole_fields, &w) == NULL,
		    i + 1 <= LIMIT_JSON_DEPTH);
	}
	memset(text, '[', 299999);
	assert_non_null(json_read_open(&cx, bytes_str(text), whole_fields, &w));
	for (i = 0; i < 299990; i += 5)
		memcpy(text + i, "{\"a\":", 5);
	assert_non_null(json_read_open(&cx, bytes_str(text), whole_fields, &w));
}

static void
an_overlong_text_is_refused(void **state)
{
	uint8_t *p = arena_alloc(cx.arena, LIMIT_ARENA / 2 + 2);
	struct whole w = { 0 };

	(void)state;
	memset(p, ' ', LIMIT_ARENA / 2 + 2);
	memcpy(p, "{\"str\":\"\"}", 10);
	assert_null(json_read(
	    &cx, (struct bytes){ p, LIMIT_ARENA / 2 }, whole_fields, &w));
	assert_non_null(json_read(
	    &cx, (struct bytes){ p, LIMIT_ARENA / 2 + 1 }, whole_fields, &w));
}

/* Each prefix and each changed byte of a good text is read or refused, and
 * nothing else happens. */
static void
damaged_texts_are_survived(void **state)
{
	static const char good[] =
	    "{\"str\":\"\\ud83d\\udd11\",\"num\":1,\"b64u\":\"AA\","
	    "\"strs\":[\"a\"],\"obj\":{\"name\":\"p\"},\"raw\":[1.5e3]}";
	size_t i, n = sizeof(good) - 1;
	char copy[sizeof(good)];
	struct whole w;
	int c;

	(void)state;
	assert_null(
	    json_refusal(&cx, bytes_str(good), whole_fields, false, &w));
	for (i = 0; i < n; i++)
		assert_non_null(json_refusal(&cx,
		    (struct bytes){ (const uint8_t *)good, i }, whole_fields,
		    false, &w));
	for (i = 0; i < n; i++) {
		for (c = 0; c < 256; c++) {
			memcpy(copy, good, sizeof(good));
			copy[i] = (char)c;
			arena_reset(cx.arena);
			w = (struct whole){ 0 };
			if (json_refusal(&cx,
				(struct bytes){ (uint8_t *)copy, n },
				whole_fields, false, &w) == NULL)
				assert_non_null(w.str);
		}
	}
}

static void
lists_are_read_and_written(void **state)
{
	struct bytes text =
	    LIT("{\"parts\":[{\"name\":\"a\",\"n\":1},{\"name\":\"b\","
		"\"n\":0}]}");
	struct page p = { { NULL, 0 } };
	const struct part *parts;
	struct bytes out;

	(void)state;
	assert_null(json_read(&cx, text, page_fields, &p));
	assert_int_equal(p.parts.n, 2);
	parts = p.parts.v;
	assert_string_equal(parts[1].name, "b");
	assert_null(json_write(&cx, page_fields, &p, &out));
	assert_bytes(out, text);
	assert_non_null(
	    json_read(&cx, LIT("{\"parts\":[{},{},{},{}]}"), page_fields, &p));
	assert_non_null(
	    json_read(&cx, LIT("{\"parts\":[1]}"), page_fields, &p));
	assert_non_null(json_read(&cx, LIT("{}"), page_fields, &p));
	p = (struct page){ { NULL, 0 } };
	assert_null(json_write(&cx, page_fields, &p, &out));
	assert_bytes(out, LIT("{\"parts\":[]}"));
}

static void
what_is_absent_is_left_out(void **state)
{
	struct outer {
		const char *text;
		struct inner {
			const char *text;
		} inner;
		struct bytes hex, b64u;
		int64_t at, n;
		bool flag;
		struct json_strs strs;
		const char *raw;
	} o = { 0 };
	static const struct json_field inner_fields[] = {
		JSON_F_STR(inner, text, 9, false),
		JSON_END,
	};
	static const struct json_field fields[] = {
		JSON_F_STR(outer, text, 9, false),
		JSON_F_OBJ(outer, inner, inner_fields, false),
		JSON_F_HEX(outer, hex, 9, false),
		JSON_F_B64U(outer, b64u, 9, false),
		JSON_F_TIME(outer, at, false),
		JSON_F_INT(outer, n, 9, false),
		JSON_F_BOOL(outer, flag, false),
		JSON_F_STRS(outer, strs, 9, 9, false),
		JSON_F_RAW(outer, raw, 9, false),
		JSON_END,
	};
	struct bytes out;

	(void)state;
	assert_null(json_write(&cx, fields, &o, &out));
	assert_bytes(out, LIT("{\"n\":0,\"flag\":false,\"strs\":[]}"));
	o.inner.text = "";
	assert_null(json_write(&cx, fields, &o, &out));
	assert_bytes(
	    out, LIT("{\"inner\":{\"text\":\"\"},\"n\":0,\"flag\":false,"
		     "\"strs\":[]}"));
}

static void
what_is_written_is_read_again(void **state)
{
	const char *strs[] = { "u", "v" };
	struct whole w = { .str = "\xe2\x82\xac",
		.num = 9,
		.any = INT64_MIN,
		.at = UNIT_NOW + 1,
		.flag = true,
		.b64u = LIT("\1\2\3\4"),
		.hex = LIT("\xfe"),
		.strs = { strs, 2 },
		.obj = { "o", 3 },
		.raw = " [ true ] " };
	const struct whole *back;
	struct bytes out;

	(void)state;
	assert_null(json_write(&cx, whole_fields, &w, &out));
	assert_string_equal((const char *)out.p,
	    "{\"str\":\"\xe2\x82\xac\",\"num\":9,"
	    "\"any\":-9223372036854775808,\"flag\":true,"
	    "\"b64u\":\"AQIDBA\",\"hex\":\"fe\","
	    "\"at\":\"2026-11-21T00:00:01Z\",\"strs\":[\"u\",\"v\"],"
	    "\"obj\":{\"name\":\"o\",\"n\":3},\"raw\":[true]}");
	back = read_whole(out);
	assert_non_null(back);
	assert_string_equal(back->str, w.str);
	assert_bytes(back->b64u, w.b64u);
	assert_int_equal(back->any, w.any);
}

static void
what_cannot_be_written_is_our_failure(void **state)
{
	struct whole w = { .str = NULL };
	struct bytes out;

	(void)state;
	assert_ptr_equal(
	    json_write(&cx, whole_fields, &w, &out), &ERR_INTERNAL);
	assert_non_null(strstr(cx.reason, "str: is missing"));
	w.str = "\xff";
	assert_ptr_equal(
	    json_write(&cx, whole_fields, &w, &out), &ERR_INTERNAL);
	w = (struct whole){ .str = "a", .obj = { "o", 1 }, .raw = "{" };
	assert_ptr_equal(
	    json_write(&cx, whole_fields, &w, &out), &ERR_INTERNAL);
	assert_non_null(strstr(cx.reason, "raw: is not JSON"));
}

static void
text_is_quoted(void **state)
{
	(void)state;
	assert_string_equal(json_quote(&cx, ""), "\"\"");
	assert_string_equal(json_quote(&cx, "a\"\\\n\x01</script>"),
	    "\"a\\\"\\\\\\n\\u0001</script>\"");
	assert_string_equal(json_quote(&cx, "\xc3\xa4"), "\"\xc3\xa4\"");
	assert_string_equal(json_quote(&cx, "a\xff\xc3"), "\"a??\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_corpus_is_judged_as_its_folders_say),
		UNIT_TEST(every_type_is_read),
		UNIT_TEST(absent_members_keep_their_default),
		UNIT_TEST(limits_hold_at_their_boundary),
		UNIT_TEST(wrong_types_are_refused),
		UNIT_TEST(unknown_members_are_ignored_only_when_open),
		UNIT_TEST(a_refusal_does_not_quote_values),
		UNIT_TEST(nesting_is_limited),
		UNIT_TEST(an_overlong_text_is_refused),
		UNIT_TEST(damaged_texts_are_survived),
		UNIT_TEST(lists_are_read_and_written),
		UNIT_TEST(what_is_absent_is_left_out),
		UNIT_TEST(what_is_written_is_read_again),
		UNIT_TEST(what_cannot_be_written_is_our_failure),
		UNIT_TEST(text_is_quoted),
	};

	return cmocka_run_group_tests_name("codec/json", tests, NULL, NULL);
}
