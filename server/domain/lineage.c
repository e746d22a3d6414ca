#include "domain/lineage.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/svc.h"
#include "store/lineage.h"

const struct err ERR_OLDER = { KIND_UNAVAILABLE, "database-older",
	"The database is older than what was seen of it: nothing is issued "
	"until an operator has run latchkey recover." };
static const struct err ERR_UNNOTED = { KIND_UNAVAILABLE, "not-noted",
	"The change is made, but not noted outside the database yet; repeat "
	"the request." };

#define SETTLE_SECONDS 5
#define INTRODUCE_MS 2000
#define INTRODUCE_STEP_MS 50
#define SINCE_BYTES 64
#define ROW_FIXED_BYTES 192 /* key, two times, what stands between */

struct lineage {
	char *dir;
	const struct mac_key *key;
	struct journal *journal;
	atomic_bool older;     /* found by whoever looked last */
	atomic_bool lacks;     /* it lacks what this very node has seen */
	atomic_llong earliest; /* notBefore of what is issued */
	pthread_mutex_t lock;  /* of all below */
	pthread_cond_t moved;
	struct view_mark mark;
	bool known;              /* there is a mark */
	char since[SINCE_BYTES]; /* the first look without one */
	bool unwritable;
};

/* From the disk, if there is none yet: latchkey recover writes one. */
static void
load_mark(struct lineage *l)
{
	struct journal_mark mark;

	must(pthread_mutex_lock(&l->lock) == 0);
	if (!l->known && journal_get_mark(l->dir, l->key, &mark)) {
		l->known = true;
		l->mark.epoch = mark.epoch;
		l->mark.position = mark.position;
		memcpy(l->mark.sha256, mark.sha256, sizeof(mark.sha256));
	}
	must(pthread_mutex_unlock(&l->lock) == 0);
}

struct lineage *
lineage_new(const char *state_dir, const struct mac_key *key,
    int64_t journal_bytes, char why[JOURNAL_WHY_BYTES])
{
	struct lineage *l = mem_new(1, sizeof(*l));
	pthread_condattr_t monotonic;

	l->dir = mem_strdup(state_dir);
	l->key = key;
	must(pthread_mutex_init(&l->lock, NULL) == 0);
	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&l->moved, &monotonic) == 0);
	must(pthread_condattr_destroy(&monotonic) == 0);
	load_mark(l);
	l->journal = journal_open(state_dir, key, journal_bytes, why);
	if (l->journal != NULL)
		return l;
	lineage_free(l);
	return NULL;
}

void
lineage_free(struct lineage *l)
{
	if (l == NULL)
		return;
	journal_free(l->journal);
	must(pthread_cond_destroy(&l->moved) == 0);
	must(pthread_mutex_destroy(&l->lock) == 0);
	mem_free(l->dir);
	mem_free(l);
}

/* ------------------------------------------------------------ judgement */

/* Why this is not the database that this node has seen, or NULL. */
static const char *
own_objection(const struct lineage_answer *a, const struct view_mark *mark)
{
	if (mark == NULL)
		return a->fresh || a->vouched
			   ? NULL
			   : "no high-water mark survives here, and no other "
			     "node vouches for it";
	/* An operator has begun a new epoch above all that was seen. */
	if (a->head.epoch > mark->epoch)
		return NULL;
	return a->head.epoch == mark->epoch && a->holds &&
		       a->head.position >= mark->position
		   ? NULL
		   : "its feed does not hold what this node has seen";
}

/* Notes what was found; a log line and a word to the others where it
 * changed. */
static ERR_FN
conclude(struct ctx *cx, const struct lineage_answer *a,
    const struct view_mark *mark)
{
	struct lineage *l = cx->svc->lineage;
	const char *why = own_objection(a, mark);

	atomic_store(&l->lacks, why != NULL);
	if (why == NULL && a->doubted)
		why = "somebody has seen more than it holds";
	if (atomic_exchange(&l->older, why != NULL) != (why != NULL))
		LOG(NULL, why == NULL ? "feed.whole" : "feed.older",
		    LOG_S("reason", why == NULL ? "" : why),
		    LOG_I("epoch", a->head.epoch),
		    LOG_I("position", a->head.position),
		    LOG_I("seen_epoch", mark == NULL ? 0 : mark->epoch),
		    LOG_I("seen_position", mark == NULL ? 0 : mark->position));
	return why == NULL ? NULL : fail(cx, &ERR_OLDER, "database: %s", why);
}

/* A copy of the mark; NULL if there is none. */
static const struct view_mark *
copy_mark(struct lineage *l, struct view_mark *out, char since[SINCE_BYTES])
{
	bool known;

	must(pthread_mutex_lock(&l->lock) == 0);
	*out = l->mark;
	known = l->known;
	memcpy(since, l->since, SINCE_BYTES);
	must(pthread_mutex_unlock(&l->lock) == 0);
	return known ? out : NULL;
}

/* Its own memory holds what the disk does not take; that is said once. */
static void
note_disk(struct lineage *l, bool ok)
{
	if (l->unwritable == ok)
		LOG(NULL, ok ? "journal.back" : "journal.unwritable",
		    LOG_S("reason", ok ? "" : strerrordesc_np(errno)));
	l->unwritable = !ok;
}

/* Onwards, never back; noted says whether the journal has what is before. */
static void
move(struct lineage *l, const struct view_mark *to, bool noted)
{
	struct journal_mark mark = { .epoch = to->epoch,
		.position = to->position };

	memcpy(mark.sha256, to->sha256, sizeof(mark.sha256));
	must(pthread_mutex_lock(&l->lock) == 0);
	if (!l->known || to->epoch > l->mark.epoch ||
	    (to->epoch == l->mark.epoch && to->position >= l->mark.position)) {
		note_disk(l, noted && journal_sync(l->journal) &&
				 journal_put_mark(l->dir, l->key, &mark));
		l->mark = *to;
		l->known = true;
		must(pthread_cond_broadcast(&l->moved) == 0);
	}
	must(pthread_mutex_unlock(&l->lock) == 0);
}

const struct err *
lineage_judge(struct ctx *cx)
{
	struct lineage *l = cx->svc->lineage;
	char since[SINCE_BYTES];
	struct view_mark copy;
	const struct view_mark *mark = copy_mark(l, &copy, since);
	struct lineage_ask ask = { cx->svc->node_name, mark,
		*since == '\0' ? NULL : since };
	struct lineage_answer a;
	const struct err *e = lineage_read(cx, &ask, &a);

	if (e != NULL)
		return e;
	if (mark == NULL && *since == '\0') {
		must(pthread_mutex_lock(&l->lock) == 0);
		(void)snprintf(l->since, SINCE_BYTES, "%s", a.now);
		must(pthread_mutex_unlock(&l->lock) == 0);
	}
	atomic_store(&l->earliest, a.window_to == 0 ? 0 : a.window_to + 1);
	e = conclude(cx, &a, mark);
	/* At once: others may add to the feed before it is followed. */
	if (e == NULL && mark == NULL)
		move(l, &a.head, true);
	return e;
}

/* What survived here is told to the others; without it, they are asked. */
static ERR_FN
tell_others(struct ctx *cx)
{
	struct lineage *l = cx->svc->lineage;
	char since[SINCE_BYTES];
	struct view_mark copy;
	const struct view_mark *mark = copy_mark(l, &copy, since);

	if (mark == NULL)
		return lineage_call(cx);
	return atomic_load(&l->lacks)
		   ? lineage_doubt(cx, cx->svc->node_name, mark)
		   : NULL;
}

static const struct err *
opened(struct ctx *cx)
{
	return lineage_judge(cx);
}

static const struct err *
used(struct ctx *cx)
{
	return atomic_load(&cx->svc->lineage->older)
		   ? fail(cx, &ERR_OLDER, "database: it is older")
		   : NULL;
}

void
lineage_guard(void)
{
	static const struct db_guard guard = { lineage_stmts, opened, used };

	db_set_guard(&guard);
}

void
lineage_introduce(struct ctx *cx)
{
	const struct timespec step = { 0, INTRODUCE_STEP_MS * 1000000L };
	struct lineage *l = cx->svc->lineage;
	int ms;

	for (ms = 0; ms < INTRODUCE_MS; ms += INTRODUCE_STEP_MS) {
		const struct err *e = lineage_judge(cx);

		if (e != &ERR_OLDER || l->known || lineage_call(cx) != NULL)
			return;
		(void)nanosleep(&step, NULL);
	}
}

/* -------------------------------------------------------------- keeping */

static ERR_FN
keep_entries(struct ctx *cx, struct view_mark *at, const struct view_mark *head)
{
	struct lineage *l = cx->svc->lineage;
	const struct err *e;
	const char **rows;
	size_t i, n;

	do {
		bool ok = true;

		arena_reset(cx->arena);
		e = lineage_entries(cx, at, head, &rows, &n);
		for (i = 0; e == NULL && i < n; i++)
			ok = journal_add(l->journal,
				 arena_printf(cx->arena, "F\t%s", rows[i])) &&
			     ok;
		if (e == NULL && n > 0)
			move(l, at, ok);
	} while (e == NULL && n > 0);
	return e;
}

const struct err *
lineage_follow(struct ctx *cx, struct view_mark *now)
{
	struct lineage *l = cx->svc->lineage;
	struct view_mark at = { 0 }, head;
	char since[SINCE_BYTES];
	const struct err *e;

	load_mark(l);
	e = lineage_judge(cx);
	if (e == &ERR_OLDER) {
		const struct err *untold = tell_others(cx);

		return untold != NULL ? untold : e;
	}
	if (e == NULL)
		e = view_read_head(cx, &head);
	if (e != NULL)
		return e;
	/* What was before the first look is in no journal of this node's. */
	if (copy_mark(l, &at, since) == NULL)
		at = head;
	e = keep_entries(cx, &at, &head);
	if (e != NULL)
		return e;
	/* At an epoch's start there is no entry to move to. */
	if (at.epoch != head.epoch || at.position != head.position ||
	    copy_mark(l, &at, since) == NULL)
		move(l, &head, true);
	*now = head;
	return NULL;
}

static bool
reached(const struct lineage *l, const struct view_mark *to)
{
	return l->known && (l->mark.epoch > to->epoch ||
			       (l->mark.epoch == to->epoch &&
				   l->mark.position >= to->position));
}

const struct err *
lineage_settle(struct ctx *cx)
{
	struct lineage *l = cx->svc->lineage;
	struct timespec until;
	struct view_mark head;
	const struct err *e = view_read_head(cx, &head);
	int waited = 0;
	bool ok;

	if (e != NULL)
		return e;
	clock_mono_after(SETTLE_SECONDS * INT64_C(1000000), &until);
	must(pthread_mutex_lock(&l->lock) == 0);
	while (!(ok = reached(l, &head)) && waited == 0)
		waited = pthread_cond_timedwait(&l->moved, &l->lock, &until);
	must(pthread_mutex_unlock(&l->lock) == 0);
	cx->refused_epoch = head.epoch;
	cx->refused_position = head.position;
	return ok ? NULL
		  : fail(cx, &ERR_UNNOTED,
			"the follower has not come to %" PRId64, head.position);
}

int64_t
lineage_earliest(const struct ctx *cx)
{
	return atomic_load(&cx->svc->lineage->earliest);
}

/* A row of COPY's text format.  Put together by copying: printf would cost as
 * much as the signature's hash, of each certificate. */
static const char *
issued_row(struct arena *a, const struct certificate_new *c)
{
	char time[CLOCK_TEXT_BYTES];
	char *row = arena_alloc(a, ROW_FIXED_BYTES + strlen(c->device_id) +
				       strlen(c->profile) +
				       2 * (c->serial.n + c->der.n));
	char *at = stpcpy(row, "C\t\\\\x");

	at = stpcpy(bytes_put_hex(at, c->serial), "\t");
	clock_text(c->not_before, time);
	at = stpcpy(stpcpy(at, time), "\t");
	clock_text(c->not_after, time);
	at = stpcpy(stpcpy(at, time), "\t");
	at = stpcpy(stpcpy(at, c->device_id), "\t");
	at = stpcpy(stpcpy(at, c->profile), "\t\\\\x");
	at = bytes_put_hex(at, (struct bytes){ c->key_sha256, 32 });
	(void)bytes_put_hex(stpcpy(at, "\t\\\\x"), c->der);
	return row;
}

void
lineage_issued(struct ctx *cx, const struct certificate_new *c)
{
	if (!journal_add(cx->svc->lineage->journal, issued_row(cx->arena, c)))
		LOG(cx, "journal.unwritable",
		    LOG_S("reason", strerrordesc_np(errno)));
}
