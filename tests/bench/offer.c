/*
 * Enrollments offered open loop: the moment of each is fixed beforehand, and
 * its time counts from that moment, whether or not a connection was free.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/token.h"

struct slot {
	struct link link;
	struct offer *offer;
	struct bytes request;
	int64_t due_us;
	struct slot *next; /* of those that are free */
};

struct offer {
	struct options *o;
	struct loop loop;
	struct token_unit *units;
	struct slot *slots;
	/* In turn, so that none is idle until the service closes it. */
	struct slot *free, **last;
	size_t next, waiting;
	int64_t began_us;
};

static struct bytes
make_request(const struct options *o, const struct token_unit *t)
{
	char body[2048], text[4096];
	int n = token_body(t, body, sizeof(body));

	n = snprintf(text, sizeof(text),
	    "POST %s HTTP/1.1\r\nHost: localhost:%u\r\n"
	    "Authorization: Basic %s\r\nContent-Type: application/pkcs10\r\n"
	    "Content-Length: %d\r\n\r\n%s",
	    o->path, o->port, t->basic, n, body);
	must(n > 0 && (size_t)n < sizeof(text));
	return bytes_kept((struct bytes){ (const uint8_t *)text, (size_t)n });
}

static void
on_event(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;
	struct offer *of = s->offer;
	struct answer a;

	if (what == LINK_OPEN) {
		of->waiting--;
	} else if (what == LINK_CLOSED) {
		of->o->tally.failed++;
		of->waiting--;
		return;
	} else if (!link_answer(k, &a)) {
		return;
	} else {
		if (a.status == 200)
			tally_add(&of->o->tally, clock_mono_us() - s->due_us);
		else
			of->o->tally.failed++;
		of->waiting--;
	}
	s->next = NULL;
	*of->last = s;
	of->last = &s->next;
}

static int64_t
due_us(const struct offer *of)
{
	return of->began_us + (int64_t)(of->next * 1000000 / of->o->rate);
}

static void
send_due(struct offer *of)
{
	while (of->next < of->o->units && of->free != NULL &&
	       due_us(of) <= clock_mono_us()) {
		struct slot *s = of->free;

		of->free = s->next;
		if (of->free == NULL)
			of->last = &of->free;
		bytes_drop(s->request);
		s->request = make_request(of->o, &of->units[of->next]);
		s->due_us = due_us(of);
		of->next++;
		of->waiting++;
		link_send(&s->link, s->request);
	}
}

static void
connect_all(struct offer *of)
{
	size_t i;

	of->waiting = of->o->connections;
	for (i = 0; i < of->o->connections; i++) {
		struct slot *s = &of->slots[i];

		s->offer = of;
		s->link.arg = s;
		s->link.on = on_event;
		link_open(&s->link, &of->loop, NULL);
	}
	while (of->waiting > 0)
		loop_turn(&of->loop, 1000);
}

static void
offer_all(struct offer *of)
{
	struct options *o = of->o;

	tally_start(&o->tally);
	of->began_us = clock_mono_us();
	while ((of->next < o->units || of->waiting > 0) &&
	       o->tally.failed < o->connections) {
		int64_t wait;

		send_due(of);
		wait = of->next < o->units && of->free != NULL
			   ? due_us(of) - clock_mono_us()
			   : 1000000;
		loop_turn_us(&of->loop, wait > 0 ? wait : 0);
	}
	tally_stop(&o->tally);
}

void
run_offer(struct options *o)
{
	struct offer of = { .o = o };
	size_t i;

	must(o->rate > 0);
	loop_init(&of.loop, o->port, TLS1_3_VERSION);
	of.units = token_units(o);
	of.slots = mem_new(o->connections, sizeof(*of.slots));
	of.last = &of.free;
	wait_for_driver(o->units);
	connect_all(&of);
	offer_all(&of);
	tally_print(&o->tally, "offer", "");
	for (i = 0; i < o->connections; i++) {
		link_close(&of.slots[i].link);
		bytes_drop(of.slots[i].request);
	}
	token_units_free(of.units, o->units);
	mem_free(of.slots);
	loop_release(&of.loop);
}
