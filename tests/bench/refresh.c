#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/bodies.h"

#define TEXT 4096

struct chain {
	struct link link;
	struct run *run;
	struct bytes request; /* with the token that is good now */
};

struct run {
	struct options *o;
	struct loop loop;
	struct chain *chains;
	int64_t until_us;
	size_t waiting;
};

static void
set_token(struct chain *c, const char *token, size_t n)
{
	char form[TEXT];
	int len = snprintf(
	    form, sizeof(form), "%s%.*s", c->run->o->body, (int)n, token);

	must(len > 0 && (size_t)len < sizeof(form));
	if (c->request.p != NULL)
		bytes_drop(c->request);
	c->request = bodies_request(c->run->o, form);
}

/* Takes the next token out of an answer. */
static bool
read_token(struct chain *c, struct bytes body)
{
	static const char member[] = "\"refresh_token\":\"";
	const char *p = strstr((const char *)body.p, member);

	if (p == NULL)
		return false;
	p += sizeof(member) - 1;
	set_token(c, p, strcspn(p, "\""));
	return true;
}

static void
on_answer(struct link *k, enum link_event what)
{
	struct chain *c = k->arg;
	struct run *r = c->run;
	struct answer a;

	if (what == LINK_CLOSED) {
		r->o->tally.failed++;
		r->waiting--;
		return;
	}
	if (what == LINK_OPEN) {
		r->waiting--;
		return;
	}
	if (!link_answer(k, &a))
		return;
	if (a.status != 200 || !read_token(c, a.body)) {
		fprintf(stderr, "load: no token: %s\n", (char *)k->in);
		r->o->tally.failed++;
		r->waiting--;
		return;
	}
	tally_add(&r->o->tally, clock_mono_us() - k->sent_us);
	if (clock_mono_us() < r->until_us)
		link_send(k, c->request);
	else
		r->waiting--;
}

static void
chains_open(struct run *r)
{
	struct options *o = r->o;
	struct bytes *token;
	size_t i, n;

	token = lines_read(o->tokens_file, &n);
	must(n >= o->connections);
	r->chains = mem_new(o->connections, sizeof(*r->chains));
	r->waiting = o->connections;
	for (i = 0; i < n; i++) {
		if (i < o->connections) {
			struct chain *c = &r->chains[i];

			c->run = r;
			set_token(c, (const char *)token[i].p, token[i].n);
			c->link.on = on_answer;
			c->link.arg = c;
			link_open(&c->link, &r->loop, NULL);
		}
		bytes_drop(token[i]);
	}
	mem_free(token);
	while (r->waiting > 0)
		loop_turn(&r->loop, 1000);
}

void
run_refresh(struct options *o)
{
	struct run r = { .o = o };
	size_t i;

	loop_init(&r.loop, o->port, o->version);
	chains_open(&r);
	tally_reset(&o->tally);
	r.until_us = clock_mono_us() + o->seconds * 1000000;
	r.waiting = o->connections;
	tally_start(&o->tally);
	for (i = 0; i < o->connections; i++)
		link_send(&r.chains[i].link, r.chains[i].request);
	while (r.waiting > 0)
		loop_turn(&r.loop, 1000);
	tally_stop(&o->tally);
	tally_print(&o->tally, "refresh", "");
	for (i = 0; i < o->connections; i++) {
		link_close(&r.chains[i].link);
		bytes_drop(r.chains[i].request);
	}
	mem_free(r.chains);
	loop_release(&r.loop);
}
