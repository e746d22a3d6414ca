#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/bodies.h"

/* A connection, and the request that it waits for the answer to. */
struct slot {
	struct link link;
	struct run *run;
	size_t at;
};

struct run {
	struct options *o;
	struct loop loop;
	struct slot *slots;
	struct bytes *request;
	char *kind;  /* of each request */
	int64_t *us; /* of each, to the end of its answer */
	size_t n, next, waiting;
};

/* A line is the request's kind, one character, and the request, with a "|" for
 * the end of each of its lines. */
static void
read_requests(struct run *r)
{
	struct bytes *line = lines_read(r->o->bodies, &r->n);
	size_t i, j;

	r->request = mem_new(r->n, sizeof(*r->request));
	r->kind = mem_new(r->n, sizeof(*r->kind));
	r->us = mem_new(r->n, sizeof(*r->us));
	for (i = 0; i < r->n; i++) {
		size_t room = 2 * line[i].n, m = 0;
		uint8_t *p = mem_new(room, 1);

		must(line[i].n > 1);
		r->kind[i] = (char)line[i].p[0];
		for (j = 1; j < line[i].n; j++) {
			if (line[i].p[j] == '|')
				p[m++] = '\r';
			p[m++] = line[i].p[j] == '|' ? '\n' : line[i].p[j];
		}
		r->request[i] = (struct bytes){ p, m };
		bytes_drop(line[i]);
	}
	mem_free(line);
}

static void
send_next(struct slot *s)
{
	struct run *r = s->run;

	if (r->next == r->n) {
		r->waiting--;
		return;
	}
	s->at = r->next++;
	link_send(&s->link, r->request[s->at]);
}

static void
on_answer(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;
	struct run *r = s->run;
	struct answer a;

	if (what == LINK_CLOSED) {
		r->o->tally.failed++;
		r->waiting--;
	} else if (what == LINK_OPEN) {
		r->waiting--;
	} else if (link_answer(k, &a)) {
		r->us[s->at] = clock_mono_us() - k->sent_us;
		r->o->tally.failed += a.status != r->o->status;
		tally_add(&r->o->tally, r->us[s->at]);
		send_next(s);
	}
}

static void
connect_all(struct run *r)
{
	struct link_as as = { NULL, NULL, NULL };
	size_t i;

	r->slots = mem_new(r->o->connections, sizeof(*r->slots));
	r->waiting = r->o->connections;
	for (i = 0; i < r->o->connections; i++) {
		struct slot *s = &r->slots[i];

		s->run = r;
		s->link.on = on_answer;
		s->link.arg = s;
		link_open(&s->link, &r->loop, &as);
	}
	while (r->waiting > 0)
		loop_turn(&r->loop, 1000);
	must(r->o->tally.failed == 0);
}

static void
write_times(const struct run *r)
{
	FILE *f = fopen(r->o->times_file, "w");
	size_t i;

	must(f != NULL);
	for (i = 0; i < r->n; i++)
		fprintf(f, "%c\t%lld\n", r->kind[i], (long long)r->us[i]);
	must(fclose(f) == 0);
}

void
run_compare(struct options *o)
{
	struct run r = { .o = o };
	size_t i;

	loop_init(&r.loop, o->port, o->version);
	read_requests(&r);
	connect_all(&r);
	r.waiting = o->connections;
	tally_start(&o->tally);
	for (i = 0; i < o->connections; i++)
		send_next(&r.slots[i]);
	while (r.waiting > 0)
		loop_turn(&r.loop, 1000);
	tally_stop(&o->tally);
	write_times(&r);
	tally_print(&o->tally, "compare", "");
	for (i = 0; i < o->connections; i++)
		link_close(&r.slots[i].link);
	for (i = 0; i < r.n; i++)
		mem_free((void *)(uintptr_t)r.request[i].p);
	mem_free(r.request);
	mem_free(r.kind);
	mem_free(r.us);
	mem_free(r.slots);
	loop_release(&r.loop);
}
