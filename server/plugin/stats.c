#include "plugin/stats.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/version.h"
#include "codec/json.h"

#define TEXT_MAX (16 * KIB)
#define P "latchkey_broker_"

void
stats_count(struct stats_reason by[STATS_REASONS], const char *reason)
{
	size_t i;

	/* Reasons are constants, fewer than places. */
	for (i = 0; i < STATS_REASONS - 1; i++)
		if (by[i].reason == NULL || strcmp(by[i].reason, reason) == 0)
			break;
	if (by[i].reason == NULL)
		by[i].reason = reason;
	by[i].n++;
}

void
stats_tick(struct stats *s, int64_t us)
{
	s->ticks++;
	s->tick_us += (uint64_t)us;
	if ((uint64_t)us > s->tick_most_us)
		s->tick_most_us = (uint64_t)us;
}

/* FNV-1a. */
static uint64_t
hash(uint64_t h, const char *text)
{
	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return h;
}

bool
stats_is_news(struct stats *s, const char *client_id, const char *decision)
{
	uint64_t who = hash(UINT64_C(0xcbf29ce484222325), client_id);
	uint64_t *place = &s->told[(who ^ who >> 32) % STATS_TOLD];
	uint64_t said = hash(who, decision);

	if (*place == said)
		return false;
	*place = said;
	return true;
}

static uint64_t
total(const struct stats_reason by[STATS_REASONS])
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < STATS_REASONS; i++)
		n += by[i].n;
	return n;
}

static void
put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP " P "%s %s\n# TYPE " P "%s %s\n", name, help,
	    name, type);
}

static void
put(struct buf *b, const char *name, const char *help, int64_t value)
{
	put_head(b, name, "gauge", help);
	buf_printf(b, P "%s %lld\n", name, (long long)value);
}

static void
put_reasons(struct buf *b, const char *name, const char *help,
    const struct stats_reason by[STATS_REASONS])
{
	size_t i;

	put_head(b, name, "counter", help);
	for (i = 0; i < STATS_REASONS && by[i].reason != NULL; i++)
		buf_printf(b, P "%s{reason=\"%s\"} %llu\n", name, by[i].reason,
		    (unsigned long long)by[i].n);
}

static void
put_view(struct buf *b, const struct stats_now *now)
{
	struct view_counts n = view_counts(now->view);
	size_t all = n.devices + n.quarantined + n.serials;

	put_head(b, "entries", "gauge", "What is refused, or quarantined.");
	buf_printf(b,
	    P "entries{kind=\"device\"} %zu\n" P
	      "entries{kind=\"quarantine\"} %zu\n" P
	      "entries{kind=\"certificate\"} %zu\n",
	    n.devices, n.quarantined, n.serials);
	put(b, "entries_bytes", "Memory that they take.",
	    (int64_t)view_bytes(now->view));
	put(b, "entry_bytes", "Memory of one of them.",
	    all == 0 ? 0 : (int64_t)(view_bytes(now->view) / all));
	put(b, "feed_epoch", "Of the feed.", now->mark.epoch);
	put(b, "feed_position", "Up to which the feed is known.",
	    now->mark.position);
	put(b, "feed_lag", "Entries of the feed that are not known yet.",
	    now->head > now->mark.position ? now->head - now->mark.position
					   : 0);
}

static void
put_work(struct buf *b, const struct stats *s)
{
	put_reasons(b, "refusals_total", "Connections refused.", s->refused);
	put_reasons(b, "cuts_total", "Sessions cut.", s->cut);
	put_head(b, "admissions_total", "counter", "Connections admitted.");
	buf_printf(
	    b, P "admissions_total %llu\n", (unsigned long long)s->admitted);
	put_head(b, "denials_total", "counter",
	    "Messages and subscriptions denied.");
	buf_printf(b, P "denials_total %llu\n", (unsigned long long)s->denied);
	put_head(b, "tick_seconds", "summary",
	    "What the loop waited for this plugin's turns.");
	buf_printf(b, P "tick_seconds_sum %.6f\n" P "tick_seconds_count %llu\n",
	    (double)s->tick_us / 1e6, (unsigned long long)s->ticks);
	put_head(b, "tick_most_seconds", "gauge", "The longest of them.");
	buf_printf(
	    b, P "tick_most_seconds %.6f\n", (double)s->tick_most_us / 1e6);
}

/* The text, which always fits. */
static const char *
text_of(struct arena *a, struct buf *b)
{
	struct bytes text;
	bool fits = buf_bytes(b, &text);
	const char *s = fits ? bytes_to_str(a, text) : NULL;

	must(s != NULL);
	return s;
}

const char *
stats_metrics(
    struct ctx *cx, const struct stats *s, const struct stats_now *now)
{
	struct buf b;

	buf_init(&b, cx->arena, TEXT_MAX);
	put_head(&b, "info", "gauge", "Which version runs.");
	buf_printf(&b, P "info{version=\"" LATCHKEY_VERSION "\"} 1\n");
	put(&b, "view_loaded", "Whether what is refused is known.",
	    now->view != NULL);
	put(&b, "admitting", "Whether anybody new is admitted.", !now->stale);
	if (now->view != NULL)
		put_view(&b, now);
	if (now->age != INT64_MAX)
		put(&b, "feed_age_seconds", "Since the feed was last read.",
		    now->age);
	if (now->snapshot)
		put(&b, "snapshot_kept",
		    "Whether what is known would survive a crash.", now->kept);
	put(&b, "sessions", "Connected.", (int64_t)now->sessions);
	put_work(&b, s);
	return text_of(cx->arena, &b);
}

const char *
stats_status(struct ctx *cx, const struct stats *s, const struct stats_now *now)
{
	struct buf b;

	buf_init(&b, cx->arena, TEXT_MAX);
	buf_printf(&b, "{\"name\": %s, \"version\": \"" LATCHKEY_VERSION "\"",
	    json_quote(cx, now->name));
	if (now->view != NULL)
		buf_printf(&b,
		    ", \"epoch\": %lld, \"position\": %lld, "
		    "\"entries\": %zu",
		    (long long)now->mark.epoch, (long long)now->mark.position,
		    view_count(now->view));
	if (now->age != INT64_MAX)
		buf_printf(&b, ", \"age\": %lld", (long long)now->age);
	if (now->snapshot)
		buf_printf(
		    &b, ", \"snapshot\": %s", now->kept ? "true" : "false");
	buf_printf(&b,
	    ", \"admitting\": %s, \"sessions\": %zu, \"admitted\": %llu, "
	    "\"refused\": %llu, \"cut\": %llu, \"denied\": %llu}",
	    now->stale ? "false" : "true", now->sessions,
	    (unsigned long long)s->admitted,
	    (unsigned long long)total(s->refused),
	    (unsigned long long)total(s->cut), (unsigned long long)s->denied);
	return text_of(cx->arena, &b);
}
