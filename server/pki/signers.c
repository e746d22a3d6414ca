#include "pki/signers.h"

#include <dirent.h>
#include <errno.h>

#include "base/mem.h"
#include "base/text.h"

struct one {
	char name[64];
	struct signer *signer;
};

struct signers {
	struct one v[SIGNERS_MAX];
	size_t n;
};

/* The CA's name in "NAME.crt", if that is one. */
static bool
take_name(const char *file, char name[64])
{
	size_t n = strlen(file);

	if (n < 5 || n - 4 > 63 || strcmp(file + n - 4, ".crt") != 0)
		return false;
	(void)snprintf(name, 64, "%.*s", (int)(n - 4), file);
	return text_is_slug(bytes_str(name));
}

static bool
open_one(struct signers *s, const char *dir, const char *name, char why[256])
{
	char cert[512], key[512];
	struct one *one = &s->v[s->n];
	bool same;

	if (s->n == SIGNERS_MAX) {
		(void)snprintf(
		    why, 256, "%.120s: %.60s: too many issuing CAs", dir, name);
		return false;
	}
	(void)snprintf(cert, sizeof(cert), "%.400s/%s.crt", dir, name);
	(void)snprintf(key, sizeof(key), "%.400s/%s.key", dir, name);
	(void)snprintf(one->name, sizeof(one->name), "%s", name);
	one->signer = signer_open(cert, key, why);
	if (one->signer == NULL)
		return false;
	if (signers_find(s, name) < 0) {
		s->n++;
		return true;
	}
	same = bytes_eq(signer_cert(one->signer), signer_cert(s->v[0].signer));
	signer_free(one->signer);
	one->signer = NULL;
	if (!same)
		(void)snprintf(why, 256,
		    "%.120s: %.60s: this name is the main CA's", dir, name);
	return same;
}

static bool
open_all(struct signers *s, const char *dir, char why[256])
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool ok = true;
	char name[64];

	if (d == NULL) {
		(void)snprintf(why, 256, "%.180s: %s", dir, strerror(errno));
		return false;
	}
	while (ok && (entry = readdir(d)) != NULL)
		if (take_name(entry->d_name, name))
			ok = open_one(s, dir, name, why);
	(void)closedir(d);
	return ok;
}

struct signers *
signers_open(struct signer *main_ca, const char *main_cert, const char *dir,
    char why[256])
{
	struct signers *s = mem_new(1, sizeof(*s));
	const char *slash = strrchr(main_cert, '/');

	if (!take_name(slash == NULL ? main_cert : slash + 1, s->v[0].name))
		(void)snprintf(s->v[0].name, sizeof(s->v[0].name), SIGNER_MAIN);
	s->v[0].signer = main_ca;
	s->n = 1;
	if (dir[0] == '\0' || open_all(s, dir, why))
		return s;
	signers_free(s);
	return NULL;
}

void
signers_free(struct signers *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		signer_free(s->v[i].signer);
	mem_free(s);
}

const struct signer *
signers_get(const struct signers *s, const char *name)
{
	int i = strcmp(name, SIGNER_MAIN) == 0 ? 0 : signers_find(s, name);

	return i < 0 ? NULL : s->v[i].signer;
}

int
signers_find(const struct signers *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return (int)i;
	return -1;
}

const struct signer *
signers_at(const struct signers *s, size_t i)
{
	return i < s->n ? s->v[i].signer : NULL;
}

const char *
signers_name(const struct signers *s, size_t i)
{
	must(i < s->n);
	return s->v[i].name;
}

size_t
signers_certs(const struct signers *s, struct bytes out[SIGNERS_MAX])
{
	size_t i;

	for (i = 0; i < s->n; i++)
		out[i] = signer_cert(s->v[i].signer);
	return s->n;
}
