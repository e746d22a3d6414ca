#include "client/tpm_tools.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "client/command.h"

#define MAX_WORDS 32

const struct err *
tpm_tool(struct ctx *cx, const char *dir, const char *words)
{
	char *argv[MAX_WORDS + 1] = { NULL }, *rest = NULL, *word;
	char *line = arena_printf(cx->arena, "tpm2_%s", words);
	posix_spawn_file_actions_t actions;
	size_t n = 0;
	int status = -1;
	bool ok;
	pid_t pid;

	for (word = strtok_r(line, " ", &rest); word != NULL && n < MAX_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		argv[n++] = word;
	must(posix_spawn_file_actions_init(&actions) == 0);
	must(posix_spawn_file_actions_addchdir_np(&actions, dir) == 0);
	must(posix_spawn_file_actions_addopen(
		 &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
	ok = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0 &&
	     waitpid(pid, &status, 0) == pid && status == 0;
	must(posix_spawn_file_actions_destroy(&actions) == 0);
	return ok ? NULL
		  : fail(cx, &ERR_LOCAL, "tpm2_%s: it failed (tpm2-tools)",
			words);
}

const struct err *
tpm_tools(struct ctx *cx, const char *dir, const char *const *words)
{
	const struct err *e = NULL;

	while (e == NULL && *words != NULL)
		e = tpm_tool(cx, dir, *words++);
	return e;
}
