#include "client/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "client/command.h"
#include "pki/keyfile.h"

static const struct err *
trouble(struct ctx *cx, const char *path)
{
	return fail(cx, &ERR_LOCAL, "%s: %s", path, strerror(errno));
}

const char *
disk_in(struct ctx *cx, const char *dir, const char *name)
{
	return arena_printf(cx->arena, "%s/%s", dir, name);
}

bool
disk_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

const struct err *
disk_read(struct ctx *cx, const char *path, size_t max, struct bytes *out)
{
	char why[FILE_WHY_BYTES] = "";

	if (!file_slurp(cx->arena, path, max, out, why))
		return fail(cx, &ERR_LOCAL, "%s", why);
	return NULL;
}

const struct err *
disk_read_secret(
    struct ctx *cx, const char *path, size_t max, struct bytes *out)
{
	struct keyfile text;
	const struct err *e = NULL;
	struct bytes hex;
	char why[256];

	if (!keyfile_read(path, true, &text, why))
		return fail(cx, &ERR_LOCAL, "%s", why);
	hex = (struct bytes){ (const uint8_t *)text.p, text.n };
	if (hex.n > 0 && hex.p[hex.n - 1] == '\n')
		hex.n--;
	if (hex.n > 2 * max || !bytes_from_hex(cx->arena, hex, out))
		e = fail(cx, &ERR_LOCAL, "%s: not up to %zu bytes in hex", path,
		    max);
	keyfile_free(&text);
	return e;
}

/* Makes the names of path's directory durable. */
static const struct err *
sync_parent(struct ctx *cx, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dir = ".";
	int fd, rc;

	if (slash != NULL)
		dir = arena_printf(cx->arena, "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return trouble(cx, dir);
	rc = fsync(fd);
	(void)close(fd);
	return rc == 0 ? NULL : trouble(cx, dir);
}

static bool
write_all(int fd, struct bytes data)
{
	while (data.n > 0) {
		ssize_t n = write(fd, data.p, data.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data.p += n;
		data.n -= (size_t)n;
	}
	return fsync(fd) == 0;
}

const struct err *
disk_write(struct ctx *cx, const char *path, struct bytes data, mode_t mode)
{
	const char *temp = arena_printf(cx->arena, "%s.new", path);
	const struct err *e;
	int fd;

	/* What a cut left behind is ours, and may have another mode. */
	e = disk_remove(cx, temp);
	if (e != NULL)
		return e;
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return trouble(cx, temp);
	if (!write_all(fd, data)) {
		e = trouble(cx, temp);
		(void)close(fd);
		return e;
	}
	if (close(fd) != 0)
		return trouble(cx, temp);
	return disk_rename(cx, temp, path);
}

const struct err *
disk_create(struct ctx *cx, const char *path, int *fd)
{
	const struct err *e;

	*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (*fd < 0)
		return trouble(cx, path);
	e = sync_parent(cx, path);
	if (e != NULL)
		(void)close(*fd);
	return e;
}

const struct err *
disk_append(struct ctx *cx, const char *path, int fd, struct bytes data)
{
	return write_all(fd, data) ? NULL : trouble(cx, path);
}

const struct err *
disk_rename(struct ctx *cx, const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return trouble(cx, to);
	return sync_parent(cx, to);
}

const struct err *
disk_remove(struct ctx *cx, const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return trouble(cx, path);
	return NULL;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

const struct err *
disk_remove_tree(struct ctx *cx, const char *dir)
{
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 &&
	    errno != ENOENT)
		return trouble(cx, dir);
	return NULL;
}

const struct err *
disk_mkdir(struct ctx *cx, const char *dir)
{
	char *path = arena_strdup(cx->arena, dir), *p;

	for (p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return trouble(cx, path);
		*p = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return trouble(cx, path);
	return NULL;
}
