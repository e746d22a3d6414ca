#include "pki/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

#define FILE_MAX (64 * KIB)

static bool
refuse(char why[256], const char *path, const char *reason)
{
	(void)snprintf(why, 256, "%.180s: %.60s", path, reason);
	return false;
}

void
keyfile_free(struct keyfile *t)
{
	if (t == NULL || t->p == NULL)
		return;
	explicit_bzero(t->p, t->n);
	mem_free(t->p);
	t->p = NULL;
}

/* Reads to the end of the file or of the room for it. */
static bool
read_all(int fd, char *p, size_t room, size_t *n)
{
	ssize_t got;

	for (*n = 0; *n < room; *n += (size_t)got) {
		got = read(fd, p + *n, room - *n);
		if (got == -1)
			return false;
		if (got == 0)
			break;
	}
	return true;
}

bool
keyfile_read(const char *path, bool secret, struct keyfile *out, char why[256])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	bool ok;

	if (fd == -1)
		return refuse(why, path, strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return refuse(why, path, "not a regular file");
	}
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		close(fd);
		return refuse(why, path,
		    "others may read or write this secret (chmod 600)");
	}
	out->p = mem_new(1, FILE_MAX + 1);
	ok = read_all(fd, out->p, FILE_MAX + 1, &out->n);
	close(fd);
	if (ok && out->n <= FILE_MAX)
		return true;
	out->n = FILE_MAX;
	keyfile_free(out);
	return refuse(why, path, ok ? "too long" : "cannot be read");
}

static bool
write_all(int fd, struct bytes data)
{
	while (data.n > 0) {
		ssize_t put = write(fd, data.p, data.n);

		if (put == -1)
			return false;
		data.p += put;
		data.n -= (size_t)put;
	}
	return fsync(fd) == 0;
}

/* Writes a temporary file beside path and names it in temp. */
static bool
write_beside(const char *path, mode_t mode, struct bytes data,
    char temp[PATH_MAX], char why[256])
{
	int fd, n = snprintf(temp, PATH_MAX, "%s.XXXXXX", path);
	bool ok;

	if (n < 0 || n >= PATH_MAX)
		return refuse(why, path, "path too long");
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd == -1)
		return refuse(why, path, strerror(errno));
	ok = fchmod(fd, mode) == 0 && write_all(fd, data);
	if (!ok)
		(void)refuse(why, path, strerror(errno));
	close(fd);
	if (!ok)
		unlink(temp);
	return ok;
}

/* Makes a new name in the directory of path durable. */
static void
sync_directory(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		(void)snprintf(dir, sizeof(dir), ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	(void)fsync(fd);
	close(fd);
}

bool
keyfile_create(const char *path, mode_t mode, struct bytes data, char why[256])
{
	char temp[PATH_MAX];
	bool ok;

	if (!write_beside(path, mode, data, temp, why))
		return false;
	/* Unlike rename, link never replaces. */
	ok = link(temp, path) == 0;
	if (!ok)
		(void)refuse(why, path,
		    errno == EEXIST ? "exists already" : strerror(errno));
	unlink(temp);
	sync_directory(path);
	return ok;
}

bool
keyfile_replace(const char *path, mode_t mode, struct bytes data, char why[256])
{
	char temp[PATH_MAX];

	if (!write_beside(path, mode, data, temp, why))
		return false;
	if (rename(temp, path) == -1) {
		(void)refuse(why, path, strerror(errno));
		unlink(temp);
		return false;
	}
	sync_directory(path);
	return true;
}
