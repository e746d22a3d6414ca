#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/bodies.h"
#include "tests/bench/load.h"

/* One connection and what it is for. */
struct slot {
	struct link link;
	struct run *run;
	int64_t began_us;
	SSL_SESSION *session;
	bool done; /* once, for the warm-up */
};

struct run {
	struct options *o;
	struct bodies bodies;
	struct loop loop;
	struct link_as as;
	struct slot *slots;
	int64_t until_us; /* 0: each slot once */
	size_t waiting;   /* slots under way */
	size_t resumed;
};

static void
run_init(struct run *r, struct options *o, struct unit *u)
{
	struct factory f;
	size_t i;

	memset(r, 0, sizeof(*r));
	memset(u, 0, sizeof(*u));
	r->o = o;
	loop_init(&r->loop, o->port, o->version);
	bodies_open(&r->bodies, o);
	r->slots = mem_new(o->connections, sizeof(*r->slots));
	if (o->maker != NULL) {
		factory_open(&f, o->maker);
		unit_make(u, &f, o->prefix);
		factory_release(&f);
		r->as = (struct link_as){ u->birth, u->birth_key, NULL };
	}
	if (o->shown != NULL) {
		shown_open(o->shown, u);
		r->as = (struct link_as){ u->birth, u->birth_key, NULL };
	}
	for (i = 0; i < o->connections; i++)
		r->slots[i].run = r;
}

static void
run_release(struct run *r, struct unit *u)
{
	size_t i;

	for (i = 0; i < r->o->connections; i++) {
		link_close(&r->slots[i].link);
		SSL_SESSION_free(r->slots[i].session);
	}
	mem_free(r->slots);
	bodies_release(&r->bodies);
	loop_release(&r->loop);
	unit_release(u);
}

static bool
is_over(const struct run *r)
{
	return r->until_us == 0 || clock_mono_us() >= r->until_us;
}

/* Takes an answer; false if it is not whole yet. */
static bool
count_answer(struct slot *s, int64_t since_us)
{
	struct tally *t = &s->run->o->tally;
	struct answer a;

	if (!link_answer(&s->link, &a))
		return false;
	if (a.status == s->run->o->status)
		tally_add(t, clock_mono_us() - since_us);
	else
		t->failed++;
	return true;
}

static void
on_request(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;

	if (what == LINK_CLOSED) {
		s->run->o->tally.failed++;
		s->run->waiting--;
		return;
	}
	if (what == LINK_DATA && !count_answer(s, k->sent_us))
		return;
	if (what == LINK_DATA && is_over(s->run))
		s->run->waiting--;
	else
		link_send(k, bodies_next(&s->run->bodies));
}

static void
start_all(struct run *r, void (*on)(struct link *, enum link_event))
{
	size_t i;

	for (i = 0; i < r->o->connections; i++) {
		struct slot *s = &r->slots[i];

		s->link.on = on;
		s->link.arg = s;
		s->began_us = clock_mono_us();
		link_open(&s->link, &r->loop, &r->as);
	}
	r->waiting = r->o->connections;
	while (r->waiting > 0)
		loop_turn(&r->loop, 1000);
}

void
run_request(struct options *o)
{
	struct unit u;
	struct run r;
	size_t i;

	run_init(&r, o, &u);
	start_all(&r, on_request);
	tally_reset(&o->tally);
	r.until_us = clock_mono_us() + o->seconds * 1000000;
	r.waiting = o->connections;
	tally_start(&o->tally);
	for (i = 0; i < o->connections; i++)
		if (r.slots[i].link.ssl != NULL)
			link_send(&r.slots[i].link, bodies_next(&r.bodies));
		else
			r.waiting--;
	while (r.waiting > 0)
		loop_turn(&r.loop, 1000);
	tally_stop(&o->tally);
	tally_print(&o->tally, "request", "");
	run_release(&r, &u);
}

static void
connect_again(struct slot *s)
{
	struct link_as as = s->run->as;

	as.session = s->session;
	s->began_us = clock_mono_us();
	link_open(&s->link, &s->run->loop, &as);
}

static void
on_connect(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;
	struct run *r = s->run;

	if (what == LINK_OPEN) {
		link_send(k, bodies_next(&r->bodies));
		return;
	}
	if (what == LINK_CLOSED) {
		r->o->tally.failed++;
	} else {
		if (!count_answer(s, s->began_us))
			return;
		r->resumed += SSL_session_reused(k->ssl) == 1;
		/* TLS 1.3 sends tickets after the handshake. */
		if (r->o->resume && s->session == NULL) {
			s->session = SSL_get1_session(k->ssl);
			if (!SSL_SESSION_is_resumable(s->session)) {
				SSL_SESSION_free(s->session);
				s->session = NULL;
			}
		}
		link_close(k);
	}
	if (is_over(r))
		r->waiting--;
	else
		connect_again(s);
}

void
run_connect(struct options *o)
{
	struct unit u;
	struct run r;
	char extra[64];
	size_t i;

	run_init(&r, o, &u);
	start_all(&r, on_connect);
	tally_reset(&o->tally);
	r.resumed = 0;
	r.until_us = clock_mono_us() + o->seconds * 1000000;
	r.waiting = o->connections;
	tally_start(&o->tally);
	for (i = 0; i < o->connections; i++)
		connect_again(&r.slots[i]);
	while (r.waiting > 0)
		loop_turn(&r.loop, 1000);
	tally_stop(&o->tally);
	(void)snprintf(extra, sizeof(extra), ", \"resumed\": %zu", r.resumed);
	tally_print(&o->tally, "connect", extra);
	run_release(&r, &u);
}

void
run_idle(struct options *o)
{
	struct unit u;
	struct run r;
	size_t i, open = 0;
	char extra[64];

	run_init(&r, o, &u);
	start_all(&r, on_request);
	wait_for_driver(o->connections - o->tally.failed);
	/* Notice those that were closed meanwhile. */
	loop_turn(&r.loop, 0);
	for (i = 0; i < o->connections; i++)
		open += r.slots[i].link.ssl != NULL;
	(void)snprintf(extra, sizeof(extra), ", \"open\": %zu", open);
	tally_print(&o->tally, "idle", extra);
	run_release(&r, &u);
}
