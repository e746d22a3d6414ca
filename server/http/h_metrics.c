#include "base/arena.h"
#include "base/limits.h"
#include "base/version.h"
#include "codec/prom.h"
#include "domain/budget.h"
#include "domain/consumers.h"
#include "domain/crls.h"
#include "domain/expiring.h"
#include "domain/metrics.h"
#include "domain/ops.h"
#include "domain/svc.h"
#include "domain/waiting.h"
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/problem.h"

/* All routes with all their buckets, and as many consumers as may be. */
#define TEXT_MAX (1 * MIB)

static void
write_consumers(struct buf *b, const struct plane_status *st)
{
	static const struct {
		const char *name, *help;
		size_t offset; /* of an int64_t in struct consumer */
	} gauges[] = {
		{ "latchkey_consumer_epoch", "Epoch it has reached.",
		    offsetof(struct consumer, epoch) },
		{ "latchkey_consumer_position", "Position it has reached.",
		    offsetof(struct consumer, position) },
		{ "latchkey_consumer_lag", "Entries it has not read.",
		    offsetof(struct consumer, lag) },
		{ "latchkey_consumer_behind_seconds",
		    "Age of the oldest of them.",
		    offsetof(struct consumer, behind_seconds) },
		{ "latchkey_consumer_silent_seconds",
		    "Since it was heard of last.",
		    offsetof(struct consumer, silent_seconds) },
	};
	size_t i, k;

	prom_gauge(b, "latchkey_feed_epoch", "Epoch of the feed of refusals.",
	    st->epoch);
	prom_gauge(b, "latchkey_feed_position", "Newest entry of the feed.",
	    st->position);
	for (i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		prom_head(b, gauges[i].name, "gauge", gauges[i].help);
		for (k = 0; k < st->n; k++) {
			const struct consumer *c = &st->consumers[k];
			const void *at = (const char *)c + gauges[i].offset;

			prom_sample(b, gauges[i].name,
			    (struct prom_labels){ .v = { { "kind", c->kind },
						      { "name", c->name } } },
			    *(const int64_t *)at);
		}
	}
}

static void
write_crls(struct buf *b, const struct crl_sums *sums)
{
	static const char lists[] = "latchkey_maker_crls";
	static const char sources[] = "latchkey_maker_crl_sources";

	prom_head(b, lists, "gauge", "Revocation lists of makers.");
	prom_sample(b, lists, PROM_ONE("state", "current"), sums->current);
	prom_sample(b, lists, PROM_ONE("state", "ended"), sums->ended);
	prom_head(b, sources, "gauge", "Where they are fetched.");
	prom_sample(b, sources, PROM_ONE("state", "good"),
	    sums->sources - sums->failing);
	prom_sample(b, sources, PROM_ONE("state", "failing"), sums->failing);
}

static void
write_expiring(struct buf *b, const struct expiry *x)
{
	static const char name[] = "latchkey_device_certificates_expiring";

	prom_head(b, name, "gauge",
	    "Certificates of devices without a successor that end within.");
	if (x->counted_at != 0) {
		prom_sample(b, name, PROM_ONE("within", "1h"), x->hour);
		prom_sample(b, name, PROM_ONE("within", "1d"), x->day);
		prom_sample(b, name, PROM_ONE("within", "7d"), x->week);
	}
	prom_gauge(b, "latchkey_device_certificates_counted_timestamp_seconds",
	    "When they were counted; 0: not yet.", x->counted_at);
}

/* What all nodes share. */
static ERR_FN
write_shared(struct ctx *cx, struct buf *b)
{
	struct plane_status st;
	struct crl_sums sums;
	int64_t taken, limit;
	struct expiry expiring;
	const struct err *e = consumers_status(cx, &st);

	if (e == NULL)
		e = crls_sum_up(cx, &sums);
	if (e == NULL)
		e = budget_look(cx, &taken, &limit);
	if (e == NULL)
		e = expiring_look(cx, &expiring);
	if (e != NULL)
		return e;
	write_consumers(b, &st);
	write_crls(b, &sums);
	write_expiring(b, &expiring);
	prom_gauge(b, "latchkey_guesses",
	    "Wrong codes of everybody that count now.", taken);
	prom_gauge(b, "latchkey_guesses_limit",
	    "Of so many that may count (guesses_service).", limit);
	return NULL;
}

static void
write_checks(struct buf *b, const struct ops_state *s)
{
	static const char name[] = "latchkey_check";
	size_t i;

	prom_gauge(
	    b, "latchkey_ready", "Whether /readyz says so.", s->e == NULL);
	prom_head(b, name, "gauge", "Checks of /readyz, by name: 1 is well.");
	for (i = 0; i < s->n; i++)
		prom_sample(b, name, PROM_ONE("check", s->check[i].name),
		    s->check[i].missing == NULL);
}

static void
write_authorities(struct ctx *cx, struct buf *b, int64_t tls_not_after)
{
	static const char expiry[] = "latchkey_ca_expiry_timestamp_seconds";
	static const char age[] = "latchkey_crl_age_seconds";
	static const char next[] = "latchkey_crl_next_update_timestamp_seconds";
	struct ops_authority v[OPS_AUTHORITIES];
	size_t i, n = ops_authorities(cx, v);

	prom_gauge(b, "latchkey_tls_certificate_expiry_timestamp_seconds",
	    "When our server certificate expires.", tls_not_after);
	prom_head(b, expiry, "gauge", "When a CA's certificate expires.");
	for (i = 0; i < n; i++)
		prom_sample(
		    b, expiry, PROM_ONE("ca", v[i].name), v[i].not_after);
	prom_head(b, age, "gauge", "Age of a CA's complete list.");
	for (i = 0; i < n; i++)
		if (v[i].crl_made != 0)
			prom_sample(b, age, PROM_ONE("ca", v[i].name),
			    cx->now - v[i].crl_made);
	prom_head(b, next, "gauge", "Until when that list is good.");
	for (i = 0; i < n; i++)
		if (v[i].crl_made != 0)
			prom_sample(
			    b, next, PROM_ONE("ca", v[i].name), v[i].crl_next);
}

static void
write_pools(
    struct buf *b, const struct svc *svc, const struct server_parts *parts)
{
	static const char depth[] = "latchkey_queue_depth";
	struct queue_state q;

	queue_look(parts->queue, &q);
	prom_head(b, depth, "gauge", "Requests that wait for a worker.");
	prom_sample(
	    b, depth, PROM_ONE("lane", "open"), (int64_t)q.taken[LANE_OPEN]);
	prom_sample(b, depth, PROM_ONE("lane", "reserved"),
	    (int64_t)q.taken[LANE_RESERVED]);
	prom_gauge(b, "latchkey_queue_limit", "Of so many that may wait.",
	    (int64_t)q.size);
	prom_gauge(b, "latchkey_workers",
	    "Threads that run requests, each with a database connection.",
	    svc->set.workers);
	prom_gauge(b, "latchkey_workers_busy", "Of them, at work.",
	    svc->set.workers - (int64_t)q.idle);
	prom_gauge(b, "latchkey_connections", "Open connections.",
	    (int64_t)conns_count(parts->conns));
	prom_gauge(b, "latchkey_connections_limit",
	    "Of so many that may be open, on each address.",
	    svc->set.connections);
	prom_gauge(b, "latchkey_waiting_requests",
	    "Requests set aside until there is news.",
	    (int64_t)waiting_count(svc->waiting));
}

static void
write_work(struct buf *b, const struct metrics *m)
{
	static const char *const verdict[2] = { "format", "reason" };
	static const char *const certificate[2] = { "kind", "model" };
	static const char *const grant[2] = { "grant", NULL };
	static const char answers[] = "latchkey_revocation_answers_total";

	prom_tally(b, "latchkey_attestation_verdicts_total",
	    "Evidence that was judged.", verdict, m->verdicts);
	prom_tally(b, "latchkey_certificates_total",
	    "Certificates that were issued to devices.", certificate,
	    m->certificates);
	prom_tally(b, "latchkey_tokens_total", "Access tokens that were given.",
	    grant, m->tokens);
	prom_head(b, answers, "counter",
	    "Answers to who took trust away; followed: all had read of it.");
	prom_sample(b, answers, PROM_ONE("followed", "true"),
	    (int64_t)tally_now(&m->followed));
	prom_sample(b, answers, PROM_ONE("followed", "false"),
	    (int64_t)tally_now(&m->unfollowed));
}

/* What the database would tell is left out while it is away: the rest is what
 * one looks for then. */
const struct err *
get_metrics(struct ctx *cx, struct request *rq, struct reply *rs)
{
	const struct server_parts *parts = request_server(rq);
	int64_t tls_at = tls_not_after(parts->tls);
	struct ops_state state;
	struct bytes body;
	struct buf b;

	arena_raise(cx->arena, 4 * TEXT_MAX);
	buf_init(&b, cx->arena, TEXT_MAX);
	ops_look(cx, tls_at, &state);
	prom_head(&b, "latchkey_build_info", "gauge", "Which version runs.");
	prom_sample(&b, "latchkey_build_info",
	    PROM_ONE("version", LATCHKEY_VERSION), 1);
	write_checks(&b, &state);
	write_pools(&b, cx->svc, parts);
	measure_write(&b, parts->measure);
	measure_write_sides(&b, parts->counts, parts->n_counts);
	write_work(&b, cx->svc->metrics);
	write_authorities(cx, &b, tls_at);
	if (state.e == NULL && write_shared(cx, &b) != NULL)
		return fail(cx, &ERR_STORE, "metrics: the database went away");
	if (!buf_bytes(&b, &body))
		return fail(cx, &ERR_INTERNAL, "metrics: too many");
	reply_body(rs, 200, PROM_TYPE, body);
	reply_header(rs, "Cache-Control", "no-store");
	return NULL;
}
