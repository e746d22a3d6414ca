#include "plugin/wake.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Longer than any machine stalls: a test that fails hangs no build. */
#define LONG_MS 60000

/* The loop of Mosquitto 2.0: its own mask around the sleep (mux_epoll.c). */
static int
loop_sleep(int fd, int timeout_ms)
{
	struct epoll_event ev;
	sigset_t mine, before;
	int n, why;

	sigemptyset(&mine);
	sigaddset(&mine, SIGTERM);
	sigprocmask(SIG_SETMASK, &mine, &before);
	n = epoll_wait(fd, &ev, 1, timeout_ms);
	why = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return n == -1 ? why : 0;
}

static void
test_a_sleeping_loop_turns(void **state)
{
	AUTO_STRUCT(wake) *w = wake_new();
	int fd = epoll_create1(EPOLL_CLOEXEC), i;

	(void)state;
	for (i = 0; i < 100; i++) {
		wake_ask(w);
		assert_int_equal(loop_sleep(fd, LONG_MS), EINTR);
		wake_answer(w);
	}
	(void)close(fd);
}

static void
test_nothing_but_the_sleep_is_interrupted(void **state)
{
	AUTO_STRUCT(wake) *w = wake_new();
	sigset_t pending;

	(void)state;
	wake_ask(w);
	do
		assert_int_equal(sigpending(&pending), 0);
	while (!sigismember(&pending, SIGURG));
	assert_int_equal(usleep(20000), 0);
}

static void
test_ends_with_a_signal_pending_and_leaves_all_as_it_was(void **state)
{
	struct sigaction act;
	sigset_t pending, blocked;
	struct wake *w = wake_new();

	(void)state;
	wake_ask(w);
	do
		assert_int_equal(sigpending(&pending), 0);
	while (!sigismember(&pending, SIGURG));
	wake_free(w);
	assert_int_equal(sigaction(SIGURG, NULL, &act), 0);
	assert_ptr_equal(act.sa_handler, SIG_DFL);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
	assert_false(sigismember(&blocked, SIGURG));
	assert_int_equal(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGURG));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sleeping_loop_turns),
		cmocka_unit_test(test_nothing_but_the_sleep_is_interrupted),
		cmocka_unit_test(
		    test_ends_with_a_signal_pending_and_leaves_all_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
