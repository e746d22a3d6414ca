#include "domain/task.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/listen.h"

#define RETRY_MS 1000

struct task {
	const struct task_kind *kind;
	const struct svc *svc;
	void *arg;
	struct db *db;
	int wake_fd; /* readable once it is to end */
	pthread_t thread;
};

bool
task_ends(const struct task *t, int timeout_ms)
{
	struct pollfd pfd = { .fd = t->wake_fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) > 0;
}

/* One connection's life: until it is lost or we are to stop (false). */
static bool
connection(struct task *t, struct ctx *cx)
{
	enum listen_outcome r;
	int wait_ms;

	if (!listen_start(cx, t->kind->channel))
		return !task_ends(t, RETRY_MS);
	do {
		arena_reset(cx->arena);
		cx->now = clock_now();
		if (t->kind->turn(t, cx, t->arg, &wait_ms) != NULL)
			return !task_ends(t, RETRY_MS);
		r = listen_wait(cx, t->wake_fd, wait_ms, NULL, NULL);
	} while (r != LISTEN_WOKEN && r != LISTEN_LOST);
	return r == LISTEN_LOST;
}

static void *
run(void *arg)
{
	struct task *t = arg;
	AUTO_STRUCT(arena) *arena = arena_new(t->kind->arena_bytes);
	struct ctx cx = {
		.arena = arena, .db = t->db, .svc = t->svc, .rid = t->kind->name
	};

	/* On Linux a thread has a priority of its own. */
	if (t->kind->last)
		(void)setpriority(PRIO_PROCESS, 0, 19);
	while (connection(t, &cx))
		arena_reset(arena);
	return NULL;
}

struct task *
task_start(const struct svc *svc, const char *conninfo,
    const struct task_kind *kind, void *arg)
{
	struct task *t = mem_new(1, sizeof(*t));

	t->kind = kind;
	t->svc = svc;
	t->arg = arg;
	t->db = db_new(conninfo, kind->statements);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(t->wake_fd >= 0);
	must(pthread_create(&t->thread, NULL, run, t) == 0);
	return t;
}

void
task_stop(struct task *t)
{
	uint64_t one = 1;

	if (t == NULL)
		return;
	must(write(t->wake_fd, &one, sizeof(one)) == sizeof(one));
	must(pthread_join(t->thread, NULL) == 0);
	db_free(t->db);
	(void)close(t->wake_fd);
	mem_free(t);
}
