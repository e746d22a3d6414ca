#include "tests/unit/unit.h"

#include "domain/ocsp_cache.h"

/* What is kept for a serial of a device; the CertID is the serial's. */
static struct ocsp_kept
kept(uint8_t serial, uint8_t device, int64_t next_update)
{
	static const uint8_t answer[] = { 1, 2, 3 };
	struct ocsp_kept k = { .der = BYTES_OF(answer),
		.next_update = next_update };
	uint8_t *id = arena_alloc(cx.arena, 1);

	*id = serial;
	k.cert_id = (struct bytes){ id, 1 };
	k.serial[15] = serial;
	k.device[15] = device;
	return k;
}

static bool
has(struct ocsp_cache *c, uint8_t serial, int64_t now)
{
	struct ocsp_kept asked = kept(serial, 0, 0), out;

	return ocsp_cache_get(c, &asked, now, cx.arena, &out) &&
	       bytes_eq(out.der, asked.der);
}

static void
put(struct ocsp_cache *c, uint8_t serial, uint8_t device)
{
	struct ocsp_kept k = kept(serial, device, 100);

	ocsp_cache_put(c, &k, ocsp_cache_mark(c));
}

static void
an_answer_is_kept_until_its_next_update(void **state)
{
	AUTO_STRUCT(ocsp_cache) *c = ocsp_cache_new(8);

	(void)state;
	ocsp_cache_follow(c, true);
	assert_false(has(c, 1, 0));
	put(c, 1, 1);
	put(c, 1, 1);
	assert_true(has(c, 1, 99));
	assert_false(has(c, 1, 100));
	assert_false(has(c, 1, 0));
}

/* It would be good for longer than answers may be. */
static void
r10_an_answer_from_the_future_is_none(void **state)
{
	AUTO_STRUCT(ocsp_cache) *c = ocsp_cache_new(8);
	struct ocsp_kept k = kept(1, 7, 3900);

	(void)state;
	ocsp_cache_follow(c, true);
	k.this_update = 3600;
	ocsp_cache_put(c, &k, ocsp_cache_mark(c));
	assert_true(has(c, 1, 3540));
	assert_false(has(c, 1, 3539));
	assert_false(has(c, 1, 3600));
}

static void
r10_the_feed_drops_a_serial_and_all_of_a_device(void **state)
{
	AUTO_STRUCT(ocsp_cache) *c = ocsp_cache_new(8);
	uint8_t id[OCSP_ID_BYTES] = { 0 };

	(void)state;
	ocsp_cache_follow(c, true);
	put(c, 1, 7);
	put(c, 2, 7);
	put(c, 3, 8);
	put(c, 4, 7);
	id[15] = 2;
	ocsp_cache_drop_serial(c, id);
	assert_false(has(c, 2, 0));
	assert_true(has(c, 1, 0) && has(c, 3, 0) && has(c, 4, 0));
	id[15] = 7;
	ocsp_cache_drop_device(c, id);
	assert_false(has(c, 1, 0) || has(c, 4, 0));
	assert_true(has(c, 3, 0));
}

/* The database was read, then something was revoked, then this was signed. */
static void
r10_what_was_read_before_a_change_is_not_kept(void **state)
{
	AUTO_STRUCT(ocsp_cache) *c = ocsp_cache_new(8);
	struct ocsp_kept k = kept(1, 7, 100);
	uint64_t mark;

	(void)state;
	ocsp_cache_follow(c, true);
	mark = ocsp_cache_mark(c);
	ocsp_cache_drop_device(c, k.device);
	ocsp_cache_put(c, &k, mark);
	assert_false(has(c, 1, 0));
}

static void
r10_nothing_is_kept_while_the_feed_is_not_followed(void **state)
{
	AUTO_STRUCT(ocsp_cache) *c = ocsp_cache_new(8);

	(void)state;
	put(c, 1, 1);
	assert_false(has(c, 1, 0));
	ocsp_cache_follow(c, true);
	put(c, 1, 1);
	assert_true(has(c, 1, 0));
	ocsp_cache_follow(c, false);
	assert_false(has(c, 1, 0));
}

static void
a_full_cache_makes_room(void **state)
{
	AUTO_STRUCT(ocsp_cache) *c = ocsp_cache_new(4);
	unsigned i, n = 0;

	(void)state;
	ocsp_cache_follow(c, true);
	for (i = 0; i < 64; i++) {
		put(c, (uint8_t)i, (uint8_t)(i / 4));
		assert_true(has(c, (uint8_t)i, 0));
	}
	for (i = 0; i < 64; i++)
		n += has(c, (uint8_t)i, 0);
	/* Room is made by whole buckets, and one may hold several. */
	assert_in_range(n, 1, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_answer_is_kept_until_its_next_update),
		UNIT_TEST(r10_an_answer_from_the_future_is_none),
		UNIT_TEST(r10_the_feed_drops_a_serial_and_all_of_a_device),
		UNIT_TEST(r10_what_was_read_before_a_change_is_not_kept),
		UNIT_TEST(r10_nothing_is_kept_while_the_feed_is_not_followed),
		UNIT_TEST(a_full_cache_makes_room),
	};

	return cmocka_run_group_tests_name(
	    "domain/ocsp_cache", tests, NULL, NULL);
}
