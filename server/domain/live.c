#include "domain/live.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/mem.h"

#define BUCKETS_LEAST 256
#define SLOW_DOWN_SECONDS 5
/* Clocks and networks jitter: a poll this much early is not too fast. */
#define TOLERANCE_US 200000

struct entry {
	struct entry *next;
	struct live_code code;
	int64_t last_poll_us; /* 0: never */
	bool doubted;
};

struct live {
	pthread_mutex_t lock;
	struct entry **bucket;
	size_t nbuckets, n;
};

/* A MAC is random to whoever does not hold the key: its first bytes are a
 * hash that no sender can steer. */
static size_t
slot(const struct live *l, const uint8_t mac[32])
{
	uint64_t h;

	memcpy(&h, mac, sizeof(h));
	return (size_t)(h & (l->nbuckets - 1));
}

struct live *
live_new(void)
{
	struct live *l = mem_new(1, sizeof(*l));

	must(pthread_mutex_init(&l->lock, NULL) == 0);
	l->nbuckets = BUCKETS_LEAST;
	l->bucket = mem_new(l->nbuckets, sizeof(struct entry *));
	return l;
}

void
live_free(struct live *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->nbuckets; i++) {
		while (l->bucket[i] != NULL) {
			struct entry *e = l->bucket[i];

			l->bucket[i] = e->next;
			mem_free(e);
		}
	}
	mem_free(l->bucket);
	pthread_mutex_destroy(&l->lock);
	mem_free(l);
}

static struct entry **
find(struct live *l, const uint8_t mac[32])
{
	struct entry **e = &l->bucket[slot(l, mac)];

	while (*e != NULL && !bytes_eq((struct bytes){ (*e)->code.mac, 32 },
				 (struct bytes){ mac, 32 }))
		e = &(*e)->next;
	return e;
}

/* Doubles the table and drops what has expired on the way. */
static void
grow(struct live *l, int64_t now)
{
	struct entry **old = l->bucket;
	size_t i, n = l->nbuckets;

	l->nbuckets *= 2;
	l->bucket = mem_new(l->nbuckets, sizeof(struct entry *));
	l->n = 0;
	for (i = 0; i < n; i++) {
		while (old[i] != NULL) {
			struct entry *e = old[i], **to;

			old[i] = e->next;
			if (e->code.expires_at <= now) {
				mem_free(e);
				continue;
			}
			to = &l->bucket[slot(l, e->code.mac)];
			e->next = *to;
			*to = e;
			l->n++;
		}
	}
	mem_free(old);
}

void
live_put(struct live *l, const struct live_code *code, int64_t now)
{
	struct entry **at;

	pthread_mutex_lock(&l->lock);
	at = find(l, code->mac);
	if (*at == NULL) {
		*at = mem_new(1, sizeof(**at));
		(*at)->code = *code;
		l->n++;
		if (l->n > l->nbuckets)
			grow(l, now);
	} else {
		(*at)->doubted = false;
	}
	pthread_mutex_unlock(&l->lock);
}

static enum live_answer
answer(struct entry *e, const uint8_t holder[32], int64_t now, int64_t mono_us)
{
	bool fast;

	if (e->doubted || e->code.expires_at <= now ||
	    !bytes_eq((struct bytes){ e->code.holder, 32 },
		(struct bytes){ holder, 32 }))
		return LIVE_ASK;
	fast = e->last_poll_us != 0 &&
	       mono_us - e->last_poll_us <
		   e->code.interval * 1000000 - TOLERANCE_US;
	e->last_poll_us = mono_us;
	if (!fast)
		return LIVE_PENDING;
	e->code.interval += SLOW_DOWN_SECONDS;
	return LIVE_SLOW_DOWN;
}

enum live_answer
live_poll(struct live *l, const uint8_t mac[32], const uint8_t holder[32],
    int64_t now, int64_t mono_us)
{
	enum live_answer a = LIVE_ASK;
	struct entry **at, *e;

	pthread_mutex_lock(&l->lock);
	at = find(l, mac);
	e = *at;
	if (e != NULL && e->code.expires_at <= now) {
		*at = e->next;
		mem_free(e);
		l->n--;
	} else if (e != NULL) {
		a = answer(e, holder, now, mono_us);
	}
	pthread_mutex_unlock(&l->lock);
	return a;
}

static void
doubt(struct live *l, const char *approval_id)
{
	struct entry *e;
	size_t i;

	pthread_mutex_lock(&l->lock);
	for (i = 0; i < l->nbuckets; i++)
		for (e = l->bucket[i]; e != NULL; e = e->next)
			if (approval_id == NULL ||
			    strcmp(e->code.approval_id, approval_id) == 0)
				e->doubted = true;
	pthread_mutex_unlock(&l->lock);
}

void
live_decided(struct live *l, const char *approval_id)
{
	doubt(l, approval_id);
}

void
live_doubt_all(struct live *l)
{
	doubt(l, NULL);
}

size_t
live_count(struct live *l)
{
	size_t n;

	pthread_mutex_lock(&l->lock);
	n = l->n;
	pthread_mutex_unlock(&l->lock);
	return n;
}
