/*
 * What the broker knows of refusals and services: the feed, folded.  Pure
 * memory, owned by the broker's one thread once the follower has handed it
 * over; it is never asked to forget a refusal that it has seen.
 */
#ifndef PLUGIN_VIEW_H
#define PLUGIN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "store/view.h"

struct view;

/* Topic patterns of one service, made by service_new from its rows. */
struct service {
	char *name;
	char **publish, **subscribe; /* NULL-terminated */
	bool withdrawn;
};

/* A service of that name from those of the rows that are its own; without
 * any it is withdrawn. */
struct service *
service_new(const char *name, const struct view_topic *rows, size_t n);
void service_free(struct service *s);

struct view *view_new(void);
void view_free(struct view *v);
AUTO_STRUCT_DEFINE(view, view_free);

/* Folds one entry in; those about services say nothing by themselves. */
void view_apply(struct view *v, const struct view_entry *entry);

/* Takes over the service, replacing the one of its name. */
void view_put_service(struct view *v, struct service *s);

/* Adds what an older view refused for good: a database restored from a
 * backup does not make a refusal unseen (SECURITY.md R9). */
void view_keep(struct view *v, const struct view *older);
/* The same of quarantines, while nobody has recovered the database. */
void view_keep_quarantined(struct view *v, const struct view *older);

/* Forgets all else: another feed follows, and says it anew. */
void view_keep_refusals(struct view *v);

struct view_counts {
	size_t devices, quarantined, serials;
};

/* Entries that it holds, of each kind and in all, and the memory they
 * take. */
struct view_counts view_counts(const struct view *v);
size_t view_count(const struct view *v);
size_t view_bytes(const struct view *v);

/* Drops refused serials whose time is over, a slice of them a call. */
void view_expire(struct view *v, int64_t now);

bool view_device_refused(const struct view *v, const uint8_t id[VIEW_ID_BYTES]);
bool view_quarantined(const struct view *v, const uint8_t id[VIEW_ID_BYTES]);
bool
view_serial_refused(const struct view *v, const uint8_t serial[VIEW_ID_BYTES]);

/* Whether a certificate of that notBefore was issued in a time that a restored
 * database lost, and did not survive otherwise (R6). */
bool view_serial_lost(const struct view *v, const uint8_t serial[VIEW_ID_BYTES],
    int64_t not_before);

/* NULL if there is no such service, or it was withdrawn. */
const struct service *view_service(const struct view *v, const char *name);

#endif
