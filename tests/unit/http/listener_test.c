#include "http/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static char dir[] = "/tmp/latchkey-unit-XXXXXX";
static struct listener got;
static char why[LISTENER_WHY_BYTES];

static const char *
path(void)
{
	return arena_printf(cx.arena, "%s/proxy.sock", dir);
}

static bool
connects(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool ok;

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path());
	ok = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	close(fd);
	return ok;
}

static void
unix_socket_is_for_user_and_group_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_true(listener_open(path(), 0, &got, why));
	assert_int_equal(got.n, 1);
	assert_true(connects());
	assert_int_equal(stat(path(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	listener_close(&got);
	assert_int_equal(access(path(), F_OK), -1);
}

static void
unix_socket_that_was_left_behind_is_replaced(void **state)
{
	(void)state;
	assert_true(listener_open(path(), 0, &got, why));
	close(got.fd[0]); /* as if killed */
	assert_false(connects());
	assert_true(listener_open(path(), 0, &got, why));
	assert_true(connects());
	listener_close(&got);
}

static void
unix_socket_of_another_process_is_left_alone(void **state)
{
	struct listener other;

	(void)state;
	assert_true(listener_open(path(), 0, &got, why));
	assert_false(listener_open(path(), 0, &other, why));
	assert_non_null(strstr(why, "in use"));
	assert_true(connects());
	listener_close(&got);
}

static void
path_that_is_no_socket_or_too_long_is_refused(void **state)
{
	char *long_path = arena_alloc(cx.arena, 200);
	int fd;

	(void)state;
	fd = open(path(), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_false(listener_open(path(), 0, &got, why));
	assert_int_equal(unlink(path()), 0);
	memset(long_path, '/', 150);
	assert_false(listener_open(long_path, 0, &got, why));
	assert_int_equal(got.n, 0);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(unix_socket_is_for_user_and_group_alone),
		UNIT_TEST(unix_socket_that_was_left_behind_is_replaced),
		UNIT_TEST(unix_socket_of_another_process_is_left_alone),
		UNIT_TEST(path_that_is_no_socket_or_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
