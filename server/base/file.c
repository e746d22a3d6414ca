#include "base/file.h"

#include <errno.h>

#include "base/arena.h"

AUTO_DEFINE(FILE, (void)fclose);

bool
file_slurp(struct arena *a, const char *path, size_t max, struct bytes *out,
    char why[FILE_WHY_BYTES])
{
	AUTO(FILE) *f = fopen(path, "re");
	uint8_t *p;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET) != 0) {
		(void)snprintf(why, FILE_WHY_BYTES, "%s: %s", path,
		    strerrordesc_np(errno));
		return false;
	}
	if ((size_t)size > max) {
		(void)snprintf(
		    why, FILE_WHY_BYTES, "%s: over %zu bytes", path, max);
		return false;
	}
	p = arena_alloc(a, (size_t)size + 1);
	if (fread(p, 1, (size_t)size, f) != (size_t)size) {
		(void)snprintf(why, FILE_WHY_BYTES, "%s: cannot be read", path);
		return false;
	}
	*out = (struct bytes){ p, (size_t)size };
	return true;
}
