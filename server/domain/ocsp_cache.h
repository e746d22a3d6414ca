/*
 * OCSP answers that are ready to be sent again, in memory, each until its
 * nextUpdate or until the feed says that its certificate or device changed
 * (SECURITY.md R10).  Nothing is kept while the feed is not followed.  What
 * nobody issued is never kept, so that asking about it displaces nothing.
 */
#ifndef DOMAIN_OCSP_CACHE_H
#define DOMAIN_OCSP_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"

#define OCSP_ID_BYTES 16
#define OCSP_TAG_BYTES 8

struct arena;
struct ocsp_cache;

/* At most that many answers. */
struct ocsp_cache *ocsp_cache_new(size_t most);
void ocsp_cache_free(struct ocsp_cache *c);
AUTO_STRUCT_DEFINE(ocsp_cache, ocsp_cache_free);

struct ocsp_kept {
	struct bytes cert_id; /* as asked: what it is found by */
	uint8_t serial[OCSP_ID_BYTES];
	uint8_t device[OCSP_ID_BYTES]; /* zeros: of no device */
	struct bytes der;
	uint8_t tag[OCSP_TAG_BYTES]; /* tells it from others */
	int64_t this_update, next_update;
};

/* Copies the answer into the arena: der, tag and the times alone; false if
 * there is none that is good at now. */
bool ocsp_cache_get(struct ocsp_cache *c, const struct ocsp_kept *asked,
    int64_t now, struct arena *a, struct ocsp_kept *out);

/* A mark to be taken before the database is asked: what is put under a mark
 * from before a change of the feed may be stale, and is not kept. */
uint64_t ocsp_cache_mark(struct ocsp_cache *c);
void
ocsp_cache_put(struct ocsp_cache *c, const struct ocsp_kept *k, uint64_t mark);

/* For who reads the feed. */
void ocsp_cache_drop_serial(
    struct ocsp_cache *c, const uint8_t serial[OCSP_ID_BYTES]);
void ocsp_cache_drop_device(
    struct ocsp_cache *c, const uint8_t device[OCSP_ID_BYTES]);
/* Drops all; keeps anything from now on only if the feed is followed. */
void ocsp_cache_follow(struct ocsp_cache *c, bool followed);

#endif
