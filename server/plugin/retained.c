#include "plugin/retained.h"

#include "base/limits.h"
#include "base/mem.h"

#define UUID_CHARS 36
#define TOPICS_MOST 100000
#define TOPIC_MOST 512 /* longer ones are purged when they are read */
#define FIRST_PLACES 64

struct entry {
	uint8_t id[VIEW_ID_BYTES];
	char *topic; /* NULL: the place is empty */
};

/* A hash table that is probed in a row; what is taken out leaves its place to
 * those behind it. */
struct retained {
	struct entry *places;
	size_t cap, n; /* cap is a power of two */
	size_t to_look;
};

struct retained *
retained_new(void)
{
	struct retained *r = mem_new(1, sizeof(*r));

	r->cap = FIRST_PLACES;
	r->places = mem_new(r->cap, sizeof(*r->places));
	return r;
}

void
retained_free(struct retained *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->cap; i++)
		mem_free(r->places[i].topic);
	mem_free(r->places);
	mem_free(r);
}

bool
retained_owner(const char *topic, uint8_t id[VIEW_ID_BYTES])
{
	char uuid[UUID_CHARS + 1];

	for (;;) {
		size_t n = strcspn(topic, "/");

		(void)snprintf(uuid, sizeof(uuid), "%.*s", UUID_CHARS, topic);
		if (n == UUID_CHARS && view_id_of_uuid(uuid, id))
			return true;
		if (topic[n] == '\0')
			return false;
		topic += n + 1;
	}
}

static size_t
home(const struct retained *r, const char *topic)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *topic != '\0'; topic++)
		h = (h ^ (uint8_t)*topic) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32) & (r->cap - 1);
}

/* The topic's place, or the empty one where it would go. */
static struct entry *
find(struct retained *r, const char *topic)
{
	size_t i = home(r, topic);

	while (r->places[i].topic != NULL &&
	       strcmp(r->places[i].topic, topic) != 0)
		i = (i + 1) & (r->cap - 1);
	return &r->places[i];
}

static void
grow(struct retained *r)
{
	struct entry *old = r->places;
	size_t cap = r->cap, i;

	r->cap *= 2;
	r->places = mem_new(r->cap, sizeof(*r->places));
	for (i = 0; i < cap; i++)
		if (old[i].topic != NULL)
			*find(r, old[i].topic) = old[i];
	mem_free(old);
	if (r->to_look > 0)
		r->to_look = r->cap;
}

void
retained_put(struct retained *r, const char *topic)
{
	uint8_t id[VIEW_ID_BYTES];
	struct entry *e;

	if (strlen(topic) > TOPIC_MOST || !retained_owner(topic, id))
		return;
	e = find(r, topic);
	if (e->topic != NULL || r->n == TOPICS_MOST)
		return;
	if (r->n >= r->cap / 2) {
		grow(r);
		e = find(r, topic);
	}
	memcpy(e->id, id, sizeof(e->id));
	e->topic = mem_strdup(topic);
	r->n++;
}

static char *
take_out(struct retained *r, size_t hole)
{
	char *topic = r->places[hole].topic;
	size_t mask = r->cap - 1, i = hole;

	r->places[hole].topic = NULL;
	for (;;) {
		size_t from;

		i = (i + 1) & mask;
		if (r->places[i].topic == NULL)
			break;
		from = home(r, r->places[i].topic);
		if (((i - from) & mask) >= ((i - hole) & mask)) {
			r->places[hole] = r->places[i];
			r->places[i].topic = NULL;
			hole = i;
		}
	}
	r->n--;
	return topic;
}

void
retained_judge_all(struct retained *r)
{
	r->to_look = r->n == 0 ? 0 : r->cap;
}

char *
retained_next(struct retained *r, const struct view *v, size_t *n)
{
	/* Downwards: whoever moves up into a hole was looked at. */
	while (r->to_look > 0 && *n > 0) {
		const struct entry *e = &r->places[r->to_look - 1];

		--*n;
		if (e->topic != NULL && view_device_refused(v, e->id))
			return take_out(r, r->to_look - 1);
		r->to_look--;
	}
	return NULL;
}
