#include "domain/follow.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/consumers.h"
#include "domain/kept.h"
#include "domain/labels.h"
#include "domain/live.h"
#include "domain/ocsp.h"
#include "domain/svc.h"
#include "domain/waiting.h"
#include "store/approval.h"
#include "store/label.h"
#include "store/listen.h"
#include "store/notice.h"
#include "store/view.h"

#define ASK_EVERY_MS 5000
#define RETRY_MS 1000
/* Longer than the time between two questions, so that none falls between. */
#define ASK_BACK_SECONDS 15

struct follow {
	pthread_t thread;
	const struct svc *svc;
	struct db *db;
	int wake_fd;
	int64_t asked_us;
	bool labels_changed, feed_changed;
	struct view_mark mark; /* how far the feed was read */
	struct consumers_turn turn;
};

#define DECISIONS "latchkey_decision"
#define LABELS "latchkey_label"
#define FEED "latchkey_feed"
#define TOKENS "latchkey_token"
#define NOTICES "latchkey_notice"
#define ARENA_BYTES (16 * (size_t)MIB) /* a page of the feed's entries */

static const struct stmt *const *const STATEMENTS[] = { approval_stmts,
	label_stmts, view_stmts, consumer_stmts, NULL };

static void
on_notify(void *arg, const char *channel, const char *payload)
{
	struct follow *f = arg;

	if (strcmp(channel, LABELS) == 0)
		f->labels_changed = true;
	else if (strcmp(channel, FEED) == 0)
		f->feed_changed = true;
	else if (strcmp(channel, TOKENS) == 0)
		kept_forget(f->svc->introspected);
	else if (strcmp(channel, NOTICES) == 0)
		waiting_news(f->svc->waiting, payload);
	else
		live_decided(f->svc->live, payload);
}

static void
on_decided(void *arg, const char *id)
{
	struct follow *f = arg;

	live_decided(f->svc->live, id);
}

static void
on_owner(void *arg, const char *owner_id)
{
	struct follow *f = arg;

	waiting_news(f->svc->waiting, owner_id);
}

/* A notification may be lost, or come between a worker's look at a request
 * and its note that it is pending: at times the database is asked. */
static ERR_FN
ask_back(struct follow *f, struct ctx *cx)
{
	const struct err *e = NULL;

	f->asked_us = clock_mono_us();
	f->labels_changed = true;
	f->feed_changed = true;
	if (waiting_count(f->svc->waiting) > 0)
		e = notice_recent_owners(cx, ASK_BACK_SECONDS, on_owner, f);
	if (e != NULL || live_count(f->svc->live) == 0)
		return e;
	return approval_recently_decided(cx, ASK_BACK_SECONDS, on_decided, f);
}

/* From here on the feed is read. */
static ERR_FN
start_feed(struct follow *f, struct ctx *cx)
{
	const struct err *e = view_read_head(cx, &f->mark);

	if (e == NULL)
		ocsp_follow(f->svc->ocsp, true);
	return e;
}

/* Hands on what came after the mark.  Where the feed is not the one that was
 * read so far (a database was restored), nothing that was kept counts. */
static ERR_FN
read_feed(struct follow *f, struct ctx *cx)
{
	struct view_entry *v;
	struct view_mark head;
	const struct err *e;
	bool holds = true;
	size_t i, n;

	e = view_read_head(cx, &head);
	if (e == NULL && f->mark.position > 0)
		e = view_mark_holds(cx, &f->mark, &holds);
	if (e == NULL && !holds)
		return start_feed(f, cx);
	while (e == NULL) {
		e = view_read_entries(cx, &f->mark, &head, &v, &n);
		if (e != NULL || n == 0)
			break;
		for (i = 0; i < n; i++)
			ocsp_heard(f->svc->ocsp, &v[i]);
		f->mark.epoch = v[n - 1].epoch;
		f->mark.position = v[n - 1].position;
		arena_reset(cx->arena);
	}
	if (e == NULL)
		f->mark = head;
	return e;
}

/* One connection's life: until it is lost or we are to stop (false). */
static bool
follow_connection(struct follow *f, struct ctx *cx)
{
	if (!listen_start(cx, DECISIONS) || !listen_start(cx, LABELS) ||
	    !listen_start(cx, FEED) || !listen_start(cx, TOKENS) ||
	    !listen_start(cx, NOTICES) || labels_load(cx) != NULL ||
	    start_feed(f, cx) != NULL)
		return listen_wait(cx, f->wake_fd, RETRY_MS, NULL, NULL) !=
		       LISTEN_WOKEN;
	/* What was decided while nobody listened is not known. */
	live_doubt_all(f->svc->live);
	kept_forget(f->svc->introspected);
	waiting_doubt_all(f->svc->waiting);
	LOG(NULL, "follow.listening", LOG_S("channel", "decision"));
	for (;;) {
		enum listen_outcome r =
		    listen_wait(cx, f->wake_fd, ASK_EVERY_MS, on_notify, f);

		if (r == LISTEN_WOKEN)
			return false;
		/* On a busy channel there is always a notification. */
		if (r == LISTEN_LOST ||
		    ((r == LISTEN_TIMEOUT ||
			 clock_mono_us() - f->asked_us > ASK_EVERY_MS * 1000) &&
			ask_back(f, cx) != NULL))
			return true;
		if (f->labels_changed && labels_load(cx) != NULL)
			return true;
		f->labels_changed = false;
		if (f->feed_changed && read_feed(f, cx) != NULL)
			return true;
		f->feed_changed = false;
		if (consumers_tell(cx, &f->turn, &f->mark) != NULL)
			return true;
		arena_reset(cx->arena);
	}
}

static void *
run(void *arg)
{
	struct follow *f = arg;
	AUTO_STRUCT(arena) *arena = arena_new(ARENA_BYTES);
	struct ctx cx = { .arena = arena, .db = f->db, .svc = f->svc };

	while (follow_connection(f, &cx)) {
		ocsp_follow(f->svc->ocsp, false);
		arena_reset(arena);
	}
	return NULL;
}

struct follow *
follow_start(const struct svc *svc, const char *conninfo)
{
	struct follow *f = mem_new(1, sizeof(*f));

	f->svc = svc;
	f->db = db_new(conninfo, STATEMENTS);
	f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(f->wake_fd >= 0);
	must(pthread_create(&f->thread, NULL, run, f) == 0);
	return f;
}

void
follow_stop(struct follow *f)
{
	uint64_t one = 1;

	if (f == NULL)
		return;
	must(write(f->wake_fd, &one, sizeof(one)) == sizeof(one));
	must(pthread_join(f->thread, NULL) == 0);
	db_free(f->db);
	(void)close(f->wake_fd);
	mem_free(f);
}
