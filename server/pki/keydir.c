#include "pki/keydir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "pki/key_internal.h"

#define PATH_BYTES 512
#define SUFFIX ".key"

/* The time in "TIME.key", if that is one. */
static bool
take_time(const char *file, int64_t *from)
{
	size_t n = strlen(file), suffix = strlen(SUFFIX);
	char text[CLOCK_TEXT_BYTES];

	if (n <= suffix || strcmp(file + n - suffix, SUFFIX) != 0 ||
	    !clock_parse(
		(struct bytes){ (const uint8_t *)file, n - suffix }, from))
		return false;
	/* One name for one time. */
	clock_text(*from, text);
	return strncmp(text, file, n - suffix) == 0 &&
	       strlen(text) == n - suffix;
}

static void
path_of(const char *dir, int64_t from, char out[PATH_BYTES])
{
	char text[CLOCK_TEXT_BYTES];

	clock_text(from, text);
	(void)snprintf(out, PATH_BYTES, "%.400s/%s" SUFFIX, dir, text);
}

static int
compare(const void *a, const void *b)
{
	const struct keydir_key *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static bool
load_one(struct keydir *kd, const char *dir, int64_t from, char why[256])
{
	char path[PATH_BYTES];
	struct keypair *kp;

	if (kd->n == KEYDIR_MAX) {
		(void)snprintf(
		    why, 256, "%.180s: more than %d keys", dir, KEYDIR_MAX);
		return false;
	}
	path_of(dir, from, path);
	kp = keypair_load(path, why);
	if (kp == NULL)
		return false;
	kd->v[kd->n++] = (struct keydir_key){ from, kp };
	if (EVP_PKEY_is_a(kp->key, "EC") && EVP_PKEY_get_bits(kp->key) == 256)
		return true;
	(void)snprintf(why, 256, "%.180s: not a P-256 key", path);
	return false;
}

struct keydir *
keydir_load(const char *dir, char why[256])
{
	struct keydir *kd = mem_new(1, sizeof(*kd));
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool ok = d != NULL;
	int64_t from;

	if (d == NULL)
		(void)snprintf(why, 256, "%.180s: %s", dir, strerror(errno));
	while (ok && (entry = readdir(d)) != NULL)
		if (take_time(entry->d_name, &from))
			ok = load_one(kd, dir, from, why);
	if (d != NULL)
		(void)closedir(d);
	if (!ok) {
		keydir_free(kd);
		return NULL;
	}
	qsort(kd->v, kd->n, sizeof(kd->v[0]), compare);
	return kd;
}

void
keydir_free(struct keydir *kd)
{
	size_t i;

	if (kd == NULL)
		return;
	for (i = 0; i < kd->n; i++)
		keypair_free(kd->v[i].kp);
	mem_free(kd);
}

bool
keydir_add(const char *dir, int64_t from, char why[256])
{
	EVP_PKEY *key;
	char path[PATH_BYTES];
	bool ok;

	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		(void)snprintf(why, 256, "%.180s: %s", dir, strerror(errno));
		return false;
	}
	path_of(dir, from, path);
	key = key_make_p256();
	ok = key_write_private(key, path, false, why);
	EVP_PKEY_free(key);
	return ok;
}

bool
keydir_remove(const char *dir, int64_t from, char why[256])
{
	char path[PATH_BYTES];

	path_of(dir, from, path);
	if (unlink(path) == 0)
		return true;
	(void)snprintf(why, 256, "%.180s: %s", path, strerror(errno));
	return false;
}
