/*
 * The rehearsal of a revocation on a running system: devices that are made
 * for it come the real way (allowlist, birth certificate, EST, the broker),
 * are revoked by the operator's call, and are then tried at every door.  How
 * long each door took to close is measured from before the call is sent, so
 * no figure is smaller than the time since the commit.
 *
 * No other device can be touched: only those are revoked whose keys the
 * drill has made itself, under a manufacturer, a model and a label of its
 * own, which name no owner.
 */
#ifndef CLIENT_DRILL_H
#define CLIENT_DRILL_H

#include "client/api.h"

#define DRILL_MOST 10000

/* Doors, in the order in which they are tried. */
enum drill_mark {
	DRILL_ANSWERED, /* the operator's call */
	DRILL_CUT,      /* end-of-file on the open session */
	DRILL_CONNECT,  /* the broker refuses a new one */
	DRILL_OCSP,     /* no "good" by OCSP any more */
	DRILL_STATUS,   /* the service says revoked */
	DRILL_RENEW,    /* refused with the operational certificate */
	DRILL_ENROLL,   /* refused with the birth certificate */
	DRILL_MARKS
};

struct drill_order {
	struct api service;   /* as devices call it */
	struct api admin;     /* with an operator's token */
	const char *mqtt_url; /* the broker */
	const char *dir;      /* keeps the CA of its units */
	size_t count;         /* devices, 1 to DRILL_MOST */
	int64_t within_ms;    /* what no device may take longer than; 0: any */
};

/* Times in microseconds, at which so many percent of the devices were
 * through. */
struct drill_times {
	const char *until;
	int64_t p50_us, p90_us, p99_us, max_us;
};

struct drill_report {
	const char *run; /* batch of its units */
	int64_t devices, within_ms;
	int64_t late;       /* devices that took longer than within_ms */
	int64_t unfollowed; /* answers before a broker had read of it */
	int64_t admitted;   /* by the broker, after such an answer */
	int64_t let_in;     /* by the service after an answer, by the broker
			     * after one that all had read of: never */
	struct drill_times marks[DRILL_MARKS + 1]; /* last: all of them */
	struct json_list times;
};

/* For json_write. */
extern const struct json_field drill_report_fields[];

/* Plays it and ends what it began, also after a failure; what a drill left
 * that was killed is ended by the next.  A door that stays open for a minute
 * ends the drill. */
ERR_FN drill_play(struct ctx *cx, const struct drill_order *order,
    struct drill_report *report);

#endif
