#include "http/pages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

#define MAX_PAGES 32
#define MAX_PAGE MIB

struct pages {
	struct page page[MAX_PAGES];
	size_t n;
};

static const char *
type_of(const char *name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	if (dot == NULL || dot == name)
		return NULL;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return NULL;
}

/* A whole file; false with errno. */
static bool
read_page(int dirfd, const char *name, struct bytes *out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t *p;
	ssize_t n;

	if (fd < 0)
		return false;
	p = mem_new(1, MAX_PAGE);
	out->n = 0;
	while ((n = read(fd, p + out->n, MAX_PAGE - out->n)) > 0)
		out->n += (size_t)n;
	(void)close(fd);
	if (n < 0 || out->n == MAX_PAGE) {
		errno = n < 0 ? errno : EFBIG;
		mem_free(p);
		return false;
	}
	out->p = mem_grow(p, 1, out->n + 1);
	return true;
}

static bool
add_page(struct pages *ps, DIR *d, const char *name)
{
	struct page *pg = &ps->page[ps->n];

	pg->type = type_of(name);
	if (pg->type == NULL)
		return true;
	if (ps->n + 1 == MAX_PAGES) {
		errno = EMFILE;
		return false;
	}
	if (!read_page(dirfd(d), name, &pg->body))
		return false;
	pg->name = mem_strdup(name);
	ps->n++;
	return true;
}

struct pages *
pages_load(const char *dir, char why[PAGES_WHY_BYTES])
{
	struct pages *ps = mem_new(1, sizeof(*ps));
	DIR *d = opendir(dir);
	struct dirent *ent;
	bool ok = d != NULL;

	while (ok && (ent = readdir(d)) != NULL)
		ok = add_page(ps, d, ent->d_name);
	if (!ok)
		(void)snprintf(why, PAGES_WHY_BYTES, "web_dir %.180s: %s", dir,
		    strerror(errno));
	if (d != NULL)
		(void)closedir(d);
	if (ok)
		return ps;
	pages_free(ps);
	return NULL;
}

void
pages_free(struct pages *ps)
{
	size_t i;

	if (ps == NULL)
		return;
	for (i = 0; i < ps->n; i++) {
		mem_free((void *)(uintptr_t)ps->page[i].name);
		mem_free((void *)(uintptr_t)ps->page[i].body.p);
	}
	mem_free(ps);
}

const struct page *
pages_get(const struct pages *ps, const char *name)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (strcmp(ps->page[i].name, name) == 0)
			return &ps->page[i];
	return NULL;
}
