#include "http/gate.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/rng.h"

#define SETS 512
#define WAYS 8
#define NS_A_SECOND INT64_C(1000000000)

/* The two things that a connection counts against. */
enum part { PART_ADDRESS, PART_NETWORK, PARTS };

/* A bucket as one time: it is full when that has passed, and each token
 * taken moves it on by the interval between tokens. */
struct bucket {
	struct net_site key;
	int64_t full_at; /* ns */
};

struct gate {
	pthread_mutex_t lock;
	uint64_t seed; /* where a prefix goes is not for senders to know */
	int64_t interval, burst;
	size_t refused;
	struct bucket buckets[PARTS][SETS][WAYS];
};

struct gate *
gate_new(int64_t rate, int64_t burst)
{
	struct gate *g = mem_new(1, sizeof(*g));

	must(pthread_mutex_init(&g->lock, NULL) == 0);
	rng_bytes(&g->seed, sizeof(g->seed));
	g->interval = rate == 0 ? 0 : NS_A_SECOND / rate;
	g->burst = burst;
	return g;
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	must(pthread_mutex_destroy(&g->lock) == 0);
	mem_free(g);
}

/* The address and its network; false for what has neither. */
static bool
keys_of(const struct sockaddr *from, struct net_site out[PARTS])
{
	if (!net_site_of(from, &out[PART_ADDRESS]))
		return false;
	out[PART_NETWORK] = out[PART_ADDRESS];
	out[PART_NETWORK].prefix >>= from->sa_family == AF_INET ? 8 : 16;
	return true;
}

/* The key's bucket, taken from whom it is least use to if it has none. */
static struct bucket *
find(struct bucket sets[SETS][WAYS], struct net_site key, uint64_t seed)
{
	struct bucket *set = sets[net_site_hash(key, seed) % SETS];
	struct bucket *oldest = set;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (net_site_eq(set[i].key, key))
			return &set[i];
		if (set[i].full_at < oldest->full_at)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .key = key };
	return oldest;
}

/* A token of each of the two, or of neither. */
static bool
take(struct gate *g, const struct net_site keys[PARTS], int64_t now)
{
	struct bucket *b[PARTS];
	int64_t full_at[PARTS];
	int part;

	for (part = 0; part < PARTS; part++) {
		b[part] = find(g->buckets[part], keys[part], g->seed);
		full_at[part] = b[part]->full_at > now ? b[part]->full_at : now;
		full_at[part] += part == PART_ADDRESS
				     ? g->interval
				     : g->interval / GATE_NETWORK;
		/* Empty is as far ahead as all its tokens last, and that is
		 * equally far for both. */
		if (full_at[part] - now > g->burst * g->interval)
			return false;
	}
	for (part = 0; part < PARTS; part++)
		b[part]->full_at = full_at[part];
	return true;
}

bool
gate_admit(struct gate *g, const struct sockaddr *from, int64_t now)
{
	struct net_site keys[PARTS];
	bool ok;

	if (g->interval == 0 || !keys_of(from, keys))
		return true;
	must(pthread_mutex_lock(&g->lock) == 0);
	ok = take(g, keys, now * 1000);
	g->refused += !ok;
	must(pthread_mutex_unlock(&g->lock) == 0);
	return ok;
}

size_t
gate_take_refused(struct gate *g)
{
	size_t n;

	must(pthread_mutex_lock(&g->lock) == 0);
	n = g->refused;
	g->refused = 0;
	must(pthread_mutex_unlock(&g->lock) == 0);
	return n;
}
