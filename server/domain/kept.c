#include "domain/kept.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define ANSWER_MOST 2048

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
	struct place place[]; /* one answer each: what comes later takes it */
};

struct kept *
kept_new(size_t n)
{
	struct kept *c = mem_new(1, sizeof(*c) + n * sizeof(struct place));

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
place_of(struct kept *c, const uint8_t key[KEPT_KEY])
{
	uint64_t h;

	memcpy(&h, key, sizeof(h));
	return &c->place[h % c->n];
}

bool
kept_get(struct kept *c, const uint8_t key[KEPT_KEY], int64_t now,
    struct arena *a, struct bytes *out)
{
	const struct place *p = place_of(c, key);
	bool found;

	must(pthread_mutex_lock(&c->lock) == 0);
	found = p->answer != NULL && p->mark == c->mark && now < p->until &&
		bytes_eq((struct bytes){ p->key, KEPT_KEY },
		    (struct bytes){ key, KEPT_KEY });
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
	struct place *p = place_of(c, key);
	uint8_t *copy, *old = NULL;

	if (answer.n > ANSWER_MOST)
		return;
	copy = mem_raw(answer.n);
	memcpy(copy, answer.p, answer.n);
	must(pthread_mutex_lock(&c->lock) == 0);
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
