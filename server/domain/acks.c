#include "domain/acks.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct acks {
	pthread_mutex_t lock;
	int fd;
	bool closed;
	size_t n;
	struct ack *first;
};

struct acks *
acks_new(void)
{
	struct acks *a = mem_new(1, sizeof(*a));

	must(pthread_mutex_init(&a->lock, NULL) == 0);
	a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(a->fd >= 0);
	return a;
}

void
acks_free(struct acks *a)
{
	if (a == NULL)
		return;
	must(a->n == 0);
	(void)close(a->fd);
	must(pthread_mutex_destroy(&a->lock) == 0);
	mem_free(a);
}

int
acks_fd(const struct acks *a)
{
	return a->fd;
}

void
acks_heard(struct acks *a)
{
	uint64_t n;

	/* Nothing to read if it was not readable. */
	(void)!read(a->fd, &n, sizeof(n));
}

void
acks_poke(struct acks *a)
{
	uint64_t one = 1;

	must(write(a->fd, &one, sizeof(one)) == sizeof(one));
}

bool
acks_add(struct acks *a, struct ack *ack)
{
	bool open;

	must(pthread_mutex_lock(&a->lock) == 0);
	open = !a->closed;
	if (open) {
		ack->followed = false;
		ack->next = a->first;
		a->first = ack;
		a->n++;
	}
	must(pthread_mutex_unlock(&a->lock) == 0);
	if (open)
		acks_poke(a);
	return open;
}

static bool
passed(const struct ack *ack, int64_t epoch, int64_t position)
{
	return epoch > ack->epoch ||
	       (epoch == ack->epoch && position >= ack->position);
}

bool
acks_passed(struct ack *ack, const struct acks_reached *r)
{
	ack->followed = passed(ack, r->epoch, r->position);
	return passed(ack, r->live_epoch, r->live_position);
}

/* Takes out who may go, and wakes them outside the lock: who is woken may come
 * back at once. */
static void
let_go(
    struct acks *a, bool (*goes)(struct ack *, const void *), const void *arg)
{
	struct ack *list = NULL, **at = &a->first, *ack;

	must(pthread_mutex_lock(&a->lock) == 0);
	while ((ack = *at) != NULL) {
		if (!goes(ack, arg)) {
			at = &ack->next;
			continue;
		}
		*at = ack->next;
		ack->next = list;
		list = ack;
		a->n--;
	}
	must(pthread_mutex_unlock(&a->lock) == 0);
	while ((ack = list) != NULL) {
		list = ack->next;
		ack->wake(ack);
	}
}

static bool
has_passed(struct ack *ack, const void *reached)
{
	return acks_passed(ack, reached);
}

static bool
is_over(struct ack *ack, const void *now_us)
{
	return ack->until_us <= *(const int64_t *)now_us;
}

static bool
always(struct ack *ack, const void *arg)
{
	(void)ack;
	(void)arg;
	return true;
}

void
acks_read(struct acks *a, const struct acks_reached *r)
{
	let_go(a, has_passed, r);
}

void
acks_tick(struct acks *a, int64_t now_us)
{
	let_go(a, is_over, &now_us);
}

void
acks_close(struct acks *a)
{
	must(pthread_mutex_lock(&a->lock) == 0);
	a->closed = true;
	must(pthread_mutex_unlock(&a->lock) == 0);
	let_go(a, always, NULL);
}

size_t
acks_count(struct acks *a)
{
	size_t n;

	must(pthread_mutex_lock(&a->lock) == 0);
	n = a->n;
	must(pthread_mutex_unlock(&a->lock) == 0);
	return n;
}
