/*
 * The rows of fuzz.c without libFuzzer: replay ROW FILE... runs the row over
 * each file.  "make check" does so with sanitizers over the corpus, "make
 * fuzz" with coverage over what it found.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
void fuzz_end(void);

static void
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = mem_new(1, LIMIT_BODY_EST), *exact;
	size_t n;

	must(f != NULL);
	n = fread(p, 1, LIMIT_BODY_EST, f);
	must(fclose(f) == 0);
	/* No byte more, so that a sanitizer sees a step too far. */
	exact = mem_new(1, n + 1);
	exact = mem_grow(exact, n > 0 ? n : 1, 1);
	memcpy(exact, p, n);
	mem_free(p);
	(void)LLVMFuzzerTestOneInput(exact, n);
	mem_free(exact);
}

int
main(int argc, char **argv)
{
	char **row = argv + 1;
	int i;

	must(argc > 1);
	(void)LLVMFuzzerInitialize(&argc, &row);
	for (i = 2; i < argc; i++)
		replay(argv[i]);
	fuzz_end();
	return 0;
}
