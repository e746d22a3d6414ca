#include "domain/crl_publish.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/revoked.h"
#include "domain/svc.h"
#include "pki/digest.h"
#include "pki/reason.h"
#include "pki/signers.h"
#include "store/listen.h"
#include "store/status.h"
#include "store/view.h"

const struct err ERR_CRL_NOT_READY = { KIND_UNAVAILABLE, "crl-not-ready",
	"The list is being made; try again soon." };

#define CHANNEL "latchkey_feed"
#define ASK_EVERY_MS 5000
#define RETRY_MS 1000
#define RENEW_PART 4 /* of the lifetime: then a new one is made */
#define ARENA_BYTES (16 * (size_t)MIB) /* a page of what is revoked */
#define TAG_BYTES 8

/* One signed list, which lives until nobody sends it any more. */
struct made {
	atomic_uint refs;
	struct bytes der;
	int64_t this_update, next_update;
	uint8_t tag[TAG_BYTES];
};

/* One CA. */
struct place {
	struct made *now; /* under the lock */
	struct revoked *revoked;
	uint64_t number;
	int64_t renew_at;
};

struct crl_publish {
	pthread_t thread;
	const struct svc *svc;
	struct db *db;
	int wake_fd;
	pthread_mutex_t lock;
	struct place place[SIGNERS_MAX];
	size_t n;
	struct view_mark mark; /* how far the feed was read */
};

static const struct stmt *const *const STATEMENTS[] = { status_stmts,
	view_stmts, NULL };

static void
drop(void *p)
{
	struct made *m = p;

	if (m == NULL || atomic_fetch_sub(&m->refs, 1) > 1)
		return;
	mem_free((void *)(uintptr_t)m->der.p);
	mem_free(m);
}

static void
swap(struct crl_publish *p, struct place *at, struct made *m)
{
	struct made *old;

	must(pthread_mutex_lock(&p->lock) == 0);
	old = at->now;
	at->now = m;
	must(pthread_mutex_unlock(&p->lock) == 0);
	drop(old);
}

/* Numbers grow from one list to the next (section 5.2.3), also where another
 * node or the process before made the last one. */
static uint64_t
next_number(struct place *at, int64_t now)
{
	uint64_t n = (uint64_t)now << 20;

	at->number = n > at->number ? n : at->number + 1;
	return at->number;
}

static void
make(struct crl_publish *p, size_t i, int64_t now)
{
	const int64_t lifetime = p->svc->set.crl_lifetime;
	struct place *at = &p->place[i];
	struct crl_spec spec = { .this_update = now,
		.next_update = now + lifetime,
		.number = next_number(at, now) };
	struct made *m = mem_new(1, sizeof(*m));
	int64_t began = clock_mono_us();
	uint8_t sha256[SHA256_BYTES];

	spec.v = revoked_all(at->revoked, &spec.n);
	atomic_init(&m->refs, 1);
	m->der = crl_sign(signers_at(p->svc->signers, i), &spec);
	m->this_update = spec.this_update;
	m->next_update = spec.next_update;
	digest_sha256(m->der, sha256);
	memcpy(m->tag, sha256, sizeof(m->tag));
	at->renew_at = now + lifetime / RENEW_PART;
	swap(p, at, m);
	LOG(NULL, "crl.made", LOG_I("issuer", (int64_t)i),
	    LOG_I("entries", (int64_t)spec.n),
	    LOG_I("us", clock_mono_us() - began));
}

/* Notes one for its CA; one whose issuer is not known, for all of them, since
 * serial numbers are never given out twice. */
static void
note(struct crl_publish *p, const struct status_revoked *r)
{
	struct crl_revoked one = { .revoked_at = r->revoked_at,
		.not_after = r->not_after,
		.reason = reason_number(r->reason) };
	int issuer = -1;
	size_t i;

	if (!view_id_of_serial(r->serial, one.serial))
		return;
	if (r->head.n > 0) {
		issuer = crl_issuer_of(p->svc->signers, r->head);
		/* A CA that is no longer on this node. */
		if (issuer < 0)
			return;
	}
	for (i = 0; i < p->n; i++)
		if (issuer < 0 || (size_t)issuer == i)
			revoked_add(p->place[i].revoked, &one);
}

/* Until when an entry has to be listed: on one list more than the one during
 * which its certificate expired (section 3.3). */
static int64_t
expired_before(const struct crl_publish *p, int64_t now)
{
	return now - p->svc->set.crl_lifetime;
}

/* Reads what came after the mark.  A feed that is not the one which was read
 * so far (a database was restored) is read from its start, on top of what is
 * known: what was refused once stays refused (SECURITY.md R6). */
static ERR_FN
read_feed(struct crl_publish *p, struct ctx *cx)
{
	struct status_page page = {
		.expired_before = expired_before(p, cx->now), .more = true
	};
	struct view_mark head;
	const struct err *e = view_read_head(cx, &head);
	bool holds = true;
	size_t i;

	if (e == NULL && p->mark.position > 0)
		e = view_mark_holds(cx, &p->mark, &holds);
	if (!holds)
		p->mark = (struct view_mark){ .epoch = 0 };
	while (e == NULL && page.more) {
		e = status_read_revoked(cx, &p->mark, &head, &page);
		for (i = 0; e == NULL && i < page.n; i++)
			note(p, &page.v[i]);
		arena_reset(cx->arena);
	}
	if (e == NULL)
		p->mark = head;
	return e;
}

/* Makes the lists that changed or are due. */
static ERR_FN
publish(struct crl_publish *p, struct ctx *cx)
{
	const struct err *e;
	size_t i;

	cx->now = clock_now();
	e = read_feed(p, cx);
	for (i = 0; e == NULL && i < p->n; i++) {
		struct place *at = &p->place[i];
		bool changed =
		    revoked_settle(at->revoked, expired_before(p, cx->now));

		if (changed || at->now == NULL || cx->now >= at->renew_at)
			make(p, i, cx->now);
	}
	return e;
}

/* One connection's life: until it is lost or we are to stop (false). */
static bool
publish_connection(struct crl_publish *p, struct ctx *cx)
{
	if (!listen_start(cx, CHANNEL))
		return listen_wait(cx, p->wake_fd, RETRY_MS, NULL, NULL) !=
		       LISTEN_WOKEN;
	for (;;) {
		enum listen_outcome r;

		if (publish(p, cx) != NULL)
			return listen_wait(cx, p->wake_fd, RETRY_MS, NULL,
				   NULL) != LISTEN_WOKEN;
		r = listen_wait(cx, p->wake_fd, ASK_EVERY_MS, NULL, NULL);
		if (r == LISTEN_WOKEN)
			return false;
		if (r == LISTEN_LOST)
			return true;
	}
}

static void *
run(void *arg)
{
	struct crl_publish *p = arg;
	AUTO_STRUCT(arena) *arena = arena_new(ARENA_BYTES);
	struct ctx cx = {
		.arena = arena, .db = p->db, .svc = p->svc, .rid = "crl"
	};

	/* On Linux a thread has a priority of its own. */
	(void)setpriority(PRIO_PROCESS, 0, 19);
	while (publish_connection(p, &cx))
		arena_reset(arena);
	return NULL;
}

struct crl_publish *
crl_publish_start(const struct svc *svc, const char *conninfo)
{
	struct crl_publish *p = mem_new(1, sizeof(*p));

	p->svc = svc;
	while (signers_at(svc->signers, p->n) != NULL)
		p->place[p->n++].revoked = revoked_new();
	must(pthread_mutex_init(&p->lock, NULL) == 0);
	p->db = db_new(conninfo, STATEMENTS);
	p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(p->wake_fd >= 0);
	must(pthread_create(&p->thread, NULL, run, p) == 0);
	return p;
}

void
crl_publish_stop(struct crl_publish *p)
{
	uint64_t one = 1;
	size_t i;

	if (p == NULL)
		return;
	must(write(p->wake_fd, &one, sizeof(one)) == sizeof(one));
	must(pthread_join(p->thread, NULL) == 0);
	for (i = 0; i < p->n; i++) {
		drop(p->place[i].now);
		revoked_free(p->place[i].revoked);
	}
	db_free(p->db);
	(void)close(p->wake_fd);
	must(pthread_mutex_destroy(&p->lock) == 0);
	mem_free(p);
}

static struct made *
take(struct crl_publish *p, size_t i)
{
	struct made *m;

	must(pthread_mutex_lock(&p->lock) == 0);
	m = p->place[i].now;
	if (m != NULL)
		atomic_fetch_add(&m->refs, 1);
	must(pthread_mutex_unlock(&p->lock) == 0);
	return m;
}

const struct err *
crl_publish_get(struct ctx *cx, const char *issuer, struct crl_list *out)
{
	const struct signer *ca = signers_get(cx->svc->signers, issuer);
	struct made *m;
	size_t i = 0;

	if (ca == NULL)
		return fail(cx, &ERR_NOT_FOUND, "no CA of that name");
	while (signers_at(cx->svc->signers, i) != ca)
		i++;
	m = take(cx->svc->crl_publish, i);
	if (m == NULL)
		return fail(cx, &ERR_CRL_NOT_READY, "crl: none made yet");
	arena_own(cx->arena, drop, m);
	if (m->next_update <= cx->now)
		return fail(cx, &ERR_CRL_NOT_READY, "crl: past nextUpdate");
	out->der = m->der;
	out->this_update = m->this_update;
	out->next_update = m->next_update;
	out->etag = arena_printf(
	    cx->arena, "\"%s\"", bytes_hex(cx->arena, BYTES_OF(m->tag)));
	return NULL;
}
