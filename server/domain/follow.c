#include "domain/follow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "domain/acks.h"
#include "domain/consumers.h"
#include "domain/kept.h"
#include "domain/labels.h"
#include "domain/lineage.h"
#include "domain/live.h"
#include "domain/ocsp.h"
#include "domain/svc.h"
#include "domain/waiting.h"
#include "store/approval.h"
#include "store/label.h"
#include "store/lineage.h"
#include "store/listen.h"
#include "store/notice.h"
#include "store/status.h"
#include "store/view.h"

#define ASK_EVERY_MS 5000
#define RETRY_MS 1000
/* While answers wait, the others are looked at ever less often. */
#define LOOK_FIRST_MS 1
#define LOOK_LAST_MS 32
/* Longer than the time between two questions, so that none falls between. */
#define ASK_BACK_SECONDS 15

struct follow {
	pthread_t thread;
	const struct svc *svc;
	struct db *db;
	atomic_bool ends;
	int look_ms;
	int64_t asked_us;
	bool labels_changed, feed_changed;
	bool older;            /* the database is, and nothing is read of it */
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
	label_stmts, view_stmts, consumer_stmts, lineage_doubt_stmts,
	status_stmts, NULL };

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
	else if (strcmp(channel, LINEAGE_CALL) == 0)
		f->turn.told_us = 0;
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

/* Hands on what came after the mark.  Where the feed is not the one that was
 * read so far (a new epoch), nothing that was kept counts. */
static ERR_FN
hand_on(struct follow *f, struct ctx *cx, const struct view_mark *head)
{
	struct view_entry *v;
	const struct err *e = NULL;
	size_t i, n;

	if (f->mark.epoch != head->epoch)
		ocsp_follow(f->svc->ocsp, true);
	else
		do {
			e = view_read_entries(cx, &f->mark, head, &v, &n);
			for (i = 0; e == NULL && i < n; i++)
				ocsp_heard(f->svc->ocsp, &v[i]);
			if (e == NULL && n > 0) {
				f->mark.epoch = v[n - 1].epoch;
				f->mark.position = v[n - 1].position;
			}
			arena_reset(cx->arena);
		} while (e == NULL && n > 0);
	if (e == NULL)
		f->mark = *head;
	return e;
}

/* What is new of the feed, if this is the database that was seen before. */
static ERR_FN
read_feed(struct follow *f, struct ctx *cx)
{
	struct view_mark head;
	const struct err *e = lineage_follow(cx, &head);

	if (e == &ERR_OLDER) {
		ocsp_follow(f->svc->ocsp, false);
		f->mark = (struct view_mark){ 0 };
	}
	f->older = e == &ERR_OLDER;
	if (f->older)
		return NULL;
	return e != NULL ? e : hand_on(f, cx, &head);
}

/* Subscribed to all that is heard of. */
static bool
start_listening(struct ctx *cx)
{
	static const char *const channels[] = { DECISIONS, LABELS, FEED, TOKENS,
		NOTICES, LINEAGE_CALL };
	size_t i;

	for (i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		if (!listen_start(cx, channels[i]))
			return false;
	return true;
}

/* What was heard of; false if the connection is lost. */
static bool
catch_up(struct follow *f, struct ctx *cx)
{
	if (f->labels_changed && labels_load(cx) != NULL)
		return false;
	f->labels_changed = false;
	if (f->feed_changed && read_feed(f, cx) != NULL)
		return false;
	if (!f->older && ocsp_own(cx, f->feed_changed) != NULL)
		return false;
	f->feed_changed = false;
	return f->older || consumers_tell(cx, &f->turn, &f->mark) == NULL;
}

/* Before the feed is read after a pause: whoever refuses something from here
 * on waits for this node. */
static bool
announce(struct follow *f, struct ctx *cx)
{
	f->turn.told_us = 0;
	/* Nothing is written to a database that is older; catch_up says so. */
	if (lineage_judge(cx) != NULL)
		return true;
	return consumer_seen(
		   cx, f->svc->node_name, LATCHKEY_VERSION, &f->mark) == NULL;
}

/* Lets those answers go that all have read of; false if the connection is
 * lost. */
static bool
let_go(struct follow *f, struct ctx *cx)
{
	struct acks_reached reached;

	if (acks_count(f->svc->acks) == 0)
		return true;
	if (consumers_reached(cx, &reached) != NULL)
		return false;
	acks_read(f->svc->acks, &reached);
	acks_tick(f->svc->acks, clock_mono_us());
	return true;
}

/* Waits for news, or for the next look at those whom answers wait for. */
static enum listen_outcome
listen(struct follow *f, struct ctx *cx)
{
	enum listen_outcome r;
	int ms = ASK_EVERY_MS;

	if (acks_count(f->svc->acks) > 0) {
		ms = f->look_ms;
		f->look_ms *= f->look_ms < LOOK_LAST_MS ? 2 : 1;
	}
	r = listen_wait(cx, acks_fd(f->svc->acks), ms, on_notify, f);
	if (r == LISTEN_WOKEN)
		acks_heard(f->svc->acks);
	if (r == LISTEN_WOKEN || r == LISTEN_NOTIFIED)
		f->look_ms = LOOK_FIRST_MS;
	return r;
}

/* One connection's life: until it is lost or we are to stop (false). */
static bool
follow_connection(struct follow *f, struct ctx *cx)
{
	f->mark = (struct view_mark){ 0 };
	f->labels_changed = f->feed_changed = true;
	if (!start_listening(cx) || !announce(f, cx) || !catch_up(f, cx)) {
		if (listen_wait(cx, acks_fd(f->svc->acks), RETRY_MS, NULL,
			NULL) == LISTEN_WOKEN)
			acks_heard(f->svc->acks);
		return !atomic_load(&f->ends);
	}
	/* What was decided while nobody listened is not known. */
	live_doubt_all(f->svc->live);
	kept_forget(f->svc->introspected);
	waiting_doubt_all(f->svc->waiting);
	LOG(NULL, "follow.listening", LOG_S("channel", "decision"));
	for (;;) {
		enum listen_outcome r = listen(f, cx);

		if (atomic_load(&f->ends))
			return false;
		/* On a busy channel there is always a notification. */
		if (r == LISTEN_LOST ||
		    (clock_mono_us() - f->asked_us >= ASK_EVERY_MS * 1000 &&
			ask_back(f, cx) != NULL))
			return true;
		if (!catch_up(f, cx) || !let_go(f, cx))
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
	db_unguarded(f->db);
	f->look_ms = LOOK_FIRST_MS;
	must(pthread_create(&f->thread, NULL, run, f) == 0);
	return f;
}

void
follow_stop(struct follow *f)
{
	if (f == NULL)
		return;
	atomic_store(&f->ends, true);
	acks_poke(f->svc->acks);
	must(pthread_join(f->thread, NULL) == 0);
	db_free(f->db);
	mem_free(f);
}
