/*
 * A set of 16-byte ids, each with the time until which it is a member: what
 * the broker asks at every message, so hash tables of 20 bytes a slot without
 * pointers, at least a half and at most four fifths of them used.  The ids
 * are random numbers that our own service chose; no sender can make them
 * collide.
 */
#ifndef PLUGIN_IDSET_H
#define PLUGIN_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDSET_ID_BYTES 16
#define IDSET_FOREVER INT64_MAX

struct idset;

struct idset *idset_new(void);
void idset_free(struct idset *s);

/* Adds an id; one that is there keeps the later of the two times. */
void
idset_add(struct idset *s, const uint8_t id[IDSET_ID_BYTES], int64_t until);
void idset_remove(struct idset *s, const uint8_t id[IDSET_ID_BYTES]);
bool idset_has(const struct idset *s, const uint8_t id[IDSET_ID_BYTES]);
size_t idset_count(const struct idset *s);
/* What it takes of memory. */
size_t idset_bytes(const struct idset *s);

/* Adds all of another set's ids. */
void idset_merge(struct idset *s, const struct idset *from);

/* Drops members whose time is over, looking at some n places of the tables
 * only; calls in turn go round them. */
void idset_expire(struct idset *s, int64_t now, size_t n);

#endif
