#include "base/mem.h"

#include <stdint.h>

_Noreturn void
must_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "bug: %s:%d: %s\n", file, line, cond);
	abort();
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
