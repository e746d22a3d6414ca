#include "plugin/idset.h"

#include "base/mem.h"

#define FIRST_SLOTS 64 /* a power of two, as every size after it */

struct slot {
	uint8_t id[IDSET_ID_BYTES];
	int64_t until; /* 0: the slot is empty */
};

struct idset {
	struct slot *slots;
	size_t cap, n;
	size_t looked; /* where idset_expire goes on */
};

struct idset *
idset_new(void)
{
	struct idset *s = mem_new(1, sizeof(*s));

	s->cap = FIRST_SLOTS;
	s->slots = mem_new(s->cap, sizeof(*s->slots));
	return s;
}

void
idset_free(struct idset *s)
{
	if (s == NULL)
		return;
	mem_free(s->slots);
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

/* Where the id belongs; probing goes on from there. */
static size_t
home(const struct idset *s, struct halves id)
{
	uint64_t mixed = (id.a ^ id.b) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed >> 32) & (s->cap - 1);
}

/* The id's slot, or the empty one where it would go. */
static size_t
find(const struct idset *s, const uint8_t *id)
{
	struct halves want = split(id);
	size_t i = home(s, want);

	for (; s->slots[i].until != 0; i = (i + 1) & (s->cap - 1)) {
		struct halves have = split(s->slots[i].id);

		if (have.a == want.a && have.b == want.b)
			break;
	}
	return i;
}

static void
grow(struct idset *s)
{
	struct slot *old = s->slots;
	size_t cap = s->cap, i;

	s->cap = cap * 2;
	s->slots = mem_new(s->cap, sizeof(*s->slots));
	for (i = 0; i < cap; i++)
		if (old[i].until != 0)
			s->slots[find(s, old[i].id)] = old[i];
	mem_free(old);
}

void
idset_add(struct idset *s, const uint8_t id[IDSET_ID_BYTES], int64_t until)
{
	struct slot *slot;

	must(until > 0);
	if (s->n >= s->cap / 2)
		grow(s);
	slot = &s->slots[find(s, id)];
	if (slot->until == 0) {
		memcpy(slot->id, id, IDSET_ID_BYTES);
		s->n++;
	}
	if (until > slot->until)
		slot->until = until;
}

/* Empties a slot and moves those behind it up, so that probing never meets
 * a hole between an id's home and its place. */
static void
empty(struct idset *s, size_t hole)
{
	size_t mask = s->cap - 1, i = hole;

	for (;;) {
		i = (i + 1) & mask;
		if (s->slots[i].until == 0)
			break;
		if (((i - home(s, split(s->slots[i].id))) & mask) >=
		    ((i - hole) & mask)) {
			s->slots[hole] = s->slots[i];
			hole = i;
		}
	}
	s->slots[hole].until = 0;
	s->n--;
}

void
idset_remove(struct idset *s, const uint8_t id[IDSET_ID_BYTES])
{
	size_t i = find(s, id);

	if (s->slots[i].until != 0)
		empty(s, i);
}

bool
idset_has(const struct idset *s, const uint8_t id[IDSET_ID_BYTES])
{
	return s->slots[find(s, id)].until != 0;
}

size_t
idset_count(const struct idset *s)
{
	return s->n;
}

void
idset_merge(struct idset *s, const struct idset *from)
{
	size_t i;

	for (i = 0; i < from->cap; i++)
		if (from->slots[i].until != 0)
			idset_add(s, from->slots[i].id, from->slots[i].until);
}

void
idset_expire(struct idset *s, int64_t now, size_t n)
{
	if (n > s->cap)
		n = s->cap;
	while (n-- > 0) {
		struct slot *slot = &s->slots[s->looked & (s->cap - 1)];

		/* Another member may have moved up into the same slot. */
		if (slot->until != 0 && slot->until <= now)
			empty(s, s->looked & (s->cap - 1));
		else
			s->looked++;
	}
}
