#include "domain/sweeper.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/lineage.h"
#include "domain/svc.h"
#include "store/event.h"
#include "store/listen.h"
#include "store/unit_set.h"
#include "store/view.h"

#define CHANNEL "latchkey_set"
#define LOOK_EVERY_MS 5000
#define RETRY_MS 1000
#define WAIT_MS 5
/* A registry of millions is looked through from end to end. */
#define SETTLE_SECONDS 120

struct sweeper {
	pthread_t thread;
	const struct svc *svc;
	struct db *db;
	int wake_fd;
};

static const struct stmt *const *const STATEMENTS[] = { unit_set_stmts,
	event_stmts, view_stmts, NULL };

static bool
stopping(const struct sweeper *w, int timeout_ms)
{
	struct pollfd pfd = { .fd = w->wake_fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) > 0;
}

/* Until all transactions that may not have seen the block are over (R3). */
static ERR_FN
wait_older(struct sweeper *w, struct ctx *cx)
{
	const char *running;
	const struct err *e = unit_set_running(cx, &running);
	int64_t n = 1;

	while (e == NULL) {
		e = unit_set_still_running(cx, running, &n);
		if (n == 0 || stopping(w, WAIT_MS))
			break;
	}
	return e != NULL || n == 0
		   ? e
		   : fail(cx, &ERR_STORE, "set: ended while waiting");
}

static ERR_FN
finish(struct ctx *cx, const struct unit_set *s, const char *state)
{
	const struct err *e = unit_set_finish(cx, s->id, state);

	if (e == NULL)
		e = event_add(cx,
		    &(struct event){ .kind = strcmp(state, "done") == 0
						 ? "set.done"
						 : "set.stopped",
			.admin_token_id = s->admin_token_id,
			.detail = arena_printf(cx->arena, "set %s", s->id) });
	LOG(cx, "set.finished", LOG_S("set", s->id), LOG_S("state", state));
	return e;
}

/* None can join it any more: it must be as large as the operator saw it. */
static ERR_FN
settle(struct ctx *cx, const struct unit_set *s, struct tx *tx)
{
	int64_t found;
	const struct err *e = tx_patience(tx, SETTLE_SECONDS);

	if (e == NULL)
		e = unit_set_settle(cx, s->id, &found);
	if (e == NULL && found != s->counted)
		return finish(cx, s, "stopped");
	if (e == NULL && s->deadline != 0)
		e = unit_set_announce(cx, s);
	return e;
}

/* The oldest set, once none can join it.  Outside a transaction, or sweepers
 * that wait would wait for each other; others may have it by then. */
static ERR_FN
ripen(struct sweeper *w, struct ctx *cx, struct unit_set *s, bool *more)
{
	const struct err *e = unit_set_take(cx, s);

	*more = e != &ERR_NOT_FOUND;
	if (!*more)
		return NULL;
	return e != NULL || s->settled ? e : wait_older(w, cx);
}

/* One step of one set; *more false if there was none. */
static ERR_FN
step(struct sweeper *w, struct ctx *cx, bool *more)
{
	struct unit_set ripe, s;
	const struct err *e;
	bool left = true;
	TX tx = { .open = false };

	e = ripen(w, cx, &ripe, more);
	if (e != NULL || !*more)
		return e;
	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = unit_set_take(cx, &s);
	if (e == &ERR_NOT_FOUND || (e == NULL && strcmp(s.id, ripe.id) != 0))
		return NULL;
	if (e == NULL && !s.settled) {
		e = settle(cx, &s, &tx);
	} else if (e == NULL) {
		e = unit_set_sweep(cx, &s, &left);
		if (e == NULL && !left)
			e = lineage_settle(cx);
		if (e == NULL && !left)
			e = finish(cx, &s, "done");
	}
	return e != NULL ? e : tx_commit(&tx);
}

/* One connection's life: until it is lost or we are to stop (false). */
static bool
sweep_connection(struct sweeper *w, struct ctx *cx)
{
	enum listen_outcome r;
	bool more;

	if (!listen_start(cx, CHANNEL))
		return !stopping(w, RETRY_MS);
	for (;;) {
		arena_reset(cx->arena);
		cx->now = clock_now();
		if (step(w, cx, &more) != NULL)
			return !stopping(w, RETRY_MS);
		r = listen_wait(
		    cx, w->wake_fd, more ? 0 : LOOK_EVERY_MS, NULL, NULL);
		if (r == LISTEN_WOKEN)
			return false;
		if (r == LISTEN_LOST)
			return true;
	}
}

static void *
run(void *arg)
{
	struct sweeper *w = arg;
	AUTO_STRUCT(arena) *arena = arena_new(LIMIT_ARENA);
	struct ctx cx = {
		.arena = arena, .db = w->db, .svc = w->svc, .rid = "sweeper"
	};

	while (sweep_connection(w, &cx))
		arena_reset(arena);
	return NULL;
}

struct sweeper *
sweeper_start(const struct svc *svc, const char *conninfo)
{
	struct sweeper *w = mem_new(1, sizeof(*w));

	w->svc = svc;
	w->db = db_new(conninfo, STATEMENTS);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(w->wake_fd >= 0);
	must(pthread_create(&w->thread, NULL, run, w) == 0);
	return w;
}

void
sweeper_stop(struct sweeper *w)
{
	uint64_t one = 1;

	if (w == NULL)
		return;
	must(write(w->wake_fd, &one, sizeof(one)) == sizeof(one));
	must(pthread_join(w->thread, NULL) == 0);
	db_free(w->db);
	(void)close(w->wake_fd);
	mem_free(w);
}
