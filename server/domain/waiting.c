#include "domain/waiting.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

#define BUCKETS 4096 /* a power of two */

struct bucket {
	struct waiter *first;
	uint32_t news; /* counts them, of all owners that fall here */
};

struct waiting {
	pthread_mutex_t lock;
	size_t n, most;
	bool closed;
	struct bucket bucket[BUCKETS];
};

/* Ids are ours, so nobody steers them together; FNV-1a. */
static struct bucket *
bucket_of(struct waiting *w, const char *owner_id)
{
	uint32_t h = 2166136261U;

	for (; *owner_id != '\0'; owner_id++)
		h = (h ^ (uint8_t)*owner_id) * 16777619U;
	return &w->bucket[h & (BUCKETS - 1)];
}

struct waiting *
waiting_new(size_t most)
{
	struct waiting *w = mem_new(1, sizeof(*w));

	must(pthread_mutex_init(&w->lock, NULL) == 0);
	w->most = most;
	return w;
}

void
waiting_free(struct waiting *w)
{
	if (w == NULL)
		return;
	must(w->n == 0);
	must(pthread_mutex_destroy(&w->lock) == 0);
	mem_free(w);
}

uint32_t
waiting_mark(struct waiting *w, const char *owner_id)
{
	uint32_t mark;

	must(pthread_mutex_lock(&w->lock) == 0);
	mark = bucket_of(w, owner_id)->news;
	must(pthread_mutex_unlock(&w->lock) == 0);
	return mark;
}

static enum waiting_answer
add(struct waiting *w, struct waiter *who, uint32_t mark)
{
	struct bucket *b = bucket_of(w, who->owner_id);
	const struct waiter *other;
	size_t n = 0;

	if (w->closed)
		return WAITING_CLOSED;
	if (b->news != mark)
		return WAITING_NEWS;
	for (other = b->first; other != NULL; other = other->next)
		n += strcmp(other->owner_id, who->owner_id) == 0;
	if (w->n == w->most || n == WAITING_PER_OWNER)
		return WAITING_FULL;
	who->next = b->first;
	b->first = who;
	w->n++;
	return WAITING_PARKED;
}

enum waiting_answer
waiting_add(struct waiting *w, struct waiter *who, uint32_t mark)
{
	enum waiting_answer a;

	must(pthread_mutex_lock(&w->lock) == 0);
	a = add(w, who, mark);
	must(pthread_mutex_unlock(&w->lock) == 0);
	return a;
}

/* Moves from the bucket to the list: those of the owner, unless NULL, or whose
 * time is over, unless 0. */
static void
take(struct waiting *w, struct bucket *b, const char *owner_id, int64_t now_us,
    struct waiter **list)
{
	struct waiter **at = &b->first, *who;

	while ((who = *at) != NULL) {
		if ((owner_id != NULL &&
			strcmp(who->owner_id, owner_id) != 0) ||
		    (now_us != 0 && who->until_us > now_us)) {
			at = &who->next;
			continue;
		}
		*at = who->next;
		who->next = *list;
		*list = who;
		w->n--;
	}
}

/* Outside the lock: who is woken may come back at once. */
static void
wake(struct waiter *list)
{
	while (list != NULL) {
		struct waiter *who = list;

		list = who->next;
		who->wake(who);
	}
}

void
waiting_news(struct waiting *w, const char *owner_id)
{
	struct waiter *list = NULL;
	struct bucket *b;

	must(pthread_mutex_lock(&w->lock) == 0);
	b = bucket_of(w, owner_id);
	b->news++;
	take(w, b, owner_id, 0, &list);
	must(pthread_mutex_unlock(&w->lock) == 0);
	wake(list);
}

static void
wake_all(struct waiting *w, int64_t now_us, bool news)
{
	struct waiter *list = NULL;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		if (news)
			w->bucket[i].news++;
		take(w, &w->bucket[i], NULL, now_us, &list);
	}
	must(pthread_mutex_unlock(&w->lock) == 0);
	wake(list);
}

void
waiting_doubt_all(struct waiting *w)
{
	must(pthread_mutex_lock(&w->lock) == 0);
	wake_all(w, 0, true);
}

void
waiting_tick(struct waiting *w, int64_t now_us)
{
	must(pthread_mutex_lock(&w->lock) == 0);
	wake_all(w, now_us, false);
}

void
waiting_close(struct waiting *w)
{
	must(pthread_mutex_lock(&w->lock) == 0);
	w->closed = true;
	wake_all(w, 0, false);
}

size_t
waiting_count(struct waiting *w)
{
	size_t n;

	must(pthread_mutex_lock(&w->lock) == 0);
	n = w->n;
	must(pthread_mutex_unlock(&w->lock) == 0);
	return n;
}
