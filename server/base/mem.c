#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>

#define KEEP_BYTES (8 << 20)   /* a heap's free end, before it is given back */
#define STEP_BYTES (256 << 10) /* by which a heap grows */

_Noreturn void
must_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "bug: %s:%d: %s\n", file, line, cond);
	abort();
}

void
mem_keep(void)
{
	/* A matter of speed: an allocator that does not know it may refuse. */
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	(void)mallopt(M_TOP_PAD, STEP_BYTES);
}

void *
mem_new(size_t n, size_t size)
{
	void *p = calloc(n, size);

	must(p != NULL);
	return p;
}

void *
mem_raw(size_t size)
{
	void *p = malloc(size);

	must(p != NULL);
	return p;
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	void *q;

	must(size != 0 && n <= SIZE_MAX / size);
	q = realloc(p, n * size);
	must(q != NULL);
	return q;
}

char *
mem_strdup(const char *s)
{
	char *p = strdup(s);

	must(p != NULL);
	return p;
}

void
mem_free(void *p)
{
	free(p);
}
