/*
 * Small files read whole: certificates, migrations, key files.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>

#include "base/bytes.h"

struct arena;

#define FILE_WHY_BYTES 256

/* The content of a file of at most max bytes, in the arena and followed by a
 * NUL that is not counted; false with the reason in why. */
bool file_slurp(struct arena *a, const char *path, size_t max,
    struct bytes *out, char why[FILE_WHY_BYTES]);

#endif
