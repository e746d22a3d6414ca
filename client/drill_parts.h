/*
 * The parts of a drill: its units before they are revoked, and after.
 */
#ifndef CLIENT_DRILL_PARTS_H
#define CLIENT_DRILL_PARTS_H

#include "client/crowd.h"
#include "client/device.h"
#include "client/drill.h"

struct drill_unit {
	char serial[32];
	const char *dir;
	struct device device;
	bool opened;                 /* device is to be closed */
	char id[40];                 /* of the device; "": not enrolled */
	char certificate[64];        /* its serial number */
	size_t seat;                 /* its session */
	bool unfollowed;             /* what revoked it was answered so */
	int64_t us[DRILL_MARKS + 1]; /* since the call was sent */
};

struct drill {
	struct ctx *cx;
	const struct drill_order *order;
	char run[16];
	const char *maker, *home; /* directories: the CA, and the units */
	struct crowd *crowd;
	struct drill_unit *units;
	int64_t admitted, let_in; /* as in struct drill_report */
	int64_t unfollowed_calls;
	bool unfollowed; /* as the last call's answer said */
	int64_t said_us; /* when progress was last shown */
};

extern const struct err ERR_DRILL;

/* One unit's turn, with memory of its own. */
typedef const struct err *
drill_step(struct drill *d, struct ctx *cx, struct drill_unit *u);

/* Every unit in turn; doing is what progress says. */
ERR_FN drill_each(struct drill *d, const char *doing, drill_step *step);

/* Registers what the drill needs, once for all drills, and ends what an
 * earlier one left. */
ERR_FN drill_prepare(struct drill *d);

/* Makes the units and puts them on the allowlist. */
ERR_FN drill_make(struct drill *d);

/* Has the unit enroll and connect. */
ERR_FN drill_join(struct drill *d, struct ctx *cx, struct drill_unit *u);

/* Ends the units' life. */
ERR_FN drill_end(struct drill *d);

/* A call as operator; what is "METHOD /path".  d->unfollowed says what its
 * answer said. */
ERR_FN drill_call(struct drill *d, struct ctx *cx, const char *what,
    const struct api_shape *in, const struct api_shape *out);

#endif
