/*
 * Reading the feed of what is refused, for those who keep a view of it in
 * memory (the broker's plugin).  The feed is its own snapshot: whoever reads
 * it from the start to its head holds the whole, since positions have no
 * gaps and appear in order (SECURITY.md R1); from there on only what came
 * after the head is read.  Statements here need the broker's role alone.
 */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include "store/db.h"

#define VIEW_ID_BYTES 16

extern const struct stmt *const view_stmts[];

/* A place in the feed: all entries up to and with it are known.  The hash
 * is that entry's, so that a place in a feed which was restored from a
 * backup, and went on differently, is not mistaken for ours. */
struct view_mark {
	int64_t epoch, position;
	uint8_t sha256[32];
};

enum view_kind {
	VIEW_CERTIFICATE, /* the serial is refused until it has expired */
	VIEW_DEVICE,      /* the device id is refused for good */
	VIEW_QUARANTINE,
	VIEW_LIFT,
	VIEW_SERVICE, /* the service's row must be read again */
	VIEW_REMOVED, /* nothing of a broker's */
	VIEW_WINDOW,  /* certificates that may not have survived (R6) */
	VIEW_KNOWN,   /* the serial is of one that has */
};

struct view_entry {
	enum view_kind kind;
	/* Device id, or serial number filled with zeros from the left; the
	 * first and last notBefore of a window, 8 octets each. */
	uint8_t id[VIEW_ID_BYTES];
	int64_t until;       /* 0: for good */
	const char *service; /* in the arena; VIEW_SERVICE only */
	int64_t epoch, position;
};

/* One topic pattern of a service; a service without any has one row with
 * topic NULL. */
struct view_topic {
	const char *service, *topic; /* in the arena */
	bool publish;                /* else subscribe */
};

/* The newest committed place of the feed. */
ERR_FN view_read_head(struct ctx *cx, struct view_mark *head);

/* Whether the feed still holds the entry at this place. */
ERR_FN
view_mark_holds(struct ctx *cx, const struct view_mark *mark, bool *holds);

/* The next entries after one place and up to another, oldest first, in the
 * arena.  Those that no longer say anything at cx->now are left out.  Call
 * again from the last one's place until *n is 0. */
ERR_FN view_read_entries(struct ctx *cx, const struct view_mark *after,
    const struct view_mark *upto, struct view_entry **out, size_t *n);

/* The topics of all services in use; one that was withdrawn has no rows. */
ERR_FN view_read_topics(struct ctx *cx, struct view_topic **out, size_t *n);

/* How ids are kept: a UUID's 16 bytes, from lower-case text; a serial number
 * filled with zeros from the left, false if it is longer. */
bool view_id_of_uuid(const char *uuid, uint8_t id[VIEW_ID_BYTES]);
bool view_id_of_serial(struct bytes serial, uint8_t id[VIEW_ID_BYTES]);

#endif
