/*
 * Topics with a device's id as a level, at which something is retained, as far
 * as it was seen: what the broker keeps of a device that was released or
 * refused is purged (SECURITY.md A5), and this version of it has no way to ask
 * for a list.  What was retained before the broker started is purged when
 * somebody is about to read it.  Of the broker's one thread.
 */
#ifndef PLUGIN_RETAINED_H
#define PLUGIN_RETAINED_H

#include <stdbool.h>

#include "base/auto.h"
#include "plugin/view.h"

struct retained;

struct retained *retained_new(void);
void retained_free(struct retained *r);
AUTO_STRUCT_DEFINE(retained, retained_free);

/* Something is retained there; forgotten if it is of no device, or of more
 * topics than are watched. */
void retained_put(struct retained *r, const char *topic);

/* Whose topic it is: the first level that is an id; false if there is
 * none. */
bool retained_owner(const char *topic, uint8_t id[VIEW_ID_BYTES]);

/* Asks for a look at all of them, which retained_next does in slices. */
void retained_judge_all(struct retained *r);

/* The next topic of a device that is refused, taken out: the caller's to
 * free; NULL once n were looked at, or none is left. */
char *retained_next(struct retained *r, const struct view *v, size_t *n);

#endif
