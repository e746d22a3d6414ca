/*
 * Memory of one request (or one run of a tool): everything that is made
 * while answering lives here and dies at once.  The cap cannot be reached by
 * input that passed the body limits, so reaching it is a bug and aborts.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/auto.h"

struct arena;

/* An empty arena that holds at most max bytes; freed with arena_free. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);
AUTO_STRUCT_DEFINE(arena, arena_free);

/* What it may hold, and more than that from now on. */
size_t arena_max(const struct arena *a);
void arena_raise(struct arena *a, size_t max);

/* Forgets all content but keeps the memory for the next use. */
void arena_reset(struct arena *a);

/* n zeroed bytes, aligned for any object; never NULL. */
void *arena_alloc(struct arena *a, size_t n);

char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Has free_fn(p) called when the arena is reset or freed, last first. */
void arena_own(struct arena *a, void (*free_fn)(void *), void *p);

#endif
