#include "base/tally.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Of a table with open addressing, places for each pair. */
#define SPREAD 2

struct pair {
	char a[TALLY_WORD_BYTES], b[TALLY_WORD_BYTES];
	tally_count n;
};

struct tally {
	pthread_mutex_t lock; /* of whoever adds a pair */
	size_t most;
	atomic_size_t used; /* pairs that may be read */
	atomic_uint *place; /* index + 1 into pair, 0: free */
	struct pair *pair;  /* most of them, and one for all others */
};

const int64_t timing_bound_us[TIMING_BUCKETS] = { 1000, 2500, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000 };

struct tally *
tally_new(size_t most)
{
	struct tally *t = mem_new(1, sizeof(*t));
	struct pair *other;

	must(most > 0);
	must(pthread_mutex_init(&t->lock, NULL) == 0);
	t->most = most;
	t->place = mem_new(SPREAD * most, sizeof(*t->place));
	t->pair = mem_new(most + 1, sizeof(*t->pair));
	other = &t->pair[most];
	memcpy(other->a, TALLY_OTHER, sizeof(TALLY_OTHER));
	memcpy(other->b, TALLY_OTHER, sizeof(TALLY_OTHER));
	return t;
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	must(pthread_mutex_destroy(&t->lock) == 0);
	mem_free(t->place);
	mem_free(t->pair);
	mem_free(t);
}

/* FNV-1a of both, with what parts them. */
static size_t
hash(const char *a, const char *b)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *a != '\0'; a++)
		h = (h ^ (uint8_t)*a) * UINT64_C(0x100000001b3);
	h *= UINT64_C(0x100000001b3);
	for (; *b != '\0'; b++)
		h = (h ^ (uint8_t)*b) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* The pair if it is there, else the free place where it would be; the table is
 * never full. */
static struct pair *
find(struct tally *t, const char *a, const char *b, size_t *at)
{
	unsigned i;

	*at = hash(a, b) % (SPREAD * t->most);
	while ((i = atomic_load_explicit(
		    &t->place[*at], memory_order_acquire)) != 0) {
		struct pair *p = &t->pair[i - 1];

		if (strcmp(p->a, a) == 0 && strcmp(p->b, b) == 0)
			return p;
		*at = (*at + 1) % (SPREAD * t->most);
	}
	return NULL;
}

/* The pair, added if nobody did meanwhile and there is room. */
static struct pair *
find_or_add(struct tally *t, const char *a, const char *b)
{
	struct pair *p;
	size_t at, used;

	must(pthread_mutex_lock(&t->lock) == 0);
	p = find(t, a, b, &at);
	used = atomic_load(&t->used);
	if (p == NULL && used < t->most) {
		p = &t->pair[used];
		memcpy(p->a, a, strlen(a) + 1);
		memcpy(p->b, b, strlen(b) + 1);
		atomic_store_explicit(
		    &t->place[at], (unsigned)used + 1, memory_order_release);
		atomic_store(&t->used, used + 1);
	}
	must(pthread_mutex_unlock(&t->lock) == 0);
	return p;
}

void
tally_add(struct tally *t, const char *a, const char *b)
{
	char wa[TALLY_WORD_BYTES], wb[TALLY_WORD_BYTES];
	struct pair *p;
	size_t at;

	(void)snprintf(wa, sizeof(wa), "%s", a);
	(void)snprintf(wb, sizeof(wb), "%s", b);
	p = find(t, wa, wb, &at);
	if (p == NULL && atomic_load(&t->used) < t->most)
		p = find_or_add(t, wa, wb);
	if (p == NULL)
		p = &t->pair[t->most];
	tally_more(&p->n, 1);
}

bool
tally_at(const struct tally *t, size_t i, struct tally_pair *out)
{
	size_t used = atomic_load(&t->used);
	const struct pair *p = &t->pair[i < used ? i : t->most];

	*out = (struct tally_pair){ p->a, p->b, tally_now(&p->n) };
	return i < used || (i == used && out->n > 0);
}

void
timing_add(struct timing *t, int64_t us)
{
	size_t i = 0;

	while (i < TIMING_BUCKETS && us > timing_bound_us[i])
		i++;
	tally_more(&t->bucket[i], 1);
	tally_more(&t->us, us > 0 ? (uint64_t)us : 0);
}
