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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_anchor_is_decoded_once),
		UNIT_TEST(what_is_no_certificate_is_no_anchor),
		UNIT_TEST(many_anchors_take_turns),
	};

	return cmocka_run_group_tests_name("pki/anchors", tests, NULL, NULL);
}
