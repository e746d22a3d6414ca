/*
 * The heap, for objects that live as long as the process or a connection.
 * Running out of memory aborts: the supervisor restarts us.  Requests use
 * base/arena instead.  must() states an invariant; a false one is a bug and
 * aborts in every build.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define must(cond) ((cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))

_Noreturn void must_failed(const char *cond, const char *file, int line);

/*
 * For a process that serves: the heap keeps what it has had.  By default each
 * thread's heap gives its end back to the kernel whenever 128 KiB are free,
 * so that a service under load takes and clears the same pages at each batch
 * (a tenth of the CPU of a certificate).  Called once, before threads start.
 */
void mem_keep(void);

/* Zeroed memory for n objects of the given size; never NULL. */
void *mem_new(size_t n, size_t size);

/* Memory of a size, not zeroed; never NULL. */
void *mem_raw(size_t size);

/* p resized to n * size bytes (new part not zeroed); never NULL. */
void *mem_grow(void *p, size_t n, size_t size);

/* A copy of s, freed with mem_free. */
char *mem_strdup(const char *s);

void mem_free(void *p);

#endif
