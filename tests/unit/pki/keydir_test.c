#include <sys/stat.h>

#include "tests/unit/pki/material.h"

#include "pki/keydir.h"

static char why[256];

static struct keydir *
load(const char *dir)
{
	return keydir_load(dir, why);
}

static void
put(const char *dir, const char *name, const char *text, mode_t mode)
{
	const char *path = arena_printf(cx.arena, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (long)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void
keys_are_read_in_the_order_of_their_times(void **state)
{
	const char *dir = unit_mkdir();
	AUTO_STRUCT(keydir) *kd = NULL;

	(void)state;
	assert_true(keydir_add(dir, UNIT_NOW + 600, why));
	assert_true(keydir_add(dir, UNIT_NOW, why));
	assert_false(keydir_add(dir, UNIT_NOW, why));
	put(dir, "README", "", 0600);
	put(dir, "2026-1-1T00:00:00Z.key", "not a time", 0600);
	put(dir, "2026-01-01.key", "not as we write it", 0600);
	kd = load(dir);
	assert_non_null(kd);
	assert_int_equal(kd->n, 2);
	assert_int_equal(kd->v[0].from, UNIT_NOW);
	assert_int_equal(kd->v[1].from, UNIT_NOW + 600);
	assert_true(keydir_remove(dir, UNIT_NOW, why));
	assert_false(keydir_remove(dir, UNIT_NOW, why));
	unit_rmdir(dir);
}

static void
what_is_no_secret_p256_key_is_refused(void **state)
{
	const char *dir = unit_mkdir(), *name = "2026-01-01T00:00:00Z.key";
	const char *path = arena_printf(cx.arena, "%s/%s", dir, name);
	AUTO_STRUCT(keypair) *other = keypair_make(KEY_P384, 0);

	(void)state;
	put(dir, name, "no key", 0600);
	assert_null(load(dir));
	assert_true(keypair_save(other, path, why));
	assert_null(load(dir));
	assert_int_equal(unlink(path), 0);
	assert_true(keydir_add(dir, INT64_C(1767225600), why));
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(load(dir));
	assert_non_null(strstr(why, "others"));
	unit_rmdir(dir);
	assert_null(load(dir));
}

static void
there_are_not_too_many(void **state)
{
	const char *dir = unit_mkdir();
	int i;

	(void)state;
	for (i = 0; i <= KEYDIR_MAX; i++)
		assert_true(keydir_add(dir, UNIT_NOW + i, why));
	assert_null(load(dir));
	unit_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(keys_are_read_in_the_order_of_their_times),
		UNIT_TEST(what_is_no_secret_p256_key_is_refused),
		UNIT_TEST(there_are_not_too_many),
	};

	return cmocka_run_group_tests_name("pki/keydir", tests, NULL, NULL);
}
