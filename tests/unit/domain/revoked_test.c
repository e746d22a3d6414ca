#include "tests/unit/unit.h"

#include "base/buf.h"
#include "domain/revoked.h"

static void
add(struct revoked *r, uint8_t serial, int64_t at, int64_t not_after)
{
	struct crl_revoked one = { .revoked_at = at, .not_after = not_after };

	one.serial[15] = serial;
	revoked_add(r, &one);
}

/* Serial numbers in their order, as text. */
static const char *
all(const struct revoked *r)
{
	const struct crl_revoked *v;
	struct bytes text;
	struct buf b;
	size_t i, n;

	v = revoked_all(r, &n);
	buf_init(&b, cx.arena, 256);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%d@%d ", v[i].serial[15], (int)v[i].revoked_at);
	assert_true(buf_bytes(&b, &text));
	return bytes_to_str(cx.arena, text);
}

static void
what_is_new_is_merged_in_order(void **state)
{
	AUTO_STRUCT(revoked) *r = revoked_new();

	(void)state;
	assert_false(revoked_settle(r, 0));
	add(r, 5, 1, 100);
	add(r, 2, 1, 100);
	assert_string_equal(all(r), "");
	assert_true(revoked_settle(r, 0));
	assert_string_equal(all(r), "2@1 5@1 ");
	add(r, 9, 2, 100);
	add(r, 1, 2, 100);
	add(r, 3, 2, 100);
	assert_true(revoked_settle(r, 0));
	assert_string_equal(all(r), "1@2 2@1 3@2 5@1 9@2 ");
	assert_false(revoked_settle(r, 0));
}

static void
the_first_revocation_of_a_serial_counts(void **state)
{
	AUTO_STRUCT(revoked) *r = revoked_new();

	(void)state;
	add(r, 1, 7, 100);
	add(r, 1, 3, 100);
	assert_true(revoked_settle(r, 0));
	add(r, 1, 9, 100);
	(void)revoked_settle(r, 0);
	assert_string_equal(all(r), "1@3 ");
}

static void
what_expired_goes(void **state)
{
	AUTO_STRUCT(revoked) *r = revoked_new();

	(void)state;
	add(r, 1, 1, 10);
	add(r, 2, 1, 20);
	add(r, 3, 1, 4);
	assert_true(revoked_settle(r, 5));
	assert_string_equal(all(r), "1@1 2@1 ");
	assert_false(revoked_settle(r, 10));
	assert_true(revoked_settle(r, 11));
	assert_string_equal(all(r), "2@1 ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_new_is_merged_in_order),
		UNIT_TEST(the_first_revocation_of_a_serial_counts),
		UNIT_TEST(what_expired_goes),
	};

	return cmocka_run_group_tests_name("domain/revoked", tests, NULL, NULL);
}
