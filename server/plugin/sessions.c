#include "plugin/sessions.h"

#include "base/mem.h"

#define FIRST_PLACES 64 /* a power of two */
#define NOWHERE SIZE_MAX

/* Sessions stand in one array without gaps, which the sweep walks from its
 * end; a hash table of places in it finds them by client.  A removed one is
 * replaced by the last, which a sweep in progress has already seen. */
struct sessions {
	struct session *all;
	size_t n, cap;
	size_t *places; /* of all[]; NOWHERE is empty */
	size_t n_places;
	size_t to_sweep; /* all[0 .. to_sweep - 1] are still to be judged */
	bool again;      /* a new sweep was asked for meanwhile */
};

const char *
session_over(const struct view *v, const struct session *s, int64_t now)
{
	const char *why = NULL;

	if (decide_refused(v, &s->who, &why))
		return why;
	if (view_serial_refused(v, s->serial))
		return "certificate-refused";
	if (view_serial_lost(v, s->serial, s->not_before))
		return "certificate-lost";
	/* RFC 5280 section 4.1.2.5: valid through notAfter, inclusive. */
	if (now > s->not_after)
		return "certificate-expired";
	if (!s->quarantined && !s->who.is_service &&
	    view_quarantined(v, s->who.id))
		return "quarantined";
	return NULL;
}

static void
places_new(struct sessions *s, size_t n)
{
	size_t i;

	s->n_places = n;
	s->places = mem_new(n, sizeof(*s->places));
	for (i = 0; i < n; i++)
		s->places[i] = NOWHERE;
}

struct sessions *
sessions_new(void)
{
	struct sessions *s = mem_new(1, sizeof(*s));

	places_new(s, FIRST_PLACES);
	return s;
}

void
sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	mem_free(s->all);
	mem_free(s->places);
	mem_free(s);
}

static size_t
home(const struct sessions *s, const void *client)
{
	uint64_t h = (uint64_t)(uintptr_t)client;

	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 32) & (s->n_places - 1);
}

/* The client's slot in places, or the empty one where it would go. */
static size_t
find(const struct sessions *s, const void *client)
{
	size_t i = home(s, client);

	while (s->places[i] != NOWHERE && s->all[s->places[i]].client != client)
		i = (i + 1) & (s->n_places - 1);
	return i;
}

static void
places_grow(struct sessions *s)
{
	size_t i;

	mem_free(s->places);
	places_new(s, s->n_places * 2);
	for (i = 0; i < s->n; i++)
		s->places[find(s, s->all[i].client)] = i;
}

void
sessions_put(struct sessions *s, const struct session *in)
{
	size_t slot;

	if (s->n >= s->n_places / 2)
		places_grow(s);
	slot = find(s, in->client);
	if (s->places[slot] == NOWHERE) {
		if (s->n == s->cap) {
			s->cap = s->cap == 0 ? FIRST_PLACES : s->cap * 2;
			s->all = mem_grow(s->all, s->cap, sizeof(*s->all));
		}
		s->places[slot] = s->n++;
	}
	s->all[s->places[slot]] = *in;
}

/* Empties a slot and moves those behind it up, so that probing never meets
 * a hole between a client's home and its place. */
static void
empty(struct sessions *s, size_t hole)
{
	size_t mask = s->n_places - 1, i = hole;

	for (;;) {
		size_t from;

		i = (i + 1) & mask;
		if (s->places[i] == NOWHERE)
			break;
		from = home(s, s->all[s->places[i]].client);
		if (((i - from) & mask) >= ((i - hole) & mask)) {
			s->places[hole] = s->places[i];
			hole = i;
		}
	}
	s->places[hole] = NOWHERE;
}

void
sessions_remove(struct sessions *s, const void *client)
{
	size_t slot = find(s, client), at = s->places[slot];

	if (at == NOWHERE)
		return;
	empty(s, slot);
	s->n--;
	if (at != s->n) {
		s->places[find(s, s->all[s->n].client)] = at;
		s->all[at] = s->all[s->n];
	}
	if (s->to_sweep > s->n)
		s->to_sweep = s->n;
}

const struct session *
sessions_get(const struct sessions *s, const void *client)
{
	size_t at = s->places[find(s, client)];

	return at == NOWHERE ? NULL : &s->all[at];
}

size_t
sessions_count(const struct sessions *s)
{
	return s->n;
}

void
sessions_judge_all(struct sessions *s)
{
	s->again = true;
}

/* The session by value: cutting removes it from the table. */
static void
cut_one(struct sessions *s, const struct sweep *sweep, struct session one,
    const char *why)
{
	sweep->cut(sweep->arg, &one, why);
	sessions_remove(s, one.client);
}

bool
sessions_sweep(struct sessions *s, const struct sweep *sweep)
{
	size_t looked = 0, cut = 0;

	if (s->to_sweep == 0 && s->again) {
		s->again = false;
		s->to_sweep = s->n;
	}
	while (s->to_sweep > 0 && looked < sweep->max_look &&
	       cut < sweep->max_cut) {
		struct session *one = &s->all[--s->to_sweep];
		const char *why = session_over(sweep->view, one, sweep->now);

		looked++;
		if (why != NULL) {
			cut_one(s, sweep, *one, why);
			cut++;
		} else if (one->quarantined) {
			/* Lifted: a later quarantine cuts it again. */
			one->quarantined =
			    view_quarantined(sweep->view, one->who.id);
		}
	}
	return s->to_sweep == 0 && !s->again;
}
