#include "http/body.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "http/router.h"

static const struct err ERR_SPOOL = { KIND_UNAVAILABLE, "no-room",
	"The service has no room for this body now; try again later." };

void
body_init(struct body *b)
{
	*b = (struct body){ .fd = -1 };
}

void
body_in_memory(struct body *b, struct ctx *cx, size_t limit)
{
	b->limit = limit;
	buf_init(&b->mem, cx->arena, limit);
}

static int
named_file(struct ctx *cx, const char *dir)
{
	char *path = arena_printf(cx->arena, "%s/spool-XXXXXX", dir);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

const struct err *
body_in_file(struct body *b, struct ctx *cx, size_t limit, const char *dir)
{
	b->limit = limit;
	b->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* Not every file system (overlayfs) can do that. */
	if (b->fd < 0 && errno == EOPNOTSUPP)
		b->fd = named_file(cx, dir);
	if (b->fd < 0)
		return fail(
		    cx, &ERR_SPOOL, "body: %.200s: %s", dir, strerror(errno));
	return NULL;
}

static ERR_FN
write_all(struct body *b, struct ctx *cx, struct bytes part)
{
	while (part.n > 0) {
		ssize_t n = write(b->fd, part.p, part.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(
			    cx, &ERR_SPOOL, "body: %s", strerror(errno));
		part.p += n;
		part.n -= (size_t)n;
	}
	return NULL;
}

const struct err *
body_add(struct body *b, struct ctx *cx, struct bytes part)
{
	if (part.n > b->limit - b->n)
		return fail(cx, &ERR_TOO_LARGE, "body: over %zu", b->limit);
	b->n += part.n;
	if (b->fd >= 0)
		return write_all(b, cx, part);
	buf_put(&b->mem, part);
	return NULL;
}

int
body_file(const struct body *b)
{
	if (b->fd >= 0)
		must(lseek(b->fd, 0, SEEK_SET) == 0);
	return b->fd;
}

void
body_release(struct body *b)
{
	if (b->fd >= 0)
		(void)close(b->fd);
	b->fd = -1;
}
