#include "tests/unit/pki/material.h"

#include "pki/cms.h"

static struct bytes ders[3];

static void
fill(void)
{
	struct holder ca = make_ca("ca", NULL);
	const struct spec s = { .cn = "leaf" };

	/* The larger one first: a SET OF would sort it behind the other. */
	ders[0] = ca.der;
	ders[1] = make(&s, &ca).der;
}

static void
certificates_come_back_in_order(void **state)
{
	struct bytes cms, back[3];
	size_t n;

	(void)state;
	fill();
	assert_null(cms_certs_only(&cx, ders, 2, &cms));
	assert_null(cms_read_certs(&cx, cms, back, 3, &n));
	assert_int_equal(n, 2);
	assert_bytes(back[0], ders[0]);
	assert_bytes(back[1], ders[1]);
	assert_non_null(cms_read_certs(&cx, cms, back, 1, &n));
}

/* RFC 5652 section 5.1: version 1, no digests, id-data without content, the
 * certificates, no signers. */
static void
the_message_is_the_degenerate_form(void **state)
{
	static const uint8_t start[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
		0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0 };
	static const uint8_t inside[] = { 0x02, 0x01, 0x01, 0x31, 0x00, 0x30,
		0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
		0x07, 0x01, 0xa0 };
	struct bytes cms;

	(void)state;
	fill();
	assert_null(cms_certs_only(&cx, ders, 1, &cms));
	assert_memory_equal(cms.p + 4, start, sizeof(start));
	assert_memory_equal(
	    cms.p + 4 + sizeof(start) + 3 + 4, inside, sizeof(inside));
	assert_memory_equal(cms.p + cms.n - 2, "\x31\x00", 2);
}

static void
broken_messages_are_refused(void **state)
{
	struct bytes cms, back[3];
	uint8_t *p;
	size_t n;

	(void)state;
	fill();
	assert_null(cms_certs_only(&cx, ders, 1, &cms));
	p = arena_alloc(cx.arena, cms.n + 1);
	memcpy(p, cms.p, cms.n);
	assert_true(is_err(
	    cms_read_certs(&cx, (struct bytes){ p, cms.n + 1 }, back, 3, &n),
	    "bad-cms"));
	assert_true(is_err(
	    cms_read_certs(&cx, (struct bytes){ p, cms.n - 1 }, back, 3, &n),
	    "bad-cms"));
	assert_true(
	    is_err(cms_read_certs(&cx, ders[0], back, 3, &n), "bad-cms"));
	assert_true(
	    is_err(cms_read_certs(&cx, BYTES_NONE, back, 3, &n), "bad-cms"));
	assert_null(cms_certs_only(&cx, ders, 0, &cms));
	assert_true(is_err(cms_read_certs(&cx, cms, back, 3, &n), "bad-cms"));
	ders[0] = LIT("no certificate");
	assert_true(is_err(cms_certs_only(&cx, ders, 1, &cms), "bad-cms"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(certificates_come_back_in_order),
		UNIT_TEST(the_message_is_the_degenerate_form),
		UNIT_TEST(broken_messages_are_refused),
	};

	return cmocka_run_group_tests_name("pki/cms", tests, NULL, NULL);
}
