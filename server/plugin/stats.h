/*
 * What a broker did, for operators: counters, and their text for Prometheus
 * and for the status topic.  Pure; of the broker's one thread.
 */
#ifndef PLUGIN_STATS_H
#define PLUGIN_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "plugin/view.h"

#define STATS_REASONS 24
#define STATS_TOLD 4096 /* client ids whose last decision is remembered */

/* How often something happened for one reason, a constant. */
struct stats_reason {
	const char *reason;
	uint64_t n;
};

struct stats {
	struct stats_reason refused[STATS_REASONS], cut[STATS_REASONS];
	uint64_t admitted, denied; /* connections; publishing and the rest */
	uint64_t ticks, tick_us, tick_most_us;
	uint64_t told[STATS_TOLD];
};

/* What is so now. */
struct stats_now {
	const char *name;
	const struct view *view; /* NULL: not known yet */
	struct view_mark mark;   /* of the view */
	int64_t head;            /* the position that was seen last */
	int64_t age;             /* follow_age */
	size_t sessions;
	bool snapshot, kept; /* there is to be one; it is on disk */
	bool stale;          /* nobody new is admitted */
};

void stats_count(struct stats_reason by[STATS_REASONS], const char *reason);
void stats_tick(struct stats *s, int64_t us);

/* Whether this decision about the client is another than the last: those are
 * logged, and not each time it tries. */
bool
stats_is_news(struct stats *s, const char *client_id, const char *decision);

/* Prometheus' text format, version 0.0.4; in the arena. */
const char *stats_metrics(
    struct ctx *cx, const struct stats *s, const struct stats_now *now);

/* The same in short, a JSON object. */
const char *stats_status(
    struct ctx *cx, const struct stats *s, const struct stats_now *now);

#endif
