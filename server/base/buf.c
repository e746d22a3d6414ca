#include "base/buf.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/mem.h"

void
buf_init(struct buf *b, struct arena *a, size_t max)
{
	*b = (struct buf){ .arena = a, .max = max };
}

/* Room for n more bytes and the NUL of printf, or NULL with the flag set. */
static uint8_t *
buf_room(struct buf *b, size_t n)
{
	if (b->overflow || n > b->max - b->n) {
		b->overflow = true;
		return NULL;
	}
	if (n >= b->cap - b->n) {
		size_t cap = b->cap == 0 ? 256 : b->cap * 2;
		uint8_t *p;

		while (cap <= b->n + n)
			cap *= 2;
		p = arena_alloc(b->arena, cap);
		if (b->n > 0)
			memcpy(p, b->p, b->n);
		b->p = p;
		b->cap = cap;
	}
	return b->p + b->n;
}

void
buf_put(struct buf *b, struct bytes data)
{
	uint8_t *p = buf_room(b, data.n);

	if (p == NULL || data.n == 0)
		return;
	memcpy(p, data.p, data.n);
	b->n += data.n;
}

void
buf_str(struct buf *b, const char *s)
{
	buf_put(b, bytes_str(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0);
	p = buf_room(b, (size_t)n);
	if (p == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf((char *)p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

bool
buf_bytes(const struct buf *b, struct bytes *out)
{
	*out = (struct bytes){ b->p, b->n };
	return !b->overflow;
}
