#include "domain/rates.h"

#include <pthread.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

#define SETS 1024 /* a power of two */
#define WAYS 8
#define KEY_BYTES 16
#define US 1000000

/* A bucket as one time: it is full when that has passed, and each token taken
 * moves it on by the time between tokens. */
struct bucket {
	uint8_t key[KEY_BYTES];
	int64_t full_at, told_at; /* us */
};

struct rates {
	pthread_mutex_t lock;
	struct bucket set[SETS][WAYS];
};

struct rates *
rates_new(void)
{
	struct rates *r = mem_new(1, sizeof(*r));

	must(pthread_mutex_init(&r->lock, NULL) == 0);
	return r;
}

void
rates_free(struct rates *r)
{
	if (r == NULL)
		return;
	must(pthread_mutex_destroy(&r->lock) == 0);
	mem_free(r);
}

static struct bucket *
find(struct rates *r, const uint8_t key[32])
{
	struct bucket *set, *oldest;
	uint64_t h;
	size_t i;

	memcpy(&h, key, sizeof(h));
	set = oldest = r->set[h & (SETS - 1)];
	for (i = 0; i < WAYS; i++) {
		if (bytes_eq(
			BYTES_OF(set[i].key), (struct bytes){ key, KEY_BYTES }))
			return &set[i];
		if (set[i].full_at < oldest->full_at)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .full_at = 0 };
	memcpy(oldest->key, key, KEY_BYTES);
	return oldest;
}

static struct rates_answer
take(struct bucket *b, const struct rate *rate, int64_t now_us)
{
	int64_t window = rate->window * US, full_at;
	struct rates_answer a = { .ok = true };

	full_at = b->full_at > now_us ? b->full_at : now_us;
	full_at += window / rate->limit;
	if (full_at - now_us <= window) {
		b->full_at = full_at;
		return a;
	}
	a.ok = false;
	a.wait = (full_at - now_us - window) / US + 1;
	a.first = b->told_at == 0 || now_us - b->told_at >= window;
	if (a.first)
		b->told_at = now_us;
	return a;
}

struct rates_answer
rates_take(struct rates *r, const uint8_t key[32], const struct rate *rate,
    int64_t now_us)
{
	struct rates_answer a = { .ok = true };

	if (rate->limit == 0)
		return a;
	must(pthread_mutex_lock(&r->lock) == 0);
	a = take(find(r, key), rate, now_us);
	must(pthread_mutex_unlock(&r->lock) == 0);
	return a;
}
