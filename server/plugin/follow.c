#include "plugin/follow.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/version.h"
#include "plugin/snapshot.h"
#include "store/consumer.h"
#include "store/db.h"
#include "store/lineage.h"
#include "store/listen.h"
#include "store/view.h"

#define CHANNEL "latchkey_feed"
#define POLL_MS 2000 /* a lost notification costs no more (R1) */
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MOST_MS 5000
#define ARENA_BYTES (256 * (size_t)MIB) /* a page of entries, all topics */
#define WAIT_MS 10
#define TELL_US 1000000
#define TELL_FIRST_US 5000000
/* How often the snapshot says that nothing has changed, and how soon one
 * that could not be written is tried again. */
#define MARK_US 5000000
#define RETRY_US 10000000
#define RETRY_MOST_US (64 * RETRY_US)
/* A clock that was set back by more: what had expired by it has not now. */
#define CLOCK_BACK 60
#define QUEUE_MOST 64 /* the broker's thread is busy: wait, do not pile up */

struct follow {
	pthread_t thread;
	int stop_fd; /* readable once the thread must end */
	char *name;
	struct wake *wake;
	struct snapshot *snapshot; /* the thread's own; NULL: none is kept */
	atomic_bool kept;
	pthread_mutex_t lock; /* of all below */
	char *conninfo;
	bool moved; /* conninfo is another */
	struct follow_update *first, **end;
	size_t queued;
	atomic_bool any;   /* read without the lock, to cost nothing */
	atomic_bool tried; /* to read the feed */
	atomic_llong head;
	atomic_llong read_at_us; /* 0: never; by clock_mono_us */
};

/* The thread's own. */
struct reader {
	struct follow *f;
	struct ctx *cx;
	struct view_mark mark; /* what was handed over, once loaded */
	bool behind;           /* the database has less than that */
	bool loaded, lost;
	int64_t told_us;           /* when the database was told of the mark */
	struct view_mark told;     /* and what */
	struct view_mark kept;     /* the snapshot's last mark */
	int64_t kept_us, retry_us; /* when it was made; not before */
	int64_t retry_after;
};

void
follow_update_free(struct follow_update *u)
{
	if (u == NULL)
		return;
	view_free(u->view);
	mem_free(u->entries);
	service_free(u->service);
	mem_free(u);
}

/* Waits, or returns true if the thread must end. */
static bool
stopping(struct follow *f, int timeout_ms)
{
	struct pollfd pfd = { .fd = f->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) > 0;
}

static size_t
queued(struct follow *f)
{
	size_t n;

	must(pthread_mutex_lock(&f->lock) == 0);
	n = f->queued;
	must(pthread_mutex_unlock(&f->lock) == 0);
	return n;
}

/* Queues a copy of the update, which owns what it points to. */
static void
push(struct follow *f, const struct follow_update *update)
{
	struct follow_update *u = mem_new(1, sizeof(*u));

	*u = *update;
	while (queued(f) >= QUEUE_MOST && !stopping(f, 50))
		continue;
	must(pthread_mutex_lock(&f->lock) == 0);
	*f->end = u;
	f->end = &u->next;
	f->queued++;
	atomic_store(&f->any, true);
	must(pthread_mutex_unlock(&f->lock) == 0);
	wake_ask(f->wake);
}

/* The snapshot, unless the database has less than it says: then it stays as
 * it is until an operator has recovered it (R6). */
static struct snapshot *
keeping(const struct reader *r)
{
	return r->behind ? NULL : r->f->snapshot;
}

/* Reads the feed from its start to head, into a view and the snapshot. */
static ERR_FN
read_entries(struct reader *r, const struct view_mark *head, struct view *v)
{
	struct view_mark at = { 0 };
	struct view_entry *entries;
	const struct err *e;
	size_t i, n;

	for (;;) {
		arena_reset(r->cx->arena);
		e = view_read_entries(r->cx, &at, head, &entries, &n);
		if (e != NULL || n == 0)
			return e;
		if (keeping(r) != NULL)
			snapshot_entries(keeping(r), entries, n);
		for (i = 0; v != NULL && i < n; i++)
			view_apply(v, &entries[i]);
		at.epoch = entries[n - 1].epoch;
		at.position = entries[n - 1].position;
	}
}

static ERR_FN
read_services(struct reader *r, struct view *v)
{
	struct view_topic *topics;
	const struct err *e;
	size_t i, n;

	e = view_read_topics(r->cx, &topics, &n);
	for (i = 0; e == NULL && i < n; i++) {
		struct service *s;

		if (i > 0 &&
		    strcmp(topics[i].service, topics[i - 1].service) == 0)
			continue;
		s = service_new(topics[i].service, topics + i, n - i);
		if (keeping(r) != NULL)
			snapshot_service(keeping(r), s);
		if (v != NULL)
			view_put_service(v, TAKE(s));
		service_free(s);
	}
	return e;
}

/* The whole feed.  Services are read after the entries, so they are at least
 * as new as the head. */
static ERR_FN
read_all(struct reader *r, const struct view_mark *head, struct view *v)
{
	const struct err *e = read_entries(r, head, v);

	if (e == NULL)
		e = read_services(r, v);
	if (e != NULL && keeping(r) != NULL)
		snapshot_drop(keeping(r));
	return e;
}

static ERR_FN
load(struct reader *r, const struct view_mark *head)
{
	AUTO_STRUCT(view) *v = view_new();
	const struct err *e;

	/* What another feed refused stays on disk as it does in memory. */
	if (keeping(r) != NULL && r->loaded)
		snapshot_replaced(keeping(r));
	else if (keeping(r) != NULL)
		snapshot_begin(keeping(r));
	e = read_all(r, head, v);
	if (e != NULL)
		return e;
	LOG(NULL, "feed.loaded", LOG_I("epoch", head->epoch),
	    LOG_I("position", head->position));
	push(r->f, &(struct follow_update){ .kind = FOLLOW_VIEW,
		       .view = TAKE(v),
		       .behind = r->behind,
		       .at = *head });
	r->mark = *head;
	r->loaded = true;
	return NULL;
}

static void
push_service(struct reader *r, struct service *s)
{
	if (keeping(r) != NULL)
		snapshot_service(keeping(r), s);
	push(r->f,
	    &(struct follow_update){ .kind = FOLLOW_SERVICE, .service = s });
}

/* Services whose entries are in this page, as they are by now. */
static ERR_FN
push_services(struct reader *r, const struct view_entry *entries, size_t n)
{
	struct view_topic *topics = NULL;
	const struct err *e;
	size_t i, n_topics = 0;

	for (i = 0; i < n; i++) {
		if (entries[i].kind != VIEW_SERVICE)
			continue;
		if (topics == NULL) {
			e = view_read_topics(r->cx, &topics, &n_topics);
			if (e != NULL)
				return e;
		}
		push_service(
		    r, service_new(entries[i].service, topics, n_topics));
	}
	return NULL;
}

/* Hands over what came between the mark and the head.  If it is cut short
 * the same entries come again, in their order, which changes nothing. */
static ERR_FN
catch_up(struct reader *r, const struct view_mark *head)
{
	struct view_mark at = r->mark;
	struct view_entry *entries, *copy;
	const struct err *e;
	size_t i, n;

	for (;;) {
		arena_reset(r->cx->arena);
		e = view_read_entries(r->cx, &at, head, &entries, &n);
		if (e != NULL)
			return e;
		if (n == 0)
			break;
		e = push_services(r, entries, n);
		if (e != NULL)
			return e;
		if (keeping(r) != NULL)
			snapshot_entries(keeping(r), entries, n);
		copy = mem_new(n, sizeof(*copy));
		memcpy(copy, entries, n * sizeof(*copy));
		for (i = 0; i < n; i++)
			copy[i].service = NULL;
		at.epoch = entries[n - 1].epoch;
		at.position = entries[n - 1].position;
		push(r->f, &(struct follow_update){ .kind = FOLLOW_ENTRIES,
			       .entries = copy,
			       .n = n,
			       .at = at });
	}
	r->mark = *head;
	return NULL;
}

/* Whether the feed went on from our mark.  After a recovery it has another
 * epoch; after a restore without one, a lower position or another entry at
 * ours (R1, R9). */
static ERR_FN
goes_on(struct reader *r, const struct view_mark *head, bool *yes)
{
	const struct view_mark *mark = &r->mark;

	*yes = mark->epoch == head->epoch && mark->position <= head->position;
	if (!*yes || mark->position == 0)
		return NULL;
	return view_mark_holds(r->cx, mark, yes);
}

/* What others say is older than what they have seen is no beginning. */
static ERR_FN
load_first(struct reader *r, const struct view_mark *head)
{
	bool doubted;
	const struct err *e = lineage_doubted(r->cx, &doubted);

	if (e == NULL && doubted)
		return fail(r->cx, &ERR_STORE, "the database was restored");
	return e != NULL ? e : load(r, head);
}

static ERR_FN
read_feed(struct reader *r)
{
	const struct err *e;
	struct view_mark head;
	bool on;

	e = view_read_head(r->cx, &head);
	if (e != NULL)
		return e;
	atomic_store(&r->f->head, head.position);
	if (!r->loaded)
		return load_first(r, &head);
	if (head.epoch == r->mark.epoch && head.position == r->mark.position &&
	    bytes_eq(BYTES_OF(head.sha256), BYTES_OF(r->mark.sha256)))
		return NULL;
	e = goes_on(r, &head, &on);
	if (e != NULL)
		return e;
	if (on)
		return catch_up(r, &head);
	/* A new epoch is an operator's; what else has less is a restored
	 * database, of which the others hear (R6). */
	r->behind = head.epoch <= r->mark.epoch;
	if (r->behind) {
		e = lineage_doubt(r->cx, r->f->name, &r->mark);
		if (e != NULL)
			return e;
	}
	LOG(NULL, "feed.replaced", LOG_I("epoch", head.epoch),
	    LOG_I("position", head.position),
	    LOG_I("known_epoch", r->mark.epoch),
	    LOG_I("known_position", r->mark.position));
	return load(r, &head);
}

static void
note_lost(struct reader *r, bool lost)
{
	if (lost != r->lost)
		push(r->f, &(struct follow_update){
			       .kind = lost ? FOLLOW_LOST : FOLLOW_BACK });
	r->lost = lost;
}

/* How far this broker is: what was handed over is judged by before anybody is
 * admitted, and answers to operators wait for it.  It changes nothing for
 * devices: a database that does not take it is only read. */
static void
tell(struct reader *r)
{
	int64_t now = clock_mono_us();

	if (consumer_seen(r->cx, r->f->name, LATCHKEY_VERSION, &r->mark) !=
	    NULL)
		return;
	r->told_us = now;
	r->told = r->mark;
}

/* Nobody waits for one who has not been heard of for long: before it reads
 * again it says that it is there, so that what it does not find is waited
 * for. */
static void
tell_first(struct reader *r)
{
	if (r->told_us == 0 || clock_mono_us() - r->told_us > TELL_FIRST_US)
		tell(r);
}

static void
tell_after(struct reader *r)
{
	if (r->told.epoch != r->mark.epoch ||
	    r->told.position != r->mark.position ||
	    clock_mono_us() - r->told_us >= TELL_US)
		tell(r);
}

/* ------------------------------------------------------------ snapshot */

/* What the disk knows, and how old that is. */
static void
start_from_snapshot(struct reader *r)
{
	AUTO_STRUCT(view) *v = view_new();
	int64_t now = clock_now(), age;
	struct snapshot_head head;

	if (r->f->snapshot == NULL ||
	    snapshot_read(r->f->snapshot, v, &head) != SNAPSHOT_READ)
		return;
	age = now - head.read_at;
	LOG(NULL, "snapshot.read", LOG_I("epoch", head.mark.epoch),
	    LOG_I("position", head.mark.position), LOG_I("age", age));
	push(r->f, &(struct follow_update){
		       .kind = FOLLOW_VIEW, .view = TAKE(v), .at = head.mark });
	r->mark = r->kept = head.mark;
	r->loaded = true;
	/* By a clock that was set back, nobody knows how old it is. */
	if (age >= 0)
		atomic_store(
		    &r->f->read_at_us, clock_mono_us() - age * 1000000);
}

static void
mark_snapshot(struct reader *r)
{
	struct snapshot_head head = { r->mark, r->cx->now };

	snapshot_mark(r->f->snapshot, &head);
	r->kept = r->mark;
	r->kept_us = clock_mono_us();
	atomic_store(&r->f->kept, snapshot_is_kept(r->f->snapshot));
}

/* Made anew from the feed.  What cannot be is tried again, ever later. */
static void
remake_snapshot(struct reader *r)
{
	int64_t now = clock_mono_us();

	if (now < r->retry_us)
		return;
	snapshot_begin(r->f->snapshot);
	if (read_all(r, &r->mark, NULL) == NULL)
		mark_snapshot(r);
	if (snapshot_is_kept(r->f->snapshot)) {
		r->retry_after = 0;
		return;
	}
	r->retry_after = r->retry_after == 0 ? RETRY_US : r->retry_after * 2;
	if (r->retry_after > RETRY_MOST_US)
		r->retry_after = RETRY_MOST_US;
	r->retry_us = now + r->retry_after;
}

/* After a reading.  On disk only once the broker has been told: nothing
 * waits for the disk. */
static void
keep(struct reader *r)
{
	if (keeping(r) == NULL)
		return;
	if (snapshot_wants_all(r->f->snapshot))
		remake_snapshot(r);
	else if (r->kept.position != r->mark.position ||
		 r->kept.epoch != r->mark.epoch ||
		 clock_mono_us() - r->kept_us >= MARK_US)
		mark_snapshot(r);
	atomic_store(&r->f->kept, snapshot_is_kept(r->f->snapshot));
}

/* ------------------------------------------------------------- reading */

/* What had expired and was dropped counts again if the clock goes back: then
 * all is read anew, and until then nobody new is admitted. */
static void
watch_clock(struct reader *r, int64_t now)
{
	if (now < r->cx->now - CLOCK_BACK) {
		LOG(NULL, "clock.back", LOG_I("seconds", r->cx->now - now));
		r->loaded = false;
		atomic_store(&r->f->read_at_us, 0);
	}
	r->cx->now = now;
}

/* One reading; false if Postgres cannot be read now. */
static bool
turn(struct reader *r)
{
	int64_t began = clock_mono_us();
	bool ok;

	arena_reset(r->cx->arena);
	watch_clock(r, clock_now());
	/* Each time: a statement may have opened a new connection, which
	 * listens to nothing yet. */
	ok = listen_start(r->cx, CHANNEL);
	if (ok)
		tell_first(r);
	ok = ok && read_feed(r) == NULL;
	if (ok)
		atomic_store(&r->f->read_at_us, began);
	note_lost(r, !ok);
	atomic_store(&r->f->tried, true);
	if (ok) {
		tell_after(r);
		keep(r);
	}
	return ok;
}

static void
wipe(char *conninfo)
{
	explicit_bzero(conninfo, strlen(conninfo));
	mem_free(conninfo);
}

/* A connection by another conninfo, if there is one. */
static void
move(struct reader *r, struct db **db)
{
	static const struct stmt *const *const lists[] = { view_stmts,
		consumer_seen_stmts, lineage_doubt_stmts, NULL };
	char *conninfo = NULL;

	must(pthread_mutex_lock(&r->f->lock) == 0);
	if (r->f->moved || *db == NULL)
		conninfo = mem_strdup(r->f->conninfo);
	r->f->moved = false;
	must(pthread_mutex_unlock(&r->f->lock) == 0);
	if (conninfo == NULL)
		return;
	db_free(*db);
	*db = r->cx->db = db_new(conninfo, lists);
	wipe(conninfo);
}

static void *
run(void *arg)
{
	struct follow *f = arg;
	AUTO_STRUCT(arena) *arena = arena_new(ARENA_BYTES);
	AUTO_STRUCT(db) *db = NULL;
	struct ctx cx = { .arena = arena };
	struct reader r = { .f = f, .cx = &cx };
	uint32_t backoff = BACKOFF_FIRST_MS;

	start_from_snapshot(&r);
	while (!stopping(f, 0)) {
		move(&r, &db);
		if (turn(&r)) {
			backoff = BACKOFF_FIRST_MS;
			(void)listen_wait(&cx, f->stop_fd, POLL_MS, NULL, NULL);
			continue;
		}
		/* Jittered, so that many brokers do not come back at once. */
		(void)stopping(f, (int)(backoff / 2 + rng_below(backoff)));
		backoff *= 2;
		if (backoff > BACKOFF_MOST_MS)
			backoff = BACKOFF_MOST_MS;
	}
	return NULL;
}

struct follow *
follow_new(const struct follow_how *how, struct wake *wake)
{
	struct follow *f = mem_new(1, sizeof(*f));
	sigset_t all, old;

	f->conninfo = mem_strdup(how->conninfo);
	f->name = mem_strdup(how->name);
	if (how->snapshot != NULL)
		f->snapshot = snapshot_new(how->snapshot, how->key);
	atomic_store(&f->kept, f->snapshot == NULL);
	f->wake = wake;
	f->end = &f->first;
	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	must(f->stop_fd >= 0);
	must(pthread_mutex_init(&f->lock, NULL) == 0);
	/* Signals belong to the broker's own thread. */
	must(sigfillset(&all) == 0);
	must(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	must(pthread_create(&f->thread, NULL, run, f) == 0);
	must(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	return f;
}

void
follow_free(struct follow *f)
{
	struct follow_update *u;
	uint64_t one = 1;

	if (f == NULL)
		return;
	must(write(f->stop_fd, &one, sizeof(one)) == sizeof(one));
	must(pthread_join(f->thread, NULL) == 0);
	while ((u = f->first) != NULL) {
		f->first = u->next;
		follow_update_free(u);
	}
	snapshot_free(f->snapshot);
	(void)close(f->stop_fd);
	(void)pthread_mutex_destroy(&f->lock);
	wipe(f->conninfo);
	mem_free(f->name);
	mem_free(f);
}

void
follow_reconnect(struct follow *f, const char *conninfo)
{
	must(pthread_mutex_lock(&f->lock) == 0);
	if (strcmp(f->conninfo, conninfo) != 0) {
		wipe(f->conninfo);
		f->conninfo = mem_strdup(conninfo);
		f->moved = true;
	}
	must(pthread_mutex_unlock(&f->lock) == 0);
}

struct follow_update *
follow_take(struct follow *f)
{
	struct follow_update *all;

	if (!atomic_load(&f->any))
		return NULL;
	must(pthread_mutex_lock(&f->lock) == 0);
	all = f->first;
	f->first = NULL;
	f->end = &f->first;
	f->queued = 0;
	atomic_store(&f->any, false);
	must(pthread_mutex_unlock(&f->lock) == 0);
	return all;
}

int64_t
follow_age(const struct follow *f)
{
	int64_t at = atomic_load(&f->read_at_us);

	return at == 0 ? INT64_MAX : (clock_mono_us() - at) / 1000000;
}

int64_t
follow_head(const struct follow *f)
{
	return atomic_load(&f->head);
}

bool
follow_is_kept(const struct follow *f)
{
	return atomic_load(&f->kept);
}

void
follow_wait(struct follow *f, int timeout_ms)
{
	for (; timeout_ms > 0 && !atomic_load(&f->tried); timeout_ms -= WAIT_MS)
		(void)poll(NULL, 0, WAIT_MS);
}
