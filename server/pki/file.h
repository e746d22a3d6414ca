/*
 * The few files that hold keys and certificates: read with a check of who
 * else may, written whole or not at all.
 */
#ifndef PKI_FILE_H
#define PKI_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

struct file_text {
	char *p; /* NUL-terminated */
	size_t n;
};

/* Reads a regular file of at most 64 KiB.  A secret one must be closed to
 * group and others (SECURITY.md H4). */
bool
file_read(const char *path, bool secret, struct file_text *out, char why[256]);

/* Forgets the content. */
void file_text_free(struct file_text *t);

/* Writes a new file; false if the path exists. */
bool
file_create(const char *path, mode_t mode, struct bytes data, char why[256]);

/* Writes a file by renaming a complete one over it. */
bool
file_replace(const char *path, mode_t mode, struct bytes data, char why[256]);

#endif
