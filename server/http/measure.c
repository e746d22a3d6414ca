#include "http/measure.h"

#include "base/mem.h"
#include "codec/prom.h"

#define STATUS_LEAST 100
#define STATUSES 500
/* Each is a constant of ours. */
#define CODES 512

struct measure_route {
	tally_count status[STATUSES];
	struct timing took;
};

struct measure_side {
	const char *listener;
	struct route_table routes;
	struct measure_route *of; /* each row, and what is of none */
};

struct measure {
	tally_count handshakes[2][2]; /* TLS 1.3, resumed */
	tally_count too_many, too_fast;
	struct tally *failures, *refusals;
	struct timing queued;
};

struct measure_side *
measure_side_new(const char *listener, struct route_table table)
{
	struct measure_side *s = mem_new(1, sizeof(*s));

	s->listener = listener;
	s->routes = table;
	s->of = mem_new(table.n + 1, sizeof(*s->of));
	return s;
}

void
measure_side_free(struct measure_side *s)
{
	if (s == NULL)
		return;
	mem_free(s->of);
	mem_free(s);
}

void
measure_request(
    struct measure_side *s, const struct route *r, int status, int64_t us)
{
	size_t row = s->routes.n;
	struct measure_route *of;

	if (r >= s->routes.rows && r < s->routes.rows + s->routes.n)
		row = (size_t)(r - s->routes.rows);
	of = &s->of[row];
	/* Nothing was sent: whoever asked was gone. */
	if (status < STATUS_LEAST || status >= STATUS_LEAST + STATUSES)
		return;
	tally_more(&of->status[status - STATUS_LEAST], 1);
	timing_add(&of->took, us);
}

struct measure *
measure_new(void)
{
	struct measure *m = mem_new(1, sizeof(*m));

	m->failures = tally_new(TLS_REASONS);
	m->refusals = tally_new(CODES);
	return m;
}

void
measure_free(struct measure *m)
{
	if (m == NULL)
		return;
	tally_free(m->failures);
	tally_free(m->refusals);
	mem_free(m);
}

void
measure_refusal(struct measure *m, const struct err *e)
{
	tally_add(m->refusals, e->code, "");
}

void
measure_queued(struct measure *m, int64_t us)
{
	timing_add(&m->queued, us);
}

void
measure_handshake(struct measure *m, struct conn *c, bool late)
{
	const struct tls_session *s = &c->tls;

	if (c->session == NULL || c->counted)
		return;
	c->counted = true;
	if (s->stage == TLS_OVER)
		tally_more(&m->handshakes[s->tls13][s->resumed], 1);
	else
		tally_add(m->failures, late ? "timeout" : tls_failure(s), "");
}

void
measure_too_many(struct measure *m)
{
	tally_more(&m->too_many, 1);
}

void
measure_too_fast(struct measure *m, size_t n)
{
	tally_more(&m->too_fast, n);
}

static struct prom_labels
labels_of(const struct measure_side *s, size_t row)
{
	const struct route *r = row < s->routes.n ? &s->routes.rows[row] : NULL;

	return (struct prom_labels){
		.v = { { "listener", s->listener },
		    { "method",
			r == NULL ? "-" : router_method_name(r->method) },
		    { "route", r == NULL ? "-" : r->path } }
	};
}

static void
write_statuses(struct buf *b, const char *name, const struct measure_side *s)
{
	size_t row, i;

	for (row = 0; row <= s->routes.n; row++) {
		struct prom_labels l = labels_of(s, row);
		char code[8];

		for (i = 0; i < STATUSES; i++) {
			uint64_t n = tally_now(&s->of[row].status[i]);

			if (n == 0)
				continue;
			(void)snprintf(
			    code, sizeof(code), "%zu", STATUS_LEAST + i);
			l.v[3] = (struct prom_label){ "status", code };
			prom_sample(b, name, l, (int64_t)n);
		}
	}
}

static bool
was_asked(const struct timing *t)
{
	size_t i;

	for (i = 0; i <= TIMING_BUCKETS; i++)
		if (tally_now(&t->bucket[i]) > 0)
			return true;
	return false;
}

/* Routes that nobody asks are left out: there are many. */
void
measure_write_sides(
    struct buf *b, const struct measure_side *const *s, size_t n)
{
	static const char requests[] = "latchkey_http_requests_total";
	static const char took[] = "latchkey_http_request_seconds";
	size_t i, row;

	prom_head(b, requests, "counter", "Requests that were answered.");
	for (i = 0; i < n; i++)
		write_statuses(b, requests, s[i]);
	prom_head(b, took, "histogram",
	    "From the request line to the end of the answer.");
	for (i = 0; i < n; i++)
		for (row = 0; row <= s[i]->routes.n; row++)
			if (was_asked(&s[i]->of[row].took))
				prom_timing(b, took, labels_of(s[i], row),
				    &s[i]->of[row].took);
}

static void
write_handshakes(struct buf *b, const struct measure *m)
{
	static const char name[] = "latchkey_tls_handshakes_total";
	static const char *const version[] = { "1.2", "1.3" };
	static const char *const resumed[] = { "no", "yes" };
	static const char *const reason[2] = { "reason", NULL };
	size_t i;

	prom_head(b, name, "counter", "TLS handshakes that came to their end.");
	for (i = 0; i < 4; i++)
		prom_sample(b, name,
		    (struct prom_labels){ .v = { { "version", version[i / 2] },
					      { "resumed", resumed[i % 2] } } },
		    (int64_t)tally_now(&m->handshakes[i / 2][i % 2]));
	prom_tally(b, "latchkey_tls_handshake_failures_total",
	    "TLS handshakes that did not.", reason, m->failures);
}

void
measure_write(struct buf *b, const struct measure *m)
{
	static const char refused[] = "latchkey_connections_refused_total";
	static const char queued[] = "latchkey_queue_wait_seconds";
	static const char *const code[2] = { "code", NULL };

	write_handshakes(b, m);
	prom_head(b, refused, "counter", "Connections closed unheard.");
	prom_sample(b, refused, PROM_ONE("reason", "too-fast"),
	    (int64_t)tally_now(&m->too_fast));
	prom_sample(b, refused, PROM_ONE("reason", "too-many"),
	    (int64_t)tally_now(&m->too_many));
	prom_tally(b, "latchkey_refusals_total",
	    "Requests refused, by the code that the answer had.", code,
	    m->refusals);
	prom_head(b, queued, "histogram", "Requests waiting for a worker.");
	prom_timing(b, queued, PROM_NONE, &m->queued);
}
