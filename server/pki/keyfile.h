/*
 * The few files that hold keys and certificates: read with a check of who
 * else may, written whole or not at all.
 */
#ifndef PKI_KEYFILE_H
#define PKI_KEYFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

struct keyfile {
	char *p; /* NUL-terminated */
	size_t n;
};

/* Reads a regular file of at most 64 KiB.  A secret one must be closed to
 * group and others (SECURITY.md H4). */
bool
keyfile_read(const char *path, bool secret, struct keyfile *out, char why[256]);

/* Forgets the content. */
void keyfile_free(struct keyfile *t);

/* Writes a new file; false if the path exists. */
bool
keyfile_create(const char *path, mode_t mode, struct bytes data, char why[256]);

/* Writes a file by renaming a complete one over it. */
bool keyfile_replace(
    const char *path, mode_t mode, struct bytes data, char why[256]);

#endif
