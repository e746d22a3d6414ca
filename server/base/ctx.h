/*
 * What every function that acts for a request is given: its memory, its id,
 * its one reading of the clock, and (for the layers that know them) this
 * thread's database connection and the service's wiring.
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct svc;
struct trace;

#define RID_LEN 36 /* a UUID in text */

struct ctx {
	struct arena *arena;
	struct db *db;             /* store/db: this worker's connection */
	const struct svc *svc;     /* domain/svc: keys, profiles, settings */
	const char *rid;           /* request id, also the attempt id (E5) */
	const struct trace *trace; /* whose call it is part of, or NULL */
	int64_t now;               /* seconds since 1970, UTC */
	const char *reason;        /* private reason of the last refusal */
	bool recorded;             /* and has its event, for the operator */
	int retry_after;           /* seconds, for 202, 429 and 503; 0 unset */
	/* Up to here in the feed something is refused, and the answer tells of
	 * it (domain/lineage); 0 if nothing is. */
	int64_t refused_epoch, refused_position;
};

#endif
