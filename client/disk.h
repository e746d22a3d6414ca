/*
 * Small files of a tool and of a device: read whole, written so that a power
 * cut leaves the old content or the new one and nothing between (temporary
 * file, fsync, rename, fsync of the directory).
 */
#ifndef CLIENT_DISK_H
#define CLIENT_DISK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

/* Reads at most max bytes into the arena. */
ERR_FN
disk_read(struct ctx *cx, const char *path, size_t max, struct bytes *out);

/* Reads a secret of at most max bytes: one line of hex, in a file that is
 * closed to group and others (SECURITY.md H4). */
ERR_FN disk_read_secret(
    struct ctx *cx, const char *path, size_t max, struct bytes *out);

/* Replaces the file with data, or makes it. */
ERR_FN
disk_write(struct ctx *cx, const char *path, struct bytes data, mode_t mode);

/* Makes an empty file, mode 0600, that was not there: its descriptor. */
ERR_FN disk_create(struct ctx *cx, const char *path, int *fd);

/* Appends to it durably. */
ERR_FN
disk_append(struct ctx *cx, const char *path, int fd, struct bytes data);

/* Renames, and makes the new name durable. */
ERR_FN disk_rename(struct ctx *cx, const char *from, const char *to);

/* Removes a file if it is there. */
ERR_FN disk_remove(struct ctx *cx, const char *path);

/* Removes a directory with all in it, if it is there. */
ERR_FN disk_remove_tree(struct ctx *cx, const char *dir);

bool disk_exists(const char *path);

/* dir/name, in the arena. */
const char *disk_in(struct ctx *cx, const char *dir, const char *name);

/* Makes a directory (mode 0700), and those above it, if it is missing. */
ERR_FN disk_mkdir(struct ctx *cx, const char *dir);

#endif
