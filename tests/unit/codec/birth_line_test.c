#include "tests/unit/unit.h"

#include "codec/birth_line.h"
#include "codec/lines.h"

#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define UEID "01020304050607"

/* Reads the row below the head; NULL if either is refused. */
static const struct birth_line *
read_csv(const char *head, const char *row)
{
	struct birth_line *b = arena_alloc(cx.arena, sizeof(*b));
	struct birth_columns columns;
	const struct err *e;

	cx.reason = NULL;
	e = birth_csv_header(&cx, bytes_str(head), &columns);
	if (e == NULL)
		e = birth_csv_line(&cx, &columns, bytes_str(row), b);
	if (e != NULL) {
		assert_ptr_equal(e, &ERR_BAD_BIRTH);
		assert_non_null(cx.reason);
	}
	return e == NULL ? b : NULL;
}

static const struct birth_line *
read_json(const char *line)
{
	struct birth_line *b = arena_alloc(cx.arena, sizeof(*b));
	const struct err *e = birth_json_line(&cx, bytes_str(line), b);

	if (e != NULL) {
		assert_ptr_equal(e, &ERR_BAD_BIRTH);
		assert_non_null(cx.reason);
	}
	return e == NULL ? b : NULL;
}

/* A file of births: NDJSON if it starts with '{', else CSV. */
static bool
judge(struct bytes text)
{
	AUTO_STRUCT(lines) *l = lines_new(LIMIT_IMPORT_LINE);
	bool json = text.n > 0 && text.p[0] == '{';
	struct birth_columns columns;
	struct birth_line b;
	struct line line;

	while (lines_next(l, &text, true, &line)) {
		const struct err *e;

		if (line.too_long)
			return false;
		if (json)
			e = birth_json_line(&cx, line.text, &b);
		else if (line.number == 1)
			e = birth_csv_header(&cx, line.text, &columns);
		else
			e = birth_csv_line(&cx, &columns, line.text, &b);
		if (e != NULL)
			return false;
	}
	return true;
}

static void
the_corpus_is_judged_as_its_folders_say(void **state)
{
	(void)state;
	unit_corpus("birth_line", judge);
}

static void
assert_full(const struct birth_line *b)
{
	assert_non_null(b);
	assert_string_equal(b->model, "m-1");
	assert_string_equal(b->serial, "SN 1");
	assert_int_equal(b->key_sha256.n, 32);
	assert_int_equal(b->key_sha256.p[31], 0x1f);
	assert_bytes(b->ueid, LIT("\1\2\3\4\5\6\7"));
	assert_string_equal(b->batch, "B, 7");
	assert_int_equal(b->made_at, UNIT_NOW);
	assert_string_equal(b->boot_test, "passed");
	assert_bytes(b->certificate, LIT("fo"));
	assert_int_equal(b->claim_code_sha256.n, 32);
}

static void
both_forms_carry_every_column(void **state)
{
	(void)state;
	assert_full(read_csv("claim_code_sha256,model,serial,key_sha256,ueid,"
			     "batch,made_at,boot_test,certificate",
	    SHA ",m-1,SN 1," SHA "," UEID ",\"B, 7\",2026-11-21,passed,Zm8="));
	assert_full(read_json("{\"model\":\"m-1\",\"serial\":\"SN 1\","
			      "\"key_sha256\":\"" SHA "\",\"ueid\":\"" UEID
			      "\",\"batch\":\"B, 7\","
			      "\"made_at\":\"2026-11-21T00:00:00Z\","
			      "\"boot_test\":\"passed\","
			      "\"certificate\":\"Zm8=\","
			      "\"claim_code_sha256\":\"" SHA "\"}"));
}

static void
an_empty_csv_field_is_absent(void **state)
{
	const struct birth_line *b =
	    read_csv("model,serial,batch,ueid", "m,S,,\"\"");

	(void)state;
	assert_non_null(b);
	assert_null(b->batch);
	assert_int_equal(b->ueid.n, 0);
	assert_int_equal(b->made_at, 0);
}

static void
one_way_to_know_the_unit_is_enough(void **state)
{
	(void)state;
	assert_non_null(read_csv("model,serial", "m,S"));
	assert_non_null(read_csv("model,key_sha256", "m," SHA));
	assert_non_null(read_csv("model,ueid", "m," UEID));
	assert_non_null(read_csv("model,certificate", "m,Zm8="));
	assert_null(read_csv("model,batch", "m,b"));
	assert_null(read_csv("model,claim_code_sha256", "m," SHA));
	assert_non_null(strstr(cx.reason, "missing"));
	assert_null(read_csv("model,serial", ",S"));
	assert_null(read_json("{\"serial\":\"S\"}"));
}

static void
bad_heads_are_refused(void **state)
{
	static const struct {
		const char *head, *why;
	} rows[] = {
		{ "", "unknown column" },
		{ "serial", "no column model" },
		{ "model,serial,", "unknown column" },
		{ "model,Serial", "unknown column \"Serial\"" },
		{ "model, serial", "unknown column" },
		{ "model;serial", "unknown column" },
		{ "model,serial,model", "column model stands twice" },
		{ "model,\"serial", "head row: a quote" },
		{ "model,serial,ueid,batch,made_at,boot_test,certificate,"
		  "key_sha256,claim_code_sha256,x",
		    "unknown column" },
		{ ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", "too many" },
		{ "m\xc3", "unknown column" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_null(read_csv(rows[i].head, "m,S"));
		if (strstr(cx.reason, rows[i].why) == NULL)
			print_error("%s: %s\n", rows[i].head, cx.reason);
		assert_non_null(strstr(cx.reason, rows[i].why));
	}
	/* Spreadsheets write a byte order mark. */
	assert_non_null(read_csv("\xef\xbb\xbfmodel,serial", "m,S"));
}

static void
bad_values_are_refused_by_name(void **state)
{
	static const struct {
		const char *column, *value;
	} rows[] = {
		{ "serial", "a_b" },
		{ "serial", " a" },
		{ "serial", "#" },
		{ "key_sha256", "00" },
		{ "key_sha256", SHA "0" },
		{ "key_sha256", SHA "00" },
		{ "claim_code_sha256", "zz" },
		{ "ueid", "010203040506" },
		{ "ueid", SHA "0102030" },
		{ "ueid", SHA "010203" },
		{ "batch", "\x1b[0m" },
		{ "batch", "\xff" },
		{ "boot_test", "\xe2\x80\xae" },
		{ "made_at", "21.11.2026" },
		{ "made_at", "1969-12-31" },
		{ "certificate", "Zm8" },
		{ "certificate", "-----BEGIN" },
		{ "certificate", " " },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *head =
		    arena_printf(cx.arena, "model,%s", rows[i].column);
		const char *row = arena_printf(cx.arena, "m,%s", rows[i].value);

		assert_null(read_csv(head, row));
		if (strncmp(
			cx.reason, rows[i].column, strlen(rows[i].column)) != 0)
			print_error("%s: %s\n", row, cx.reason);
		assert_memory_equal(
		    cx.reason, rows[i].column, strlen(rows[i].column));
	}
	assert_null(read_csv("model,serial", "M,S"));
	assert_non_null(strstr(cx.reason, "model is not"));
}

/* RFC 9711 section 4.2.1: 7 to 33 bytes. */
static void
a_ueid_has_its_lengths(void **state)
{
	(void)state;
	assert_non_null(read_csv("model,ueid", "m,01020304050607"));
	assert_non_null(read_csv("model,ueid", "m,01" SHA));
}

static void
rows_have_as_many_fields_as_the_head(void **state)
{
	(void)state;
	assert_null(read_csv("model,serial,batch", "m,S"));
	assert_non_null(strstr(cx.reason, "2 fields, and 3"));
	assert_null(read_csv("model,serial", "m,S,b"));
	assert_non_null(strstr(cx.reason, "3 fields, and 2"));
	assert_null(read_csv("model,serial", ""));
	assert_null(read_csv("model,serial", "m,\"S"));
}

static void
bad_objects_are_refused(void **state)
{
	static const char *const bad[] = { "", "{}", "[]", "null",
		"{\"model\":\"m\",\"serial\":\"S\"", "{\"model\":\"m\"}",
		"{\"model\":\"m\",\"serial\":1}",
		"{\"model\":\"m\",\"serial\":null}",
		"{\"model\":\"m\",\"serial\":\"\"}",
		"{\"model\":\"m\",\"serial\":\"S\",\"x\":\"y\"}",
		"{\"model\":\"m\",\"serial\":\"S\",\"serial\":\"S\"}",
		"{\"model\":\"m\",\"serial\":\"S\\u0000\"}",
		"{\"model\":\"m\",\"serial\":\"S\"} {}", "model,serial" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_null(read_json(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_corpus_is_judged_as_its_folders_say),
		UNIT_TEST(both_forms_carry_every_column),
		UNIT_TEST(an_empty_csv_field_is_absent),
		UNIT_TEST(one_way_to_know_the_unit_is_enough),
		UNIT_TEST(bad_heads_are_refused),
		UNIT_TEST(bad_values_are_refused_by_name),
		UNIT_TEST(a_ueid_has_its_lengths),
		UNIT_TEST(rows_have_as_many_fields_as_the_head),
		UNIT_TEST(bad_objects_are_refused),
	};

	return cmocka_run_group_tests_name(
	    "codec/birth_line", tests, NULL, NULL);
}
