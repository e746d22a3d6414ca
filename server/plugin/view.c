#include "plugin/view.h"

#include "base/mem.h"
#include "plugin/idset.h"

/* Slots looked at by one call of view_expire: some 50 microseconds. */
#define EXPIRE_SLOTS 16384

struct window {
	int64_t from, to;
};

struct view {
	struct idset *refused; /* device ids, for good */
	struct idset *quarantined;
	struct idset *serials;
	struct window *windows; /* one a recovery */
	size_t n_windows;
	struct idset *known;
	struct service **services; /* few: one a program of the platform */
	size_t n_services;
};

/* Appends a copy of the text to a NULL-terminated list. */
static void
list_add(char ***list, size_t *n, const char *text)
{
	*list = mem_grow(*list, *n + 2, sizeof(**list));
	(*list)[(*n)++] = mem_strdup(text);
	(*list)[*n] = NULL;
}

struct service *
service_new(const char *name, const struct view_topic *rows, size_t n)
{
	struct service *s = mem_new(1, sizeof(*s));
	size_t i, n_publish = 0, n_subscribe = 0;

	s->name = mem_strdup(name);
	s->publish = mem_new(1, sizeof(*s->publish));
	s->subscribe = mem_new(1, sizeof(*s->subscribe));
	s->withdrawn = true;
	for (i = 0; i < n; i++) {
		if (strcmp(rows[i].service, name) != 0)
			continue;
		s->withdrawn = false;
		if (rows[i].topic == NULL)
			continue;
		if (rows[i].publish)
			list_add(&s->publish, &n_publish, rows[i].topic);
		else
			list_add(&s->subscribe, &n_subscribe, rows[i].topic);
	}
	return s;
}

static void
list_free(char **list)
{
	char **p;

	for (p = list; *p != NULL; p++)
		mem_free(*p);
	mem_free(list);
}

void
service_free(struct service *s)
{
	if (s == NULL)
		return;
	mem_free(s->name);
	list_free(s->publish);
	list_free(s->subscribe);
	mem_free(s);
}

struct view *
view_new(void)
{
	struct view *v = mem_new(1, sizeof(*v));

	v->refused = idset_new();
	v->quarantined = idset_new();
	v->serials = idset_new();
	v->known = idset_new();
	return v;
}

void
view_free(struct view *v)
{
	size_t i;

	if (v == NULL)
		return;
	idset_free(v->refused);
	idset_free(v->quarantined);
	idset_free(v->serials);
	idset_free(v->known);
	mem_free(v->windows);
	for (i = 0; i < v->n_services; i++)
		service_free(v->services[i]);
	mem_free(v->services);
	mem_free(v);
}

static int64_t
octets(const uint8_t p[8])
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		n = n << 8 | p[i];
	return (int64_t)n;
}

/* The same entry may come again. */
static void
add_window(struct view *v, int64_t from, int64_t to)
{
	size_t i;

	for (i = 0; i < v->n_windows; i++)
		if (v->windows[i].from == from && v->windows[i].to == to)
			return;
	v->windows =
	    mem_grow(v->windows, v->n_windows + 1, sizeof(*v->windows));
	v->windows[v->n_windows++] = (struct window){ from, to };
}

void
view_apply(struct view *v, const struct view_entry *entry)
{
	switch (entry->kind) {
	case VIEW_CERTIFICATE:
		idset_add(v->serials, entry->id,
		    entry->until > 0 ? entry->until : IDSET_FOREVER);
		break;
	case VIEW_DEVICE:
		idset_add(v->refused, entry->id, IDSET_FOREVER);
		break;
	case VIEW_QUARANTINE:
		idset_add(v->quarantined, entry->id, IDSET_FOREVER);
		break;
	case VIEW_LIFT:
		idset_remove(v->quarantined, entry->id);
		break;
	case VIEW_SERVICE:
	case VIEW_REMOVED:
		break;
	case VIEW_WINDOW:
		add_window(v, octets(entry->id), octets(entry->id + 8));
		break;
	case VIEW_KNOWN:
		idset_add(v->known, entry->id,
		    entry->until > 0 ? entry->until : IDSET_FOREVER);
		break;
	}
}

/* The place of the service of that name, or NULL. */
static struct service **
service_place(const struct view *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n_services; i++)
		if (strcmp(v->services[i]->name, name) == 0)
			return &v->services[i];
	return NULL;
}

void
view_put_service(struct view *v, struct service *s)
{
	struct service **place = service_place(v, s->name);

	if (place != NULL) {
		service_free(*place);
		*place = s;
		return;
	}
	v->services =
	    mem_grow(v->services, v->n_services + 1, sizeof(struct service *));
	v->services[v->n_services++] = s;
}

void
view_keep(struct view *v, const struct view *older)
{
	size_t i;

	idset_merge(v->refused, older->refused);
	idset_merge(v->serials, older->serials);
	for (i = 0; i < older->n_windows; i++)
		add_window(v, older->windows[i].from, older->windows[i].to);
	idset_merge(v->known, older->known);
}

void
view_keep_quarantined(struct view *v, const struct view *older)
{
	idset_merge(v->quarantined, older->quarantined);
}

void
view_keep_refusals(struct view *v)
{
	size_t i;

	idset_free(v->quarantined);
	v->quarantined = idset_new();
	for (i = 0; i < v->n_services; i++)
		service_free(v->services[i]);
	v->n_services = 0;
}

struct view_counts
view_counts(const struct view *v)
{
	return (struct view_counts){ idset_count(v->refused),
		idset_count(v->quarantined), idset_count(v->serials) };
}

size_t
view_count(const struct view *v)
{
	struct view_counts n = view_counts(v);

	return n.devices + n.quarantined + n.serials;
}

size_t
view_bytes(const struct view *v)
{
	return idset_bytes(v->refused) + idset_bytes(v->quarantined) +
	       idset_bytes(v->serials);
}

void
view_expire(struct view *v, int64_t now)
{
	idset_expire(v->serials, now, EXPIRE_SLOTS);
}

bool
view_device_refused(const struct view *v, const uint8_t id[VIEW_ID_BYTES])
{
	return idset_has(v->refused, id);
}

bool
view_quarantined(const struct view *v, const uint8_t id[VIEW_ID_BYTES])
{
	return idset_has(v->quarantined, id);
}

bool
view_serial_refused(const struct view *v, const uint8_t serial[VIEW_ID_BYTES])
{
	return idset_has(v->serials, serial);
}

bool
view_serial_lost(const struct view *v, const uint8_t serial[VIEW_ID_BYTES],
    int64_t not_before)
{
	size_t i;

	for (i = 0; i < v->n_windows; i++)
		if (not_before >= v->windows[i].from &&
		    not_before <= v->windows[i].to)
			return !idset_has(v->known, serial);
	return false;
}

const struct service *
view_service(const struct view *v, const char *name)
{
	struct service **place = service_place(v, name);

	return place == NULL || (*place)->withdrawn ? NULL : *place;
}
