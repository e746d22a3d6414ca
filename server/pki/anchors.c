#include "pki/anchors.h"

#include <pthread.h>

#include "base/mem.h"
#include "pki/digest.h"

/* More makers than that take turns: they are slower, and no less right. */
#define SLOTS 64

/* Of chains, each of some device's: 3 MiB. */
#define PATHS 65536

struct anchors {
	pthread_mutex_t lock; /* of what follows */
	struct {
		uint8_t sha256[32];
		struct trust *trust; /* NULL: free */
	} slot[SLOTS];
	pthread_mutex_t path_lock;       /* of what follows */
	struct anchors_path path[PATHS]; /* until 0: free */
};

struct anchors *
anchors_new(void)
{
	struct anchors *a = mem_new(1, sizeof(*a));

	must(pthread_mutex_init(&a->lock, NULL) == 0);
	must(pthread_mutex_init(&a->path_lock, NULL) == 0);
	return a;
}

void
anchors_free(struct anchors *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < SLOTS; i++)
		trust_free(a->slot[i].trust);
	must(pthread_mutex_destroy(&a->lock) == 0);
	must(pthread_mutex_destroy(&a->path_lock) == 0);
	mem_free(a);
}

/* Puts a new trust where the hash points, for whoever was there. */
static struct trust *
replace(
    struct anchors *a, size_t i, const uint8_t sha256[32], struct trust *new)
{
	struct trust *old;

	must(pthread_mutex_lock(&a->lock) == 0);
	old = a->slot[i].trust;
	memcpy(a->slot[i].sha256, sha256, 32);
	a->slot[i].trust = trust_share(new);
	must(pthread_mutex_unlock(&a->lock) == 0);
	trust_free(old);
	return new;
}

struct trust *
anchors_get(struct anchors *a, struct bytes der)
{
	struct trust *found = NULL;
	uint8_t sha256[32];
	size_t i;

	digest_sha256(der, sha256);
	i = sha256[0] % SLOTS;
	must(pthread_mutex_lock(&a->lock) == 0);
	if (a->slot[i].trust != NULL &&
	    bytes_eq(BYTES_OF(a->slot[i].sha256), BYTES_OF(sha256)))
		found = trust_share(a->slot[i].trust);
	must(pthread_mutex_unlock(&a->lock) == 0);
	if (found != NULL)
		return found;
	found = trust_new(&der, 1);
	return found == NULL ? NULL : replace(a, i, sha256, found);
}

/* What comes later takes the place of what was there. */
static struct anchors_path *
path_of(struct anchors *a, const uint8_t of[32])
{
	uint64_t h;

	memcpy(&h, of, sizeof(h));
	return &a->path[h % PATHS];
}

bool
anchors_recall(struct anchors *a, const uint8_t of[32], int64_t now)
{
	const struct anchors_path *p = path_of(a, of);
	bool good;

	must(pthread_mutex_lock(&a->path_lock) == 0);
	good = bytes_eq(BYTES_OF(p->of), (struct bytes){ of, 32 }) &&
	       p->from <= now && now < p->until;
	must(pthread_mutex_unlock(&a->path_lock) == 0);
	return good;
}

void
anchors_remember(struct anchors *a, const struct anchors_path *path)
{
	must(pthread_mutex_lock(&a->path_lock) == 0);
	*path_of(a, path->of) = *path;
	must(pthread_mutex_unlock(&a->path_lock) == 0);
}
