#include "tests/unit/unit.h"

#include "codec/matter.h"
#include "codec/matter_tlv.h"

/* A declaration in the order of its members, 0 to 11, any of which a test
 * may replace. */
static const struct bytes CD[] = {
	ROW("\x24\x00\x01"),
	ROW("\x25\x01\xf1\xff"),
	ROW("\x36\x02\x05\x00\x80\x05\x01\x80\x18"),
	ROW("\x25\x03\x34\x12"),
	ROW("\x2c\x04\x13"
	    "ZIG20141ZB330001-24"),
	ROW("\x24\x05\x00"),
	ROW("\x24\x06\x00"),
	ROW("\x25\x07\x76\x98"),
	ROW("\x24\x08\x01"),
	ROW("\x25\x09\xf2\xff"),
	ROW("\x25\x0a\x01\x80"),
	ROW("\x36\x0b\x10\x14"
	    "aaaaaaaaaaaaaaaaaaaa"
	    "\x18"),
};

/* The declaration with one member replaced; at 12: as it is. */
static struct bytes
declaration(size_t at, struct bytes by)
{
	uint8_t *p = arena_alloc(cx.arena, 4 * KIB);
	size_t i, n = 0;

	p[n++] = 0x15;
	for (i = 0; i < COUNT(CD); i++) {
		struct bytes m = i == at ? by : CD[i];

		if (m.n > 0)
			memcpy(p + n, m.p, m.n);
		n += m.n;
	}
	p[n++] = 0x18;
	return (struct bytes){ p, n };
}

static void
a_declaration_is_read_whole(void **state)
{
	struct matter_cd cd;

	(void)state;
	assert_null(matter_cd_parse(&cx, declaration(12, BYTES_NONE), &cd));
	assert_int_equal(cd.vid, 0xfff1);
	assert_int_equal(cd.n_pids, 2);
	assert_int_equal(cd.pid[1], 0x8001);
	assert_int_equal(cd.device_type, 0x1234);
	assert_bytes(cd.certificate_id, LIT("ZIG20141ZB330001-24"));
	assert_int_equal(cd.version, 0x9876);
	assert_int_equal(cd.type, MATTER_CD_PROVISIONAL);
	assert_true(cd.has_origin);
	assert_int_equal(cd.origin_vid, 0xfff2);
	assert_int_equal(cd.origin_pid, 0x8001);
	assert_int_equal(cd.n_paas, 1);
	assert_bytes(cd.paa[0], LIT("aaaaaaaaaaaaaaaaaaaa"));
}

static void
a_declaration_that_breaks_one_rule_is_refused(void **state)
{
	static const struct {
		size_t at;
		struct bytes by;
	} rows[] = {
		/* absent: each but both of the origin, and the list */
		{ 0, BYTES_NONE },
		{ 1, BYTES_NONE },
		{ 2, BYTES_NONE },
		{ 3, BYTES_NONE },
		{ 4, BYTES_NONE },
		{ 5, BYTES_NONE },
		{ 6, BYTES_NONE },
		{ 7, BYTES_NONE },
		{ 8, BYTES_NONE },
		{ 9, BYTES_NONE },
		{ 10, BYTES_NONE },
		/* format 2; a signed integer; 17 bits of vendor */
		{ 0, ROW("\x24\x00\x02") },
		{ 1, ROW("\x21\x01\xf1\x7f") },
		{ 1, ROW("\x26\x01\x00\x00\x01\x00") },
		/* no products; a text among them; a tag in an array */
		{ 2, ROW("\x36\x02\x18") },
		{ 2, ROW("\x36\x02\x0c\x00\x18") },
		{ 2, ROW("\x36\x02\x25\x01\x00\x80\x18") },
		/* a list instead of an array; not closed */
		{ 2, ROW("\x37\x02\x05\x00\x80\x18") },
		{ 2, ROW("\x36\x02\x05\x00\x80") },
		/* a certificate id of 18 characters, of bytes, not UTF-8 */
		{ 4, ROW("\x2c\x04\x12"
			 "ZIG20141ZB33001-24") },
		{ 4, ROW("\x30\x04\x13"
			 "ZIG20141ZB330001-24") },
		{ 4, ROW("\x2c\x04\x13"
			 "ZIG20141ZB330001-2\xff") },
		/* reserved members that are not zero; type 3 */
		{ 5, ROW("\x24\x05\x01") },
		{ 6, ROW("\x24\x06\x01") },
		{ 8, ROW("\x24\x08\x03") },
		/* an empty list, and a key id of 19 bytes */
		{ 11, ROW("\x36\x0b\x18") },
		{ 11, ROW("\x36\x0b\x10\x13"
			  "aaaaaaaaaaaaaaaaaaa"
			  "\x18") },
		/* twice; out of order; unknown; of a profile; anonymous */
		{ 0, ROW("\x24\x00\x01\x24\x00\x01") },
		{ 8, ROW("\x24\x08\x01\x24\x07\x01") },
		{ 11, ROW("\x24\x0c\x01") },
		{ 11, ROW("\xc4\x01\x00\x01\x00\x01\x00\x00") },
		{ 11, ROW("\x04\x01") },
		/* lengths beyond the end */
		{ 11, ROW("\x30\x0b\x20") },
		{ 11, ROW("\x33\x0b\xff\xff\xff\xff\xff\xff\xff\xff") },
		/* an end with a tag; an element type of the future */
		{ 11, ROW("\x38\x0b") },
		{ 11, ROW("\x3a\x0b") },
	};
	struct matter_cd cd;
	struct bytes whole;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (matter_cd_parse(
			&cx, declaration(rows[i].at, rows[i].by), &cd) == NULL)
			wrong("row %zu is accepted", i);
	/* Something after the end, something missing at it, and depth. */
	whole = declaration(12, BYTES_NONE);
	((uint8_t *)(uintptr_t)whole.p)[whole.n] = 0x14;
	assert_non_null(
	    matter_cd_parse(&cx, (struct bytes){ whole.p, whole.n + 1 }, &cd));
	for (i = 0; i < whole.n; i++)
		assert_non_null(
		    matter_cd_parse(&cx, (struct bytes){ whole.p, i }, &cd));
	assert_non_null(matter_cd_parse(&cx,
	    declaration(11,
		LIT("\x35\x0b\x35\x01\x35\x01\x35\x01\x35\x01\x35\x01\x35\x01"
		    "\x35\x01\x18\x18\x18\x18\x18\x18\x18\x18")),
	    &cd));
}

#define NONCE "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

static void
elements_may_have_members_of_later_versions_and_of_vendors(void **state)
{
	struct matter_elements e;
	struct matter_nocsr n;

	(void)state;
	assert_null(matter_elements_parse(&cx,
	    LIT("\x15\x30\x01\x02"
		"cd"
		"\x30\x02\x20" NONCE "\x26\x03\x00\x00\x00\x00\x30\x04\x02"
		"fw"
		"\x24\x05\x01\xd0\xf1\xff\x3e\x00\x01\x00\x01v\x18"),
	    &e));
	assert_bytes(e.declaration, LIT("cd"));
	assert_bytes(e.nonce, LIT(NONCE));
	assert_bytes(e.firmware, LIT("fw"));
	assert_null(matter_nocsr_parse(&cx,
	    LIT("\x15\x30\x01\x03"
		"csr"
		"\x30\x02\x20" NONCE "\x30\x03\x01v\x18"),
	    &n));
	assert_bytes(n.csr, LIT("csr"));
}

static void
elements_that_break_one_rule_are_refused(void **state)
{
	static const struct bytes elements[] = {
		/* no time, a nonce of 31 bytes, no declaration, an array */
		ROW("\x15\x30\x01\x02"
		    "cd"
		    "\x30\x02\x20" NONCE "\x18"),
		ROW("\x15\x30\x01\x02"
		    "cd"
		    "\x30\x02\x1fnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		    "\x24\x03\x00\x18"),
		ROW("\x15\x30\x02\x20" NONCE "\x24\x03\x00\x18"),
		ROW("\x16\x18"),
	};
	struct matter_elements e;
	struct matter_nocsr n;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(elements); i++)
		if (matter_elements_parse(&cx, elements[i], &e) == NULL)
			wrong("row %zu is accepted", i);
	assert_non_null(
	    matter_nocsr_parse(&cx, LIT("\x15\x30\x02\x20" NONCE "\x18"), &n));
}

static void
every_kind_of_element_is_told_apart(void **state)
{
	static const struct {
		enum tlv_kind kind;
		struct bytes in;
	} rows[] = {
		{ TLV_INT, ROW("\x00\xff") },
		{ TLV_UINT, ROW("\x07\x01\x00\x00\x00\x00\x00\x00\x00") },
		{ TLV_BOOL, ROW("\x09") },
		{ TLV_FLOAT, ROW("\x0a\x00\x00\x00\x00") },
		{ TLV_FLOAT, ROW("\x0b\x00\x00\x00\x00\x00\x00\x00\x00") },
		{ TLV_TEXT, ROW("\x0c\x01x") },
		{ TLV_BYTES, ROW("\x11\x01\x00x") },
		{ TLV_NULL, ROW("\x14") },
		{ TLV_STRUCT, ROW("\x15\x18") },
		{ TLV_ARRAY, ROW("\x16\x0c\x01x\x18") },
		{ TLV_LIST, ROW("\x17\x14\x24\x01\x00\x18") },
	};
	struct tlv t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct bytes in = rows[i].in;

		assert_true(tlv_next(&in, &t));
		assert_int_equal(in.n, 0);
		assert_int_equal(t.kind, rows[i].kind);
		assert_int_equal(t.tag, TLV_ANONYMOUS);
	}
	assert_false(tlv_next(&(struct bytes){ 0 }, &t));
	assert_false(tlv_next(&(struct bytes)ROW("\x18"), &t));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_declaration_is_read_whole),
		UNIT_TEST(a_declaration_that_breaks_one_rule_is_refused),
		UNIT_TEST(
		    elements_may_have_members_of_later_versions_and_of_vendors),
		UNIT_TEST(elements_that_break_one_rule_are_refused),
		UNIT_TEST(every_kind_of_element_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
