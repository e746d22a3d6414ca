#include "domain/ticket.h"

#include "domain/svc.h"
#include "pki/mac_internal.h"
#include "tests/unit/unit.h"

#define DAY 86400

static struct bytes
key_of(const char *secret, const char *listener, int64_t now)
{
	AUTO_STRUCT(mac_key) *mac = mac_key_new(bytes_str(secret));
	struct svc svc = { .mac = mac };
	uint8_t *key = arena_alloc(cx.arena, TICKET_KEY_BYTES);

	ticket_key(&svc, listener, now, key);
	return (struct bytes){ key, TICKET_KEY_BYTES };
}

static struct bytes
key_at(const char *secret, int64_t now)
{
	return key_of(secret, "all", now);
}

static void
the_key_is_of_one_day_and_one_service(void **state)
{
	struct bytes first = key_at("secret", UNIT_NOW);

	(void)state;
	assert_bytes(key_at("secret", UNIT_NOW + DAY - 1), first);
	assert_false(bytes_eq(key_at("secret", UNIT_NOW + DAY), first));
	assert_false(bytes_eq(key_at("secret", UNIT_NOW - 1), first));
	assert_false(bytes_eq(key_at("other", UNIT_NOW), first));
}

static void
no_ticket_is_good_at_another_listener(void **state)
{
	(void)state;
	assert_false(bytes_eq(key_of("secret", "operators", UNIT_NOW),
	    key_of("secret", "all", UNIT_NOW)));
}

static void
both_halves_differ(void **state)
{
	struct bytes key = key_at("secret", UNIT_NOW);

	(void)state;
	assert_false(bytes_eq((struct bytes){ key.p, key.n / 2 },
	    (struct bytes){ key.p + key.n / 2, key.n / 2 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_key_is_of_one_day_and_one_service),
		UNIT_TEST(no_ticket_is_good_at_another_listener),
		UNIT_TEST(both_halves_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
