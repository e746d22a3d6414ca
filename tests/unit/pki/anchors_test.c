#include "tests/unit/pki/material.h"

#include "pki/anchors.h"

static void
an_anchor_is_decoded_once(void **state)
{
	AUTO_STRUCT(anchors) *known = anchors_new();
	struct holder root = make_ca("root", NULL);
	AUTO_STRUCT(trust) *first = anchors_get(known, root.der);
	AUTO_STRUCT(trust) *again = anchors_get(known, root.der);

	(void)state;
	assert_non_null(first);
	assert_ptr_equal(first, again);
}

static void
what_is_no_certificate_is_no_anchor(void **state)
{
	static const char *const garbage[] = { "", "x", "0\x80" };
	AUTO_STRUCT(anchors) *known = anchors_new();

	(void)state;
	for (size_t i = 0; i < COUNT(garbage); i++)
		for (int twice = 0; twice < 2; twice++)
			assert_null(anchors_get(known, bytes_str(garbage[i])));
}

/* Far more makers than slots: each still verifies its own units, and those
 * alone. */
static void
many_anchors_take_turns(void **state)
{
	enum { MANY = 150 };
	AUTO_STRUCT(anchors) *known = anchors_new();
	struct holder root[MANY], leaf[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		struct spec s = { .cn = "unit" };

		root[i] = make_ca(arena_printf(cx.arena, "root %d", i), NULL);
		leaf[i] = make(&s, &root[i]);
	}
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i++) {
			assert_null(chain_verify_anchor(&cx, &leaf[i].der, 1,
			    known, root[i].der, BYTES_NONE));
			assert_non_null(chain_verify_anchor(&cx, &leaf[i].der,
			    1, known, root[(i + 1) % MANY].der, BYTES_NONE));
		}
}

/* Each certificate of the path has a validity of its own, none of them the
 * narrowest at both ends. */
static void
a_path_that_was_found_good_is_so_while_all_of_it_is_valid(void **state)
{
	AUTO_STRUCT(anchors) *known = anchors_new();
	const struct spec top = {
		.cn = "root", .not_before = NOW - 1000, .ext = { CA_EXTENSIONS }
	};
	const struct spec mid = {
		.cn = "mid", .not_after = NOW + 1000, .ext = { CA_EXTENSIONS }
	};
	const struct spec unit = {
		.cn = "unit", .not_before = NOW - 500, .not_after = NOW + 2000
	};
	struct holder root = make(&top, NULL), ca = make(&mid, &root);
	struct holder leaf = make(&unit, &ca);
	const struct bytes chain[] = { leaf.der, ca.der };
	static const struct {
		int64_t at;
		bool good;
	} cases[] = { { NOW, true }, { NOW - 500, true }, { NOW - 501, false },
		{ NOW + 999, true }, { NOW + 1000, false },
		{ NOW + 1999, false }, { NOW + 2000, false },
		{ NOW - 1001, false }, { NOW, true } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct err *e;

		cx.now = cases[i].at;
		e = chain_verify_anchor(
		    &cx, chain, 2, known, root.der, BYTES_NONE);
		assert_true(
		    cases[i].good ? e == NULL : is_err(e, "chain-expired"));
	}
	cx.now = NOW;
}

/* The anchor's own time counts as the library has it. */
static void
a_known_path_ends_with_its_anchor(void **state)
{
	AUTO_STRUCT(anchors) *known = anchors_new();
	const struct spec top = {
		.cn = "root", .not_after = NOW + 100, .ext = { CA_EXTENSIONS }
	};
	const struct spec unit = { .cn = "unit" };
	struct holder root = make(&top, NULL), leaf = make(&unit, &root);

	(void)state;
	for (int64_t at = NOW + 98; at < NOW + 102; at++) {
		const struct err *fresh, *e;

		cx.now = at;
		fresh = chain_verify_anchor(
		    &cx, &leaf.der, 1, NULL, root.der, BYTES_NONE);
		e = chain_verify_anchor(
		    &cx, &leaf.der, 1, known, root.der, BYTES_NONE);
		assert_ptr_equal(fresh, e);
		assert_true((e == NULL) == (at < NOW + 100));
	}
	cx.now = NOW;
}

static void
a_known_path_vouches_for_no_other(void **state)
{
	AUTO_STRUCT(anchors) *known = anchors_new();
	const struct spec unit = { .cn = "unit" };
	struct holder root = make_ca("root", NULL), ca = make_ca("ca", &root);
	struct holder other = make_ca("root", NULL);
	struct holder leaf = make(&unit, &ca), twin = make(&unit, &ca);
	const struct bytes chain[] = { leaf.der, ca.der };
	uint8_t scope[32], wrong[32] = { 1 };
	struct bytes bad = bytes_dup(cx.arena, leaf.der);
	struct cert c;

	(void)state;
	assert_null(cert_parse(&cx, ca.der, &c));
	memcpy(scope, c.key_sha256, 32);
	((uint8_t *)(uintptr_t)bad.p)[bad.n - 1] ^= 1;
	for (int i = 0; i < 2; i++) {
		assert_null(chain_verify_anchor(
		    &cx, chain, 2, known, root.der, BYTES_NONE));
		assert_null(chain_verify_anchor(
		    &cx, chain, 2, known, root.der, BYTES_OF(scope)));
		assert_true(is_err(chain_verify_anchor(&cx, chain, 2, known,
				       root.der, BYTES_OF(wrong)),
		    "chain-scope"));
		assert_true(is_err(chain_verify_anchor(&cx, chain, 2, known,
				       other.der, BYTES_NONE),
		    "chain-untrusted"));
		assert_true(is_err(chain_verify_anchor(&cx, chain, 1, known,
				       root.der, BYTES_NONE),
		    "chain-untrusted"));
		assert_non_null(chain_verify_anchor(&cx,
		    (const struct bytes[]){ bad, ca.der }, 2, known, root.der,
		    BYTES_NONE));
		assert_null(chain_verify_anchor(&cx,
		    (const struct bytes[]){ twin.der, ca.der }, 2, known,
		    root.der, BYTES_NONE));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_anchor_is_decoded_once),
		UNIT_TEST(what_is_no_certificate_is_no_anchor),
		UNIT_TEST(many_anchors_take_turns),
		UNIT_TEST(
		    a_path_that_was_found_good_is_so_while_all_of_it_is_valid),
		UNIT_TEST(a_known_path_ends_with_its_anchor),
		UNIT_TEST(a_known_path_vouches_for_no_other),
	};

	return cmocka_run_group_tests_name("pki/anchors", tests, NULL, NULL);
}
