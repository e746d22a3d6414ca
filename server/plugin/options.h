/*
 * The plugin_opt_ lines of the broker's configuration: one table says which
 * there are; an unknown or impossible one stops the start.  The broker tells
 * of them once: what SIGHUP may change stands in the files that they name.
 */
#ifndef PLUGIN_OPTIONS_H
#define PLUGIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct mosquitto_opt;

/* Borrowed from the broker; NULL where not given. */
struct options {
	const char *database, *issuer;
	const char *trust_domain; /* empty: none */
	const char *name;
	const char *topics;
	const char *snapshot, *snapshot_key;
	const char *metrics, *status_topic;
	int64_t stale_after; /* seconds */
};

#define OPTIONS_WHY_BYTES 256

/* False with the reason. */
bool options_read(const struct mosquitto_opt *in, int n, struct options *out,
    char why[OPTIONS_WHY_BYTES]);

#endif
