#include "pki/csr_evidence.h"

#include "base/buf.h"
#include "pki/der.h"
#include "pki/der_put.h"
#include "tests/unit/unit.h"

static const uint8_t TYPE[] = { 0x69, 0x83, 0xd2, 0xf8, 0x9e, 0xf6, 0xbb, 0x9e,
	0xa2, 0xa9, 0xcb, 0x86, 0x9a, 0xf0, 0x93, 0xeb, 0xe5, 0x86, 0x9a,
	0x21 };

/* What is wrong with it. */
enum wrong {
	NOTHING,
	TWO_STATEMENTS,
	NO_STATEMENT,
	CERTIFICATES,
	ANOTHER_TYPE,
	HINT,
	NO_FORMAT,
	LONG_FORMAT,
	NUL_FORMAT,
	NO_EVIDENCE,
	EMPTY_NONCE,
	THIRD_STRING,
	AFTER,
	WRONGS
};

static void
put_statement(struct buf *b, enum wrong w, struct bytes nonce)
{
	static const char format[] = "a format of thirty-three letters.";
	size_t stmt, at = der_begin(b, DER_SEQUENCE);

	der_put(b, DER_OID,
	    (struct bytes){ TYPE, sizeof(TYPE) - (w == ANOTHER_TYPE) });
	stmt = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_UTF8,
	    w == NO_FORMAT     ? BYTES_NONE
	    : w == LONG_FORMAT ? bytes_str(format)
	    : w == NUL_FORMAT  ? LIT("ps\0")
			       : LIT("psa"));
	if (w != NO_EVIDENCE)
		der_put(b, DER_OCTET_STRING, LIT("said"));
	if (nonce.n > 0 || w == EMPTY_NONCE)
		der_put(b, DER_OCTET_STRING, nonce);
	if (w == THIRD_STRING)
		der_put(b, DER_OCTET_STRING, LIT("x"));
	der_end(b, stmt);
	if (w == HINT)
		der_put(b, DER_IA5, LIT("verifier.example"));
	der_end(b, at);
}

static struct bytes
bundle(enum wrong w, struct bytes nonce)
{
	struct bytes out;
	size_t all, at;
	struct buf b;

	buf_init(&b, cx.arena, 4096);
	at = der_begin(&b, DER_SEQUENCE);
	all = der_begin(&b, DER_SEQUENCE);
	if (w != NO_STATEMENT)
		put_statement(&b, w, nonce);
	if (w == TWO_STATEMENTS)
		put_statement(&b, w, nonce);
	der_end(&b, all);
	if (w == CERTIFICATES)
		der_put(&b, DER_SEQUENCE, BYTES_NONE);
	der_end(&b, at);
	if (w == AFTER)
		der_put(&b, DER_NULL, BYTES_NONE);
	assert_true(buf_bytes(&b, &out));
	return out;
}

static void
one_statement_of_our_type_is_read(void **state)
{
	struct csr_evidence ev;

	(void)state;
	assert_true(
	    csr_evidence_parse(cx.arena, bundle(NOTHING, BYTES_NONE), &ev));
	assert_string_equal(ev.format, "psa");
	assert_true(bytes_eq(ev.evidence, LIT("said")));
	assert_int_equal(ev.nonce.n, 0);
	assert_true(
	    csr_evidence_parse(cx.arena, bundle(NOTHING, LIT("n")), &ev));
	assert_true(bytes_eq(ev.nonce, LIT("n")));
}

static void
nothing_else_is(void **state)
{
	struct csr_evidence ev;
	struct bytes whole;
	int w;
	size_t n;

	(void)state;
	for (w = NOTHING + 1; w < WRONGS; w++)
		assert_false(csr_evidence_parse(cx.arena,
		    bundle((enum wrong)w,
			w == THIRD_STRING ? LIT("n") : BYTES_NONE),
		    &ev));
	whole = bundle(NOTHING, LIT("n"));
	for (n = 0; n < whole.n; n++)
		assert_false(csr_evidence_parse(
		    cx.arena, (struct bytes){ whole.p, n }, &ev));
}

static void
the_attribute_is_told_by_its_whole_oid(void **state)
{
	static const struct bytes oid =
	    ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x3b");

	(void)state;
	assert_true(csr_evidence_is(oid));
	assert_false(csr_evidence_is((struct bytes){ oid.p, oid.n - 1 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(one_statement_of_our_type_is_read),
		UNIT_TEST(nothing_else_is),
		UNIT_TEST(the_attribute_is_told_by_its_whole_oid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
