#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/mem.h"

#define CHUNK_BYTES 8192
#define PRINTF_BYTES 512 /* what is longer is formatted twice */
#define ALIGN (sizeof(max_align_t))

struct chunk {
	struct chunk *next;
	size_t size, used;
	max_align_t data[];
};

struct owned {
	struct owned *next;
	void (*free_fn)(void *);
	void *p;
};

struct arena {
	struct chunk *chunks; /* the newest first; the last is kept on reset */
	struct owned *owned;
	size_t total, max;
};

static struct chunk *
chunk_new(size_t size, struct chunk *next)
{
	/* arena_alloc zeroes what it hands out. */
	struct chunk *c = mem_raw(sizeof(*c) + size);

	c->next = next;
	c->size = size;
	c->used = 0;
	return c;
}

struct arena *
arena_new(size_t max)
{
	struct arena *a = mem_new(1, sizeof(*a));

	a->max = max;
	a->chunks = chunk_new(CHUNK_BYTES, NULL);
	a->total = CHUNK_BYTES;
	return a;
}

size_t
arena_max(const struct arena *a)
{
	return a->max;
}

void
arena_raise(struct arena *a, size_t max)
{
	must(max >= a->max);
	a->max = max;
}

void
arena_reset(struct arena *a)
{
	while (a->owned != NULL) {
		struct owned *o = a->owned;

		a->owned = o->next;
		o->free_fn(o->p);
	}
	while (a->chunks->next != NULL) {
		struct chunk *c = a->chunks;

		a->chunks = c->next;
		explicit_bzero(c->data, c->used);
		mem_free(c);
	}
	/* Requests carry tokens and codes: do not leave them lying about. */
	explicit_bzero(a->chunks->data, a->chunks->used);
	a->chunks->used = 0;
	a->total = a->chunks->size;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	mem_free(a->chunks);
	mem_free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = a->chunks;
	uint8_t *p;

	must(n <= a->max);
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (n > c->size - c->used) {
		size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;

		must(size <= a->max && a->total <= a->max - size);
		c = chunk_new(size, c);
		a->chunks = c;
		a->total += size;
	}
	p = (uint8_t *)c->data + c->used;
	c->used += n;
	memset(p, 0, n);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n), s, n);
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	char shorter[PRINTF_BYTES], *s;
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(shorter, sizeof(shorter), fmt, args);
	must(n >= 0);
	s = arena_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof(shorter))
		memcpy(s, shorter, (size_t)n + 1);
	else
		(void)vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = arena_vprintf(a, fmt, args);
	va_end(args);
	return s;
}

void
arena_own(struct arena *a, void (*free_fn)(void *), void *p)
{
	struct owned *o = arena_alloc(a, sizeof(*o));

	o->next = a->owned;
	o->free_fn = free_fn;
	o->p = p;
	a->owned = o;
}
