#include "plugin/idset.h"

#include "base/mem.h"

/* A thousand small tables instead of a large one: growing never makes the
 * broker's loop wait, nor needs the memory of two. */
#define SHARDS 1024
#define FIRST_SLOTS 8
#define NEVER UINT32_MAX

struct slot {
	uint8_t id[IDSET_ID_BYTES];
	uint32_t until; /* 0: the slot is empty */
};

struct shard {
	struct slot *slots;
	uint32_t cap, n;
};

struct idset {
	struct shard shard[SHARDS];
	size_t n;
	size_t looked; /* the shard at which idset_expire goes on */
};

struct idset *
idset_new(void)
{
	return mem_new(1, sizeof(struct idset));
}

void
idset_free(struct idset *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < SHARDS; i++)
		mem_free(s->shard[i].slots);
	mem_free(s);
}

/* An id as two numbers, which compare faster than bytes. */
struct halves {
	uint64_t a, b;
};

static struct halves
split(const uint8_t *id)
{
	struct halves h;

	memcpy(&h.a, id, sizeof(h.a));
	memcpy(&h.b, id + sizeof(h.a), sizeof(h.b));
	return h;
}

static uint64_t
mix(struct halves id)
{
	uint64_t x = (id.a ^ id.b) * UINT64_C(0x9e3779b97f4a7c15);

	return (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t
shard_of(uint64_t mixed)
{
	return (size_t)(mixed % SHARDS);
}

/* Where the id belongs in its shard; probing goes on from there. */
static uint32_t
home(const struct shard *h, uint64_t mixed)
{
	return (uint32_t)((mixed >> 32) * h->cap >> 32);
}

static uint32_t
next(const struct shard *h, uint32_t i)
{
	return i + 1 == h->cap ? 0 : i + 1;
}

/* The id's slot, or the empty one where it would go; the shard has one. */
static struct slot *
find(const struct shard *h, const uint8_t *id, uint64_t mixed)
{
	struct halves want = split(id);
	uint32_t i = home(h, mixed);

	for (; h->slots[i].until != 0; i = next(h, i)) {
		struct halves have = split(h->slots[i].id);

		if (have.a == want.a && have.b == want.b)
			break;
	}
	return &h->slots[i];
}

static void
grow(struct shard *h)
{
	struct shard old = *h;
	uint32_t i;

	h->cap = old.cap == 0 ? FIRST_SLOTS : old.cap + old.cap / 2;
	h->slots = mem_new(h->cap, sizeof(*h->slots));
	for (i = 0; i < old.cap; i++)
		if (old.slots[i].until != 0)
			*find(h, old.slots[i].id, mix(split(old.slots[i].id))) =
			    old.slots[i];
	mem_free(old.slots);
}

static void
add(struct idset *s, const uint8_t *id, uint32_t until)
{
	uint64_t mixed = mix(split(id));
	struct shard *h = &s->shard[shard_of(mixed)];
	struct slot *slot;

	if (h->n >= h->cap / 5 * 4)
		grow(h);
	slot = find(h, id, mixed);
	if (slot->until == 0) {
		memcpy(slot->id, id, IDSET_ID_BYTES);
		h->n++;
		s->n++;
	}
	if (until > slot->until)
		slot->until = until;
}

void
idset_add(struct idset *s, const uint8_t id[IDSET_ID_BYTES], int64_t until)
{
	must(until > 0);
	add(s, id, until < NEVER ? (uint32_t)until : NEVER);
}

/* Empties a slot and moves those behind it up, so that probing never meets
 * a hole between an id's home and its place. */
static void
empty(struct idset *s, struct shard *h, uint32_t hole)
{
	uint32_t i = hole;

	for (;;) {
		uint32_t from;

		i = next(h, i);
		if (h->slots[i].until == 0)
			break;
		from = home(h, mix(split(h->slots[i].id)));
		if ((i + h->cap - from) % h->cap >=
		    (i + h->cap - hole) % h->cap) {
			h->slots[hole] = h->slots[i];
			hole = i;
		}
	}
	h->slots[hole].until = 0;
	h->n--;
	s->n--;
}

void
idset_remove(struct idset *s, const uint8_t id[IDSET_ID_BYTES])
{
	uint64_t mixed = mix(split(id));
	struct shard *h = &s->shard[shard_of(mixed)];
	struct slot *slot;

	if (h->cap == 0)
		return;
	slot = find(h, id, mixed);
	if (slot->until != 0)
		empty(s, h, (uint32_t)(slot - h->slots));
}

bool
idset_has(const struct idset *s, const uint8_t id[IDSET_ID_BYTES])
{
	uint64_t mixed = mix(split(id));
	const struct shard *h = &s->shard[shard_of(mixed)];

	return h->cap != 0 && find(h, id, mixed)->until != 0;
}

size_t
idset_count(const struct idset *s)
{
	return s->n;
}

size_t
idset_bytes(const struct idset *s)
{
	size_t i, slots = 0;

	for (i = 0; i < SHARDS; i++)
		slots += s->shard[i].cap;
	return sizeof(*s) + slots * sizeof(struct slot);
}

void
idset_merge(struct idset *s, const struct idset *from)
{
	const struct shard *h;
	uint32_t i;

	for (h = from->shard; h < from->shard + SHARDS; h++)
		for (i = 0; i < h->cap; i++)
			if (h->slots[i].until != 0)
				add(s, h->slots[i].id, h->slots[i].until);
}

static void
expire_shard(struct idset *s, struct shard *h, int64_t now)
{
	uint32_t i = 0;

	while (i < h->cap) {
		uint32_t until = h->slots[i].until;

		/* Another member may have moved up into the same slot. */
		if (until != 0 && until != NEVER && until <= now)
			empty(s, h, i);
		else
			i++;
	}
}

void
idset_expire(struct idset *s, int64_t now, size_t n)
{
	size_t i, seen = 0;

	for (i = 0; i < SHARDS && seen < n; i++) {
		struct shard *h = &s->shard[s->looked++ % SHARDS];

		seen += h->cap;
		expire_shard(s, h, now);
	}
}
