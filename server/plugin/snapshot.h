/*
 * What a broker knows of the feed, on its own disk: read when it starts, so
 * that refusals are known before Postgres answers (SECURITY.md R9), and added
 * to as the feed goes on.  One file, mode 0600, of records each of which is
 * authenticated together with all before it, so that none can be changed,
 * moved or left out; what a crash cut off its end is older, no more.  A mark
 * says up to where and when the feed was read.  Used by the follower's thread
 * alone: no failure here changes what the running broker knows.
 *
 *	"latchkey-view-1\n", then records: length (4 octets, big-endian),
 *	payload, HMAC-SHA-256 of the HMAC before and the payload.  A payload is
 *	'E' and entries of the feed: kind (1), id (16), until (8)
 *	'S' and a service: withdrawn (1), name NUL, then '>' or '<' topic NUL
 *	'M' and a mark: epoch (8), position (8), SHA-256 (32), read at (8)
 *	'R': another feed follows; of this one the refusals stay
 */
#ifndef PLUGIN_SNAPSHOT_H
#define PLUGIN_SNAPSHOT_H

#include "base/auto.h"
#include "pki/mac.h"
#include "plugin/view.h"

struct snapshot;

/* Of that file, with that key, which it does not own. */
struct snapshot *snapshot_new(const char *path, const struct mac_key *key);
void snapshot_free(struct snapshot *s);
AUTO_STRUCT_DEFINE(snapshot, snapshot_free);

struct snapshot_head {
	struct view_mark mark;
	int64_t read_at; /* seconds since 1970 */
};

enum snapshot_found {
	SNAPSHOT_READ,
	SNAPSHOT_NONE, /* there is no file, or it cannot be opened */
	SNAPSHOT_BAD,  /* not ours, or damaged: it was put aside as FILE.bad */
};

/* Reads all of it into an empty view, which is of no use unless it returns
 * SNAPSHOT_READ; from then on it is added to. */
enum snapshot_found
snapshot_read(struct snapshot *s, struct view *v, struct snapshot_head *out);

/* Starts a new file, which takes the place of the other at the next mark; but
 * one that holds refusals of another feed is added to. */
void snapshot_begin(struct snapshot *s);
/* What was begun will not be whole: it is dropped. */
void snapshot_drop(struct snapshot *s);
/* Adds what was read of the feed, oldest first. */
void snapshot_entries(
    struct snapshot *s, const struct view_entry *entries, size_t n);
void snapshot_service(struct snapshot *s, const struct service *service);
/* Another feed follows, from its start. */
void snapshot_replaced(struct snapshot *s);
/* All before it is known; returns once it is on disk, or has failed. */
void snapshot_mark(struct snapshot *s, const struct snapshot_head *head);

/* Whether it should be begun anew: it could not be written, or holds much
 * that says nothing any more. */
bool snapshot_wants_all(const struct snapshot *s);

/* Whether it can be read after a crash now. */
bool snapshot_is_kept(const struct snapshot *s);

#endif
