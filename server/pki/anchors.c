#include "pki/anchors.h"

#include <pthread.h>

#include "base/mem.h"
#include "pki/digest.h"

/* More makers than that take turns: they are slower, and no less right. */
#define SLOTS 64

struct anchors {
	pthread_mutex_t lock; /* of what follows */
	struct {
		uint8_t sha256[32];
		struct trust *trust; /* NULL: free */
	} slot[SLOTS];
};

struct anchors *
anchors_new(void)
{
	struct anchors *a = mem_new(1, sizeof(*a));

	must(pthread_mutex_init(&a->lock, NULL) == 0);
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
