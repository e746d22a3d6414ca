/*
 * The load generator: one command a run, driven by tests/bench/bench.py.
 * A command that needs the driver's hand in between (to put its units on the
 * allowlist, say) prints {"ready": ...} and waits for a line.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tests/bench/link.h"
#include "tests/bench/tally.h"
#include "tests/bench/unit.h"

struct options {
	uint16_t port, mqtt_port;
	size_t connections, units, codes, passes;
	int64_t seconds;
	int version;           /* of TLS, or 0 */
	int status;            /* of every answer, or it failed */
	bool resume, fresh;    /* resume sessions; a connection a request */
	const char *maker;     /* directory of maker.crt and maker.key */
	const char *prefix;    /* of the units' serial numbers */
	const char *client_id; /* of the model */
	const char *path, *body;
	const char *bodies; /* a file of them, one a line, sent in turn */
	const char *shown;  /* PEM of the client's certificate and key */
	const char *units_file, *issued_file; /* what the driver reads */
	const char *mac_key, *tokens_file;    /* bootstrap tokens, for wrk */
	const char *times_file;               /* of requests of two kinds */
	size_t rate;                          /* requests offered a second */
	struct tally tally;
};

/* Requests on connections that stay open, for some seconds. */
void run_request(struct options *o);
/* Refresh tokens: each connection spends its own, the next it is given, and
 * so on; body is the form before the token. */
void run_refresh(struct options *o);
/* Requests of two kinds in the order of a file, each once: how long each
 * took. */
void run_compare(struct options *o);
/* A connection for each request, for some seconds. */
void run_connect(struct options *o);
/* Holds open connections until told to end. */
void run_idle(struct options *o);
/* Every unit enrolls once, by birth certificate. */
void run_enroll(struct options *o);
/* Units with bootstrap tokens, written down for another client. */
void run_tokens(struct options *o);
/* Such units at a fixed rate, whatever the answers do: each is timed from
 * the moment it was to be sent. */
void run_offer(struct options *o);
/* Device codes, and polls of them while they are pending. */
void run_poll(struct options *o);
/* What so many open codes take of the service's memory. */
void run_open_codes(struct options *o);
/* Devices at the broker: says when each one's session was cut. */
void run_broker(struct options *o);

/* Prints {"ready": n} and waits for the driver's line. */
void wait_for_driver(size_t n);

#endif
