/*
 * What every C test shares: cmocka, a request's context that is new for each
 * test, and ways to say "aborts" and "every file of this folder".
 */
#ifndef UNIT_H
#define UNIT_H

/* Before cmocka, which defines a macro of the same name as our fail(). */
#include "base/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/limits.h"

#define UNIT_NOW INT64_C(1795219200) /* 2026-11-21T00:00:00Z */
#define UNIT_TEST(f) cmocka_unit_test_setup_teardown(f, unit_setup, unit_end)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A literal as bytes, NULs inside included. */
#define LIT(s) ((struct bytes)ROW(s))
/* The same as an initializer of a static row. */
#define ROW(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

static struct ctx cx;

__attribute__((unused)) static int
unit_setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .arena = arena_new(LIMIT_ARENA),
		.rid = "00000000-0000-4000-8000-000000000000",
		.now = UNIT_NOW };
	return 0;
}

__attribute__((unused)) static int
unit_end(void **state)
{
	(void)state;
	arena_free(cx.arena);
	return 0;
}

/* Asserts that fn aborts, in a process of its own. */
__attribute__((unused)) static void
assert_aborts(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

__attribute__((unused)) static void
assert_bytes(struct bytes have, struct bytes want)
{
	assert_int_equal(have.n, want.n);
	if (want.n > 0)
		assert_memory_equal(have.p, want.p, want.n);
}

/* The bytes of a file of the repository, in the arena. */
__attribute__((unused)) static struct bytes
unit_file(const char *path)
{
	uint8_t *p = arena_alloc(cx.arena, 64 * KIB);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		print_error("cannot open %s\n", path);
	assert_true(fd >= 0);
	n = read(fd, p, 64 * KIB);
	assert_true(n >= 0 && n < 64 * KIB);
	close(fd);
	return (struct bytes){ p, (size_t)n };
}

/* Calls judge with each file of tests/corpus/NAME/valid and invalid, and
 * asserts that it is accepted or not as the folder says. */
__attribute__((unused)) static void
unit_corpus(const char *name, bool (*judge)(struct bytes))
{
	static const char *const folders[] = { "invalid", "valid" };
	size_t want, files = 0;

	for (want = 0; want < COUNT(folders); want++) {
		char path[512];
		struct dirent *d;
		DIR *dir;

		(void)snprintf(path, sizeof(path), "tests/corpus/%s/%s", name,
		    folders[want]);
		dir = opendir(path);
		assert_non_null(dir);
		while ((d = readdir(dir)) != NULL) {
			if (d->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof(path),
			    "tests/corpus/%s/%s/%.200s", name, folders[want],
			    d->d_name);
			arena_reset(cx.arena);
			if (judge(unit_file(path)) != (want == 1)) {
				print_error(
				    "%s is not %s\n", path, folders[want]);
				assert_true(false);
			}
			files++;
		}
		closedir(dir);
	}
	assert_true(files > 0);
}

/* Ends the test with a line of what went wrong. */
#define wrong(...)                        \
	do {                              \
		print_error(__VA_ARGS__); \
		print_error("\n");        \
		assert_true(false);       \
	} while (0)

#endif
