#include "plugin/retained.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

#define ID "7b0a3c62-9a3e-4d4b-8d0d-2c9f0a1b2c3d"
#define OTHER "00000000-0000-4000-8000-000000000001"

static void
refuse(struct view *v, const char *uuid)
{
	struct view_entry e = { .kind = VIEW_DEVICE };

	assert_true(view_id_of_uuid(uuid, e.id));
	view_apply(v, &e);
}

static void
topics_of_refused_devices_are_taken_out_once(void **state)
{
	AUTO_STRUCT(retained) *r = retained_new();
	AUTO_STRUCT(view) *v = view_new();
	char topic[96];
	size_t i, n, taken = 0;
	char *one;

	(void)state;
	for (i = 0; i < 1000; i++) {
		(void)snprintf(topic, sizeof(topic), "devices/%s/down/%zu",
		    i % 2 == 0 ? ID : OTHER, i);
		retained_put(r, topic);
		retained_put(r, topic);
	}
	refuse(v, ID);
	n = 4096;
	assert_null(retained_next(r, v, &n));
	retained_judge_all(r);
	/* In slices, as the broker's turns have it. */
	for (i = 0; i < 4096; i++) {
		n = 7;
		while ((one = retained_next(r, v, &n)) != NULL) {
			assert_non_null(strstr(one, ID));
			mem_free(one);
			taken++;
		}
	}
	assert_int_equal(taken, 500);
}

static void
owner_is_the_level_that_is_an_id(void **state)
{
	uint8_t id[VIEW_ID_BYTES], want[VIEW_ID_BYTES];

	(void)state;
	assert_true(view_id_of_uuid(ID, want));
	assert_true(retained_owner("devices/" ID "/down/a", id));
	assert_memory_equal(id, want, sizeof(id));
	assert_true(retained_owner("meters/L1/" ID, id));
	assert_true(retained_owner(ID, id));
	assert_false(retained_owner("devices/" ID "x/down", id));
	assert_false(retained_owner("devices/down//a", id));
	assert_false(retained_owner("", id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_of_refused_devices_are_taken_out_once),
		cmocka_unit_test(owner_is_the_level_that_is_an_id),
	};

	return cmocka_run_group_tests_name("retained", tests, NULL, NULL);
}
