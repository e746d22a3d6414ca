#include "http/conns.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/rng.h"

#define CHAINS 1024

struct conns {
	pthread_mutex_t lock;
	struct conn *head;
	size_t n;
	uint64_t seed;
	struct conn *chains[CHAINS]; /* by site */
};

struct conns *
conns_new(void)
{
	struct conns *cs = mem_new(1, sizeof(*cs));

	must(pthread_mutex_init(&cs->lock, NULL) == 0);
	rng_bytes(&cs->seed, sizeof(cs->seed));
	return cs;
}

void
conns_free(struct conns *cs)
{
	if (cs == NULL)
		return;
	must(cs->head == NULL);
	must(pthread_mutex_destroy(&cs->lock) == 0);
	mem_free(cs);
}

struct conn *
conns_add(struct conns *cs, int fd, int64_t deadline)
{
	struct conn *c = mem_new(1, sizeof(*c));

	c->fd = fd;
	atomic_init(&c->deadline, deadline);
	atomic_init(&c->busy, false);
	must(pthread_mutex_lock(&cs->lock) == 0);
	c->next = cs->head;
	c->prev = &cs->head;
	if (c->next != NULL)
		c->next->prev = &c->next;
	cs->head = c;
	cs->n++;
	must(pthread_mutex_unlock(&cs->lock) == 0);
	return c;
}

static void
chain(struct conns *cs, struct conn *c)
{
	struct conn **head =
	    &cs->chains[net_site_hash(c->site, cs->seed) % CHAINS];

	c->near_next = *head;
	c->near_prev = head;
	if (c->near_next != NULL)
		c->near_next->near_prev = &c->near_next;
	*head = c;
}

static void
unchain(struct conn *c)
{
	if (c->near_prev == NULL)
		return;
	*c->near_prev = c->near_next;
	if (c->near_next != NULL)
		c->near_next->near_prev = c->near_prev;
}

bool
conns_admit(
    struct conns *cs, struct conn *c, struct net_site site, size_t limit)
{
	const struct conn *other;
	size_t n = 0;

	c->site = site;
	must(pthread_mutex_lock(&cs->lock) == 0);
	other = cs->chains[net_site_hash(site, cs->seed) % CHAINS];
	for (; other != NULL; other = other->near_next)
		n += net_site_eq(other->site, site);
	if (n < limit)
		chain(cs, c);
	must(pthread_mutex_unlock(&cs->lock) == 0);
	return n < limit;
}

void
conns_remove(struct conns *cs, struct conn *c)
{
	/* Under the lock, since afterwards the descriptor may be another's. */
	must(pthread_mutex_lock(&cs->lock) == 0);
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	unchain(c);
	cs->n--;
	must(pthread_mutex_unlock(&cs->lock) == 0);
	tls_peer_release(&c->peer);
	tls_credential_drop(c->tls.credential);
	flight_end(&c->tls.out);
	mem_free(c);
}

size_t
conns_count(struct conns *cs)
{
	size_t n;

	must(pthread_mutex_lock(&cs->lock) == 0);
	n = cs->n;
	must(pthread_mutex_unlock(&cs->lock) == 0);
	return n;
}

size_t
conns_reap(struct conns *cs, int64_t now)
{
	struct conn *c;
	size_t n = 0;

	must(pthread_mutex_lock(&cs->lock) == 0);
	for (c = cs->head; c != NULL; c = c->next) {
		int64_t deadline = atomic_load(&c->deadline);

		if (deadline == 0 || deadline > now)
			continue;
		/* Before the I/O thread sees the end of it. */
		atomic_store(&c->deadline, 0);
		(void)shutdown(c->fd, SHUT_RDWR);
		n++;
	}
	must(pthread_mutex_unlock(&cs->lock) == 0);
	return n;
}

size_t
conns_shut_idle(struct conns *cs)
{
	struct conn *c;
	size_t n = 0;

	must(pthread_mutex_lock(&cs->lock) == 0);
	for (c = cs->head; c != NULL; c = c->next) {
		if (!atomic_load(&c->busy))
			(void)shutdown(c->fd, SHUT_RDWR);
		n++;
	}
	must(pthread_mutex_unlock(&cs->lock) == 0);
	return n;
}

const struct peer *
conn_peer(struct conn *c)
{
	if (!c->peer_known)
		tls_peer_init(c->session, &c->peer);
	c->peer_known = true;
	return &c->peer;
}

struct bytes
conn_binding(struct conn *c)
{
	if (!c->binding_known)
		binding_init(c->session, &c->binding);
	c->binding_known = true;
	return (struct bytes){ c->binding.value, c->binding.n };
}
