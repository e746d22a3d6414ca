#include "http/gate.h"

#include <netinet/in.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/rng.h"

#define SETS 512
#define WAYS 8
#define NS_A_SECOND INT64_C(1000000000)

enum family { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

/* Whom a bucket is for. */
struct key {
	uint64_t prefix;
	enum family family;
};

/* The two things that a connection counts against. */
enum part { PART_ADDRESS, PART_NETWORK, PARTS };

/* A bucket as one time: it is full when that has passed, and each token
 * taken moves it on by the interval between tokens. */
struct bucket {
	struct key key;
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

static uint64_t
big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* The address and its network; false for what has neither. */
static bool
keys_of(const struct sockaddr *from, struct key out[PARTS])
{
	const void *p = from;

	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = p;
		uint64_t v = ntohl(in->sin_addr.s_addr);

		out[PART_ADDRESS] = (struct key){ v, FAMILY_IPV4 };
		out[PART_NETWORK] = (struct key){ v >> 8, FAMILY_IPV4 };
		return true;
	}
	if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = p;
		uint64_t v = big_endian(in6->sin6_addr.s6_addr, 8);

		out[PART_ADDRESS] = (struct key){ v, FAMILY_IPV6 };
		out[PART_NETWORK] = (struct key){ v >> 16, FAMILY_IPV6 };
		return true;
	}
	return false;
}

/* Mixes all bits into all (the finalizer of MurmurHash3). */
static uint64_t
mix(uint64_t v)
{
	v ^= v >> 33;
	v *= UINT64_C(0xff51afd7ed558ccd);
	v ^= v >> 33;
	v *= UINT64_C(0xc4ceb9fe1a85ec53);
	return v ^ v >> 33;
}

/* The key's bucket, taken from whom it is least use to if it has none. */
static struct bucket *
find(struct bucket sets[SETS][WAYS], struct key key, uint64_t seed)
{
	uint64_t hash = mix(key.prefix ^ seed) + key.family;
	struct bucket *set = sets[hash % SETS], *oldest = set;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].key.family == key.family &&
		    set[i].key.prefix == key.prefix)
			return &set[i];
		if (set[i].full_at < oldest->full_at)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .key = key };
	return oldest;
}

/* A token of each of the two, or of neither. */
static bool
take(struct gate *g, const struct key keys[PARTS], int64_t now)
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
	struct key keys[PARTS];
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
