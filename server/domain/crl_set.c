#include "domain/crl_set.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/gzip.h"
#include "domain/revoked.h"
#include "pki/digest.h"

#define DAY INT64_C(86400)
#define RENEW_PART 4 /* of the lifetime: then new ones are made */
/* Of lists by day: from those of certificates that expired within the longest
 * lifetime of lists, to those that may be issued before the next renewal. */
#define DAYS 512
#define DAYS_AHEAD 402
/* Before a base was made: what another node may have listed later. */
#define BASE_MARGIN 3600

struct part {
	struct crl_made *now; /* under the lock */
	int64_t day;
	bool changed;
};

/* A complete list that deltas may start from. */
struct base {
	uint64_t number;
	int64_t at;
};

struct crl_set {
	const struct signer *ca;
	int64_t lifetime, renew_at;
	const char *url;
	struct revoked *revoked;
	uint64_t number; /* of the last lists */
	struct base older, newer;
	pthread_mutex_t lock;
	struct crl_made *complete, *delta; /* under the lock */
	struct part part[DAYS];            /* by day modulo DAYS */
	bool all_changed;                  /* of them */
};

struct crl_set *
crl_set_new(const struct signer *ca, int64_t lifetime, const char *url)
{
	struct crl_set *l = mem_new(1, sizeof(*l));

	l->ca = ca;
	l->lifetime = lifetime;
	l->url = url;
	l->revoked = revoked_new();
	must(pthread_mutex_init(&l->lock, NULL) == 0);
	return l;
}

void
crl_made_drop(void *made)
{
	struct crl_made *m = made;

	if (m == NULL || atomic_fetch_sub(&m->refs, 1) > 1)
		return;
	mem_free((void *)(uintptr_t)m->der.p);
	mem_free((void *)(uintptr_t)m->gz.p);
	mem_free(m);
}

void
crl_set_free(struct crl_set *l)
{
	size_t i;

	if (l == NULL)
		return;
	crl_made_drop(l->complete);
	crl_made_drop(l->delta);
	for (i = 0; i < DAYS; i++)
		crl_made_drop(l->part[i].now);
	revoked_free(l->revoked);
	must(pthread_mutex_destroy(&l->lock) == 0);
	mem_free(l);
}

static struct part *
part_of(struct crl_set *l, int64_t day)
{
	return &l->part[(uint64_t)day % DAYS];
}

void
crl_set_note(struct crl_set *l, const struct crl_revoked *one)
{
	struct crl_revoked noted = *one;

	noted.after = l->number;
	revoked_add(l->revoked, &noted);
	if (one->not_after == CRL_NO_END)
		l->all_changed = true;
	else
		part_of(l, one->not_after / DAY)->changed = true;
}

/* Puts a new list in the place of the old one. */
static void
swap(struct crl_set *l, struct crl_made **at, const struct crl_spec *spec)
{
	struct crl_made *m = mem_new(1, sizeof(*m)), *old;
	uint8_t sha256[SHA256_BYTES];

	atomic_init(&m->refs, 1);
	m->der = crl_sign(l->ca, spec);
	m->gz = gzip(m->der);
	m->this_update = spec->this_update;
	m->next_update = spec->next_update;
	digest_sha256(m->der, sha256);
	memcpy(m->tag, sha256, sizeof(m->tag));
	must(pthread_mutex_lock(&l->lock) == 0);
	old = *at;
	*at = m;
	must(pthread_mutex_unlock(&l->lock) == 0);
	crl_made_drop(old);
}

static const char *
url_of(const struct crl_set *l, const char *file, char out[LIMIT_URL + 1])
{
	if (l->url == NULL)
		return NULL;
	must(snprintf(out, LIMIT_URL + 1, "%s/%s.crl", l->url, file) <=
	     LIMIT_URL);
	return out;
}

static void
make_complete(struct crl_set *l, struct crl_spec spec)
{
	char url[LIMIT_URL + 1];

	spec.freshest = url_of(l, "delta", url);
	swap(l, &l->complete, &spec);
}

/* Every complete list that is still good is the base or younger (section
 * 5.2.4): so the base is what was the last one a lifetime ago. */
static void
move_base(struct crl_set *l, int64_t now)
{
	struct base this = { l->number, now };

	if (l->newer.number == 0)
		l->older = l->newer = this;
	if (now - l->newer.at < l->lifetime)
		return;
	l->older = l->newer;
	l->newer = this;
}

/* What the base, or a list of that time by another node, may not have. */
static void
make_delta(struct crl_set *l, struct crl_spec spec)
{
	struct crl_revoked *v = mem_raw((spec.n + 1) * sizeof(*v));
	size_t i, n = 0;

	for (i = 0; i < spec.n; i++)
		if (spec.v[i].after >= l->older.number ||
		    spec.v[i].revoked_at >= l->older.at - BASE_MARGIN)
			v[n++] = spec.v[i];
	spec.v = v;
	spec.n = n;
	spec.base = l->older.number;
	swap(l, &l->delta, &spec);
	mem_free(v);
}

/* Dates as in "2026-11-28". */
static void
make_part(struct crl_set *l, struct crl_spec spec, int64_t day)
{
	struct part *p = part_of(l, day);
	char url[LIMIT_URL + 1], text[CLOCK_TEXT_BYTES];

	clock_text(day * DAY, text);
	text[strlen("2026-11-28")] = '\0';
	spec.point = url_of(l, text, url);
	swap(l, &p->now, &spec);
	p->day = day;
	p->changed = false;
}

/* Which days have lists, from first on; and the entries sorted by them. */
struct days {
	int64_t first, last;
	size_t begin[DAYS + 1]; /* of the first day, and so on */
	struct crl_revoked *v;
};

struct span {
	int64_t from, to; /* days since the first, to excluded */
};

/* On which lists it stands: one that is not known here may be of any day. */
static struct span
days_of(const struct days *d, const struct crl_revoked *r)
{
	int64_t day = r->not_after / DAY;

	if (r->not_after == CRL_NO_END)
		return (struct span){ 0, d->last - d->first + 1 };
	if (day < d->first || day > d->last)
		return (struct span){ 0, 0 };
	return (struct span){ day - d->first, day - d->first + 1 };
}

/* Counts, then sorts; each day keeps the order of serial numbers. */
static void
sort_by_day(struct days *d, const struct crl_spec *all)
{
	size_t next[DAYS + 1], i;
	struct span s;

	for (i = 0; i < all->n; i++)
		for (s = days_of(d, &all->v[i]); s.from < s.to; s.from++)
			d->begin[s.from + 1]++;
	for (i = 0; i < DAYS; i++)
		d->begin[i + 1] += d->begin[i];
	memcpy(next, d->begin, sizeof(next));
	d->v = mem_raw((d->begin[DAYS] + 1) * sizeof(*d->v));
	for (i = 0; i < all->n; i++)
		for (s = days_of(d, &all->v[i]); s.from < s.to; s.from++)
			d->v[next[s.from]++] = all->v[i];
}

static void
make_parts(struct crl_set *l, struct crl_spec spec, bool due)
{
	struct days d = { .first = (spec.this_update - l->lifetime) / DAY,
		.last = spec.this_update / DAY + DAYS_AHEAD };
	int64_t day;

	must(d.last - d.first < DAYS);
	sort_by_day(&d, &spec);
	for (day = d.first; day <= d.last; day++) {
		const struct part *p = part_of(l, day);
		const size_t *begin = &d.begin[day - d.first];

		spec.v = d.v + begin[0];
		spec.n = begin[1] - begin[0];
		if (due || l->all_changed || p->changed || p->day != day)
			make_part(l, spec, day);
	}
	l->all_changed = false;
	mem_free(d.v);
}

/* Numbers grow from one list to the next (section 5.2.3), also where another
 * node or the process before made the last one. */
static uint64_t
next_number(const struct crl_set *l, int64_t now)
{
	uint64_t n = (uint64_t)now << 20;

	return n > l->number ? n : l->number + 1;
}

int64_t
crl_set_make(struct crl_set *l, int64_t now)
{
	struct crl_spec spec = { .this_update = now,
		.next_update = now + l->lifetime };
	int64_t renew_after = l->lifetime / RENEW_PART;
	/* From the future where the clock was set back: nobody takes it. */
	bool due = now >= l->renew_at || now < l->renew_at - renew_after;

	/* An entry has to be listed once more after its certificate expired
	 * (section 3.3). */
	if (!revoked_settle(l->revoked, now - l->lifetime) && !due)
		return -1;
	spec.number = l->number = next_number(l, now);
	spec.v = revoked_all(l->revoked, &spec.n);
	move_base(l, now);
	if (l->url != NULL) {
		make_delta(l, spec);
		make_parts(l, spec, due);
	}
	make_complete(l, spec);
	if (due)
		l->renew_at = now + renew_after;
	return (int64_t)spec.n;
}

struct crl_made *
crl_set_get1(struct crl_set *l, enum crl_kind kind, int64_t day)
{
	const struct part *p = part_of(l, day);
	struct crl_made *m;

	must(pthread_mutex_lock(&l->lock) == 0);
	m = kind == CRL_COMPLETE ? l->complete
	    : kind == CRL_DELTA  ? l->delta
	    : p->day == day      ? p->now
				 : NULL;
	if (m != NULL)
		atomic_fetch_add(&m->refs, 1);
	must(pthread_mutex_unlock(&l->lock) == 0);
	return m;
}
