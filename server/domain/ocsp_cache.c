#include "domain/ocsp_cache.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

/* Threads that answer have read the clock at different times. */
#define CLOCK_SLACK 60

/* In two chains: of its serial, and of its device if it has one. */
struct entry {
	struct entry *next, *near;
	int64_t this_update, next_update;
	uint8_t serial[OCSP_ID_BYTES], device[OCSP_ID_BYTES];
	uint8_t tag[OCSP_TAG_BYTES];
	uint16_t id_n, der_n;
	uint8_t data[]; /* the CertID, then the answer */
};

struct ocsp_cache {
	pthread_mutex_t lock; /* of all below */
	struct entry **by_serial, **by_device;
	size_t buckets, n, most;
	size_t hand; /* the bucket that is emptied next when all is full */
	uint64_t seed;
	uint64_t changes;
	bool followed;
};

struct ocsp_cache *
ocsp_cache_new(size_t most)
{
	struct ocsp_cache *c = mem_new(1, sizeof(*c));

	must(pthread_mutex_init(&c->lock, NULL) == 0);
	for (c->buckets = 256; c->buckets < most; c->buckets *= 2)
		continue;
	c->most = most;
	rng_bytes(&c->seed, sizeof(c->seed));
	c->by_serial = mem_new(c->buckets, sizeof(struct entry *));
	c->by_device = mem_new(c->buckets, sizeof(struct entry *));
	return c;
}

/* Spreads all bits of v over all of the result (MurmurHash3's finalizer). */
static uint64_t
mix(uint64_t v)
{
	v ^= v >> 33;
	v *= UINT64_C(0xff51afd7ed558ccd);
	v ^= v >> 33;
	v *= UINT64_C(0xc4ceb9fe1a85ec53);
	return v ^ v >> 33;
}

/* Serials and device ids need not be random for this. */
static struct entry **
bucket(const struct ocsp_cache *c, struct entry **of,
    const uint8_t id[OCSP_ID_BYTES])
{
	uint64_t v[2];

	_Static_assert(sizeof(v) == OCSP_ID_BYTES, "two words");
	memcpy(v, id, sizeof(v));
	return &of[mix(v[0] ^ mix(v[1] ^ c->seed)) & (c->buckets - 1)];
}

static bool
same(const uint8_t a[OCSP_ID_BYTES], const uint8_t b[OCSP_ID_BYTES])
{
	return bytes_eq((struct bytes){ a, OCSP_ID_BYTES },
	    (struct bytes){ b, OCSP_ID_BYTES });
}

static bool
has_device(const struct entry *e)
{
	static const uint8_t none[OCSP_ID_BYTES];

	return !same(e->device, none);
}

/* Takes *at out of the chains it is in, and frees it. */
static void
drop(struct ocsp_cache *c, struct entry **at)
{
	struct entry *e = *at;
	struct entry **near = bucket(c, c->by_device, e->device);

	*at = e->next;
	while (has_device(e) && *near != e)
		near = &(*near)->near;
	if (has_device(e))
		*near = e->near;
	mem_free(e);
	c->n--;
}

static void
drop_all(struct ocsp_cache *c)
{
	size_t i;

	for (i = 0; i < c->buckets && c->n > 0; i++)
		while (c->by_serial[i] != NULL)
			drop(c, &c->by_serial[i]);
}

void
ocsp_cache_free(struct ocsp_cache *c)
{
	if (c == NULL)
		return;
	drop_all(c);
	mem_free(c->by_serial);
	mem_free(c->by_device);
	must(pthread_mutex_destroy(&c->lock) == 0);
	mem_free(c);
}

static struct entry **
find(struct ocsp_cache *c, const struct ocsp_kept *k)
{
	struct entry **at = bucket(c, c->by_serial, k->serial);

	while (
	    *at != NULL &&
	    !bytes_eq((struct bytes){ (*at)->data, (*at)->id_n }, k->cert_id))
		at = &(*at)->next;
	return at;
}

static void
copy_out(const struct entry *e, struct arena *a, struct ocsp_kept *out)
{
	out->this_update = e->this_update;
	out->next_update = e->next_update;
	memcpy(out->tag, e->tag, sizeof(out->tag));
	out->der = bytes_dup(a, (struct bytes){ e->data + e->id_n, e->der_n });
}

bool
ocsp_cache_get(struct ocsp_cache *c, const struct ocsp_kept *asked, int64_t now,
    struct arena *a, struct ocsp_kept *out)
{
	struct entry **at;

	out->der = BYTES_NONE;
	must(pthread_mutex_lock(&c->lock) == 0);
	at = find(c, asked);
	/* From the future: the clock was set back, and the answer would be
	 * good for longer than it may (R10). */
	if (*at != NULL && ((*at)->next_update <= now ||
			       (*at)->this_update > now + CLOCK_SLACK))
		drop(c, at);
	else if (*at != NULL)
		copy_out(*at, a, out);
	must(pthread_mutex_unlock(&c->lock) == 0);
	return out->der.n > 0;
}

uint64_t
ocsp_cache_mark(struct ocsp_cache *c)
{
	uint64_t mark;

	must(pthread_mutex_lock(&c->lock) == 0);
	mark = c->changes;
	must(pthread_mutex_unlock(&c->lock) == 0);
	return mark;
}

/* Empties buckets, one after the other, until there is room. */
static void
make_room(struct ocsp_cache *c)
{
	while (c->n >= c->most) {
		while (c->by_serial[c->hand] != NULL)
			drop(c, &c->by_serial[c->hand]);
		c->hand = (c->hand + 1) & (c->buckets - 1);
	}
}

static struct entry *
entry_new(const struct ocsp_kept *k)
{
	struct entry *e = mem_raw(sizeof(*e) + k->cert_id.n + k->der.n);

	must(k->cert_id.n <= UINT16_MAX && k->der.n <= UINT16_MAX);
	memset(e, 0, sizeof(*e));
	e->this_update = k->this_update;
	e->next_update = k->next_update;
	memcpy(e->tag, k->tag, sizeof(e->tag));
	memcpy(e->serial, k->serial, sizeof(e->serial));
	memcpy(e->device, k->device, sizeof(e->device));
	e->id_n = (uint16_t)k->cert_id.n;
	e->der_n = (uint16_t)k->der.n;
	memcpy(e->data, k->cert_id.p, k->cert_id.n);
	memcpy(e->data + k->cert_id.n, k->der.p, k->der.n);
	return e;
}

static void
add(struct ocsp_cache *c, const struct ocsp_kept *k)
{
	struct entry *e = entry_new(k);
	struct entry **at = bucket(c, c->by_serial, e->serial);
	struct entry **near = bucket(c, c->by_device, e->device);

	e->next = *at;
	*at = e;
	if (has_device(e)) {
		e->near = *near;
		*near = e;
	}
	c->n++;
}

void
ocsp_cache_put(struct ocsp_cache *c, const struct ocsp_kept *k, uint64_t mark)
{
	struct entry **at;

	must(pthread_mutex_lock(&c->lock) == 0);
	if (c->followed && c->changes == mark) {
		at = find(c, k);
		if (*at != NULL)
			drop(c, at);
		make_room(c);
		add(c, k);
	}
	must(pthread_mutex_unlock(&c->lock) == 0);
}

void
ocsp_cache_drop_serial(
    struct ocsp_cache *c, const uint8_t serial[OCSP_ID_BYTES])
{
	struct entry **at;

	must(pthread_mutex_lock(&c->lock) == 0);
	c->changes++;
	at = bucket(c, c->by_serial, serial);
	while (*at != NULL)
		if (same((*at)->serial, serial))
			drop(c, at);
		else
			at = &(*at)->next;
	must(pthread_mutex_unlock(&c->lock) == 0);
}

/* The link that leads to e in the chain of its serial. */
static struct entry **
link_of(struct ocsp_cache *c, const struct entry *e)
{
	struct entry **at = bucket(c, c->by_serial, e->serial);

	while (*at != e)
		at = &(*at)->next;
	return at;
}

void
ocsp_cache_drop_device(
    struct ocsp_cache *c, const uint8_t device[OCSP_ID_BYTES])
{
	struct entry *e, *near;

	must(pthread_mutex_lock(&c->lock) == 0);
	c->changes++;
	for (e = *bucket(c, c->by_device, device); e != NULL; e = near) {
		near = e->near;
		if (same(e->device, device))
			drop(c, link_of(c, e));
	}
	must(pthread_mutex_unlock(&c->lock) == 0);
}

void
ocsp_cache_follow(struct ocsp_cache *c, bool followed)
{
	must(pthread_mutex_lock(&c->lock) == 0);
	c->changes++;
	c->followed = followed;
	drop_all(c);
	must(pthread_mutex_unlock(&c->lock) == 0);
}
