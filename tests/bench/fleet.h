/*
 * A fleet under way: its units, a connection for as many of them as are at
 * work at once, and what enroll, poll and broker have in common.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "tests/bench/load.h"

/* Greatest length of a request. */
#define TEXT 4096

/* A unit's connection; connection i of a wave belongs to its unit i. */
struct slot {
	struct link link;
	struct fleet *fleet;
	struct unit *unit;
	struct bytes request;
	/* Of the poll command: requests for codes, then polls of them. */
	struct bytes *codes;
	size_t at;
	char id[64]; /* of the device, at the broker */
};

struct fleet {
	struct options *o;
	struct loop loop, mqtt;
	struct unit *units;
	struct slot *slots;
	size_t wave;          /* connections at once */
	size_t next, waiting; /* unit to be sent; slots under way */
	size_t pending, slow; /* answers to polls */
};

/* Makes the units and writes them down for the driver. */
void fleet_init(struct fleet *fl, struct options *o);
void fleet_release(struct fleet *fl);

/* Turns the loop until no slot is under way. */
void fleet_turn(struct fleet *fl);

/* Enrolls all: handshakes of a wave, then all at once their requests; the
 * clock runs for these alone. */
void fleet_enroll(struct fleet *fl);

/* After the clock: writes down what the certificates are, for the driver to
 * look them up; the number that are what was asked for. */
size_t fleet_write_issued(struct fleet *fl);

/* A copy of n characters, to be dropped with bytes_drop. */
struct bytes fleet_text(const char *text, int n);

/* Connects as the unit, its enrollment ready to be sent. */
void slot_open(struct slot *s, struct unit *u);

/* Keeps what the service answered; false if it is not whole yet. */
bool slot_received(struct slot *s);
void slot_fail(struct slot *s);

#endif
