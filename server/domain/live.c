#include "domain/live.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/mem.h"

#define BUCKETS_LEAST 256
#define SLOW_DOWN_SECONDS 5
/* Clocks and networks jitter: a poll this much early is not too fast. */
#define TOLERANCE_US 200000

/* Each entry stands in both tables. */
enum table { BY_CODE, BY_APPROVAL, TABLES };

struct entry {
	struct entry *next[TABLES];
	struct live_code code;
	int64_t last_poll_us; /* 0: never */
	bool doubted;
};

struct live {
	pthread_mutex_t lock;
	struct entry **bucket[TABLES];
	size_t nbuckets, n;
};

/* A MAC is random to whoever does not hold the key: its first bytes are a
 * hash that no sender can steer. */
static struct entry **
code_bucket(const struct live *l, const uint8_t mac[32])
{
	uint64_t h;

	memcpy(&h, mac, sizeof(h));
	return &l->bucket[BY_CODE][h & (l->nbuckets - 1)];
}

/* Approvals have ids of our making: FNV-1a will do. */
static struct entry **
approval_bucket(const struct live *l, const char *id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *id != '\0'; id++)
		h = (h ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
	return &l->bucket[BY_APPROVAL][h & (l->nbuckets - 1)];
}

static void
make_buckets(struct live *l, size_t n)
{
	size_t t;

	l->nbuckets = n;
	for (t = 0; t < TABLES; t++)
		l->bucket[t] = mem_new(n, sizeof(struct entry *));
}

struct live *
live_new(void)
{
	struct live *l = mem_new(1, sizeof(*l));

	must(pthread_mutex_init(&l->lock, NULL) == 0);
	make_buckets(l, BUCKETS_LEAST);
	return l;
}

void
live_free(struct live *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->nbuckets; i++) {
		while (l->bucket[BY_CODE][i] != NULL) {
			struct entry *e = l->bucket[BY_CODE][i];

			l->bucket[BY_CODE][i] = e->next[BY_CODE];
			mem_free(e);
		}
	}
	for (i = 0; i < TABLES; i++)
		mem_free(l->bucket[i]);
	pthread_mutex_destroy(&l->lock);
	mem_free(l);
}

static struct entry *
find(const struct live *l, const uint8_t mac[32])
{
	struct entry *e = *code_bucket(l, mac);

	while (e != NULL && !bytes_eq((struct bytes){ e->code.mac, 32 },
				(struct bytes){ mac, 32 }))
		e = e->next[BY_CODE];
	return e;
}

static void
push(struct entry **bucket, enum table t, struct entry *e)
{
	e->next[t] = *bucket;
	*bucket = e;
}

static void
add(struct live *l, struct entry *e)
{
	push(code_bucket(l, e->code.mac), BY_CODE, e);
	push(approval_bucket(l, e->code.approval_id), BY_APPROVAL, e);
	l->n++;
}

static void
unlink_entry(struct entry **bucket, enum table t, const struct entry *e)
{
	while (*bucket != e)
		bucket = &(*bucket)->next[t];
	*bucket = e->next[t];
}

static void
forget(struct live *l, struct entry *e)
{
	unlink_entry(code_bucket(l, e->code.mac), BY_CODE, e);
	unlink_entry(approval_bucket(l, e->code.approval_id), BY_APPROVAL, e);
	l->n--;
	mem_free(e);
}

/* Doubles the tables and drops what has expired on the way. */
static void
grow(struct live *l, int64_t now)
{
	struct live old = *l;
	size_t i;

	make_buckets(l, 2 * old.nbuckets);
	l->n = 0;
	for (i = 0; i < old.nbuckets; i++) {
		struct entry *e, *next;

		for (e = old.bucket[BY_CODE][i]; e != NULL; e = next) {
			next = e->next[BY_CODE];
			if (e->code.expires_at <= now)
				mem_free(e);
			else
				add(l, e);
		}
	}
	for (i = 0; i < TABLES; i++)
		mem_free(old.bucket[i]);
}

void
live_put(struct live *l, const struct live_code *code, int64_t now)
{
	struct entry *e;

	pthread_mutex_lock(&l->lock);
	e = find(l, code->mac);
	if (e == NULL) {
		e = mem_new(1, sizeof(*e));
		e->code = *code;
		add(l, e);
		if (l->n > l->nbuckets)
			grow(l, now);
	}
	e->doubted = false;
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
	struct entry *e;

	pthread_mutex_lock(&l->lock);
	e = find(l, mac);
	if (e != NULL && e->code.expires_at <= now)
		forget(l, e);
	else if (e != NULL)
		a = answer(e, holder, now, mono_us);
	pthread_mutex_unlock(&l->lock);
	return a;
}

/* Each decision of a fleet's owners comes by here, whatever is open. */
void
live_decided(struct live *l, const char *approval_id)
{
	struct entry *e;

	pthread_mutex_lock(&l->lock);
	for (e = *approval_bucket(l, approval_id); e != NULL;
	     e = e->next[BY_APPROVAL])
		if (strcmp(e->code.approval_id, approval_id) == 0)
			e->doubted = true;
	pthread_mutex_unlock(&l->lock);
}

void
live_doubt_all(struct live *l)
{
	struct entry *e;
	size_t i;

	pthread_mutex_lock(&l->lock);
	for (i = 0; i < l->nbuckets; i++)
		for (e = l->bucket[BY_CODE][i]; e != NULL; e = e->next[BY_CODE])
			e->doubted = true;
	pthread_mutex_unlock(&l->lock);
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
