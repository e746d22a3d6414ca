#include "domain/kept.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define ANSWER_MOST 2048
/* Of one hash: with one alone, a quarter is lost in a table a third full. */
#define WAYS 4

struct place {
	uint8_t key[KEPT_KEY];
	int64_t until;
	uint64_t mark;
	uint8_t *answer; /* NULL: never used */
	size_t n;
};

struct kept {
	pthread_mutex_t lock; /* of all below */
	uint64_t mark;
	size_t n;
	struct place place[]; /* those of one hash stand together */
};

struct kept *
kept_new(size_t n)
{
	struct kept *c = mem_new(1, sizeof(*c) + n * sizeof(struct place));

	must(n > 0 && n % WAYS == 0);
	must(pthread_mutex_init(&c->lock, NULL) == 0);
	c->n = n;
	return c;
}

void
kept_free(struct kept *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n; i++)
		mem_free(c->place[i].answer);
	must(pthread_mutex_destroy(&c->lock) == 0);
	mem_free(c);
}

/* A MAC is random to whoever does not hold the key. */
static struct place *
places_of(struct kept *c, const uint8_t key[KEPT_KEY])
{
	uint64_t h;

	memcpy(&h, key, sizeof(h));
	return &c->place[h % (c->n / WAYS) * WAYS];
}

static bool
is_of(const struct place *p, const uint8_t key[KEPT_KEY])
{
	return p->answer != NULL && bytes_eq((struct bytes){ p->key, KEPT_KEY },
					(struct bytes){ key, KEPT_KEY });
}

/* Where the key's answer stands; NULL if nowhere. */
static const struct place *
find(struct kept *c, const uint8_t key[KEPT_KEY])
{
	const struct place *p = places_of(c, key);
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (is_of(&p[i], key))
			return &p[i];
	return NULL;
}

/* When the place can be given to another key; an unused one at once. */
static int64_t
free_at(const struct kept *c, const struct place *p)
{
	return p->answer == NULL || p->mark != c->mark ? 0 : p->until;
}

/* Where it is to be put: on its own place, or what ends first. */
static struct place *
choose(struct kept *c, const uint8_t key[KEPT_KEY])
{
	struct place *p = places_of(c, key), *best = p;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (is_of(&p[i], key))
			return &p[i];
		if (free_at(c, &p[i]) < free_at(c, best))
			best = &p[i];
	}
	return best;
}

bool
kept_get(struct kept *c, const uint8_t key[KEPT_KEY], int64_t now,
    struct arena *a, struct bytes *out)
{
	const struct place *p;
	bool found;

	must(pthread_mutex_lock(&c->lock) == 0);
	p = find(c, key);
	found = p != NULL && p->mark == c->mark && now < p->until;
	if (found)
		*out = bytes_dup(a, (struct bytes){ p->answer, p->n });
	must(pthread_mutex_unlock(&c->lock) == 0);
	return found;
}

uint64_t
kept_mark(struct kept *c)
{
	uint64_t mark;

	must(pthread_mutex_lock(&c->lock) == 0);
	mark = c->mark;
	must(pthread_mutex_unlock(&c->lock) == 0);
	return mark;
}

void
kept_put(struct kept *c, const uint8_t key[KEPT_KEY], struct bytes answer,
    int64_t until, uint64_t mark)
{
	struct place *p;
	uint8_t *copy, *old;

	if (answer.n > ANSWER_MOST)
		return;
	copy = mem_raw(answer.n);
	memcpy(copy, answer.p, answer.n);
	must(pthread_mutex_lock(&c->lock) == 0);
	p = choose(c, key);
	old = p->answer;
	memcpy(p->key, key, KEPT_KEY);
	p->answer = copy;
	p->n = answer.n;
	p->until = until;
	p->mark = mark;
	must(pthread_mutex_unlock(&c->lock) == 0);
	mem_free(old);
}

void
kept_forget(struct kept *c)
{
	must(pthread_mutex_lock(&c->lock) == 0);
	c->mark++;
	must(pthread_mutex_unlock(&c->lock) == 0);
}
