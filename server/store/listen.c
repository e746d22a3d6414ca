#include "store/listen.h"

#include <errno.h>
#include <poll.h>

#include "base/arena.h"
#include "store/db_internal.h"

bool
listen_start(struct ctx *cx, const char *channel)
{
	const char *text = arena_printf(cx->arena, "LISTEN %s", channel);

	return db_open(cx) == NULL && db_simple(cx, text) == NULL;
}

/* Hands over what has arrived; false if the connection is gone. */
static bool
deliver(struct db *db, listen_fn *fn, void *arg, bool *any)
{
	PGnotify *n;

	if (!PQconsumeInput(db->pg) || PQstatus(db->pg) == CONNECTION_BAD)
		return false;
	while ((n = PQnotifies(db->pg)) != NULL) {
		*any = true;
		if (fn != NULL)
			fn(arg, n->relname, n->extra);
		PQfreemem(n);
	}
	return true;
}

enum listen_outcome
listen_wait(
    struct ctx *cx, int wake_fd, int timeout_ms, listen_fn *fn, void *arg)
{
	struct pollfd pfd[2] = { { .fd = wake_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLIN } };
	struct db *db = cx->db;
	bool any = false;
	int n;

	if (db->pg != NULL) {
		/* Notifications also arrive beside the answers of statements
		 * that ran since the last wait. */
		if (!deliver(db, fn, arg, &any))
			db_drop(db);
		if (any)
			return LISTEN_NOTIFIED;
	}
	if (db->pg != NULL)
		pfd[1].fd = PQsocket(db->pg);
	n = poll(pfd, 2, timeout_ms);
	if (n < 0 && errno != EINTR)
		return LISTEN_LOST;
	if (pfd[0].revents != 0)
		return LISTEN_WOKEN;
	if (db->pg == NULL)
		return LISTEN_LOST;
	if (pfd[1].revents == 0)
		return LISTEN_TIMEOUT;
	if (!deliver(db, fn, arg, &any)) {
		db_drop(db);
		return LISTEN_LOST;
	}
	return any ? LISTEN_NOTIFIED : LISTEN_TIMEOUT;
}
