#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/fleet.h"

static struct bytes
form_request(const struct options *o, const char *path, const char *form)
{
	char text[TEXT];

	return fleet_text(
	    text, snprintf(text, sizeof(text),
		      "POST %s HTTP/1.1\r\nHost: localhost:%u\r\n"
		      "Content-Type: application/x-www-form-urlencoded\r\n"
		      "Content-Length: %zu\r\n\r\n%s",
		      path, o->port, strlen(form), form));
}

static struct bytes
code_request(const struct options *o, const struct unit *u)
{
	unsigned char csr[TEXT / 4];
	char form[TEXT / 2];
	char *p;

	must(u->csr.n < sizeof(csr) / 2);
	(void)EVP_EncodeBlock(csr, u->csr.p, (int)u->csr.n);
	for (p = (char *)csr; *p != '\0' && *p != '='; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	*p = '\0';
	(void)snprintf(form, sizeof(form), "client_id=%s&csr=%s", o->client_id,
	    (char *)csr);
	return form_request(o, "/oauth2/device_authorization", form);
}

static struct bytes
poll_request(const struct options *o, struct bytes answer)
{
	static const char member[] = "\"device_code\":\"";
	const char *p = strstr((const char *)answer.p, member);
	char form[TEXT / 2];

	must(p != NULL);
	p += sizeof(member) - 1;
	(void)snprintf(form, sizeof(form),
	    "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3A"
	    "device_code&client_id=%s&device_code=%.*s",
	    o->client_id, (int)strcspn(p, "\""), p);
	return form_request(o, "/oauth2/token", form);
}

/* Sends the slot's next request of this round, or ends its round. */
static void
next_code(struct slot *s)
{
	if (s->at < s->fleet->o->codes)
		link_send(&s->link, s->codes[s->at]);
	else
		s->fleet->waiting--;
}

static void
on_code(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;
	struct fleet *fl = s->fleet;
	struct bytes request;
	struct answer a;

	if (what == LINK_CLOSED) {
		slot_fail(s);
		return;
	}
	if (what == LINK_DATA) {
		if (!link_answer(k, &a))
			return;
		if (a.status != 200) {
			fprintf(stderr, "load: no code: %s\n", (char *)k->in);
			slot_fail(s);
			return;
		}
		tally_add(&fl->o->tally, clock_mono_us() - k->sent_us);
		request = poll_request(fl->o, a.body);
		bytes_drop(s->codes[s->at]);
		s->codes[s->at++] = request;
	}
	next_code(s);
}

static void
on_poll(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;
	struct fleet *fl = s->fleet;
	struct answer a;

	if (what == LINK_CLOSED) {
		slot_fail(s);
		return;
	}
	if (!link_answer(k, &a))
		return;
	if (strstr((const char *)a.body.p, "authorization_pending") != NULL)
		fl->pending++;
	else if (strstr((const char *)a.body.p, "slow_down") != NULL)
		fl->slow++;
	else
		fl->o->tally.failed++;
	tally_add(&fl->o->tally, clock_mono_us() - k->sent_us);
	s->at++;
	next_code(s);
}

/* Once every code of every connection. */
static void
poll_once(struct fleet *fl)
{
	size_t i;

	fl->waiting = fl->o->connections;
	tally_start(&fl->o->tally);
	for (i = 0; i < fl->o->connections; i++) {
		struct slot *s = &fl->slots[i];

		s->at = 0;
		if (s->link.ssl != NULL)
			next_code(s);
		else
			fl->waiting--;
	}
	fleet_turn(fl);
	tally_stop(&fl->o->tally);
}

static void
make_codes(struct fleet *fl)
{
	size_t i, j;

	for (i = 0; i < fl->o->connections; i++) {
		struct slot *s = &fl->slots[i];

		s->unit = &fl->units[i];
		s->codes = mem_new(fl->o->codes, sizeof(*s->codes));
		for (j = 0; j < fl->o->codes; j++) {
			unit_rekey(s->unit);
			s->codes[j] = code_request(fl->o, s->unit);
		}
	}
}

static void
on_open(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;

	if (what == LINK_CLOSED)
		slot_fail(s);
	else
		s->fleet->waiting--;
}

static void
connect_all(struct fleet *fl)
{
	size_t i;

	fl->waiting = fl->o->connections;
	for (i = 0; i < fl->o->connections; i++) {
		struct slot *s = &fl->slots[i];
		struct link_as as = { s->unit->birth, s->unit->birth_key,
			NULL };

		s->link.on = on_open;
		link_open(&s->link, &fl->loop, &as);
	}
	fleet_turn(fl);
	must(fl->o->tally.failed == 0);
}

/* On connections that are open: the clock does not run for handshakes. */
static void
get_codes(struct fleet *fl)
{
	size_t i;

	connect_all(fl);
	fl->waiting = fl->o->connections;
	tally_start(&fl->o->tally);
	for (i = 0; i < fl->o->connections; i++) {
		fl->slots[i].link.on = on_code;
		next_code(&fl->slots[i]);
	}
	fleet_turn(fl);
	tally_stop(&fl->o->tally);
	tally_print(&fl->o->tally, "authorize", "");
	tally_reset(&fl->o->tally);
	for (i = 0; i < fl->o->connections; i++)
		fl->slots[i].link.on = on_poll;
}

void
run_poll(struct options *o)
{
	struct fleet fl;
	char extra[96];
	size_t i, j;

	fleet_init(&fl, o);
	make_codes(&fl);
	wait_for_driver(o->units);
	get_codes(&fl);
	for (i = 0; i < o->passes; i++) {
		/* No code is polled faster than its interval of a second. */
		(void)usleep(1100000);
		poll_once(&fl);
	}
	(void)snprintf(extra, sizeof(extra),
	    ", \"pending\": %zu, \"slow_down\": %zu", fl.pending, fl.slow);
	tally_print(&o->tally, "poll", extra);
	for (i = 0; i < o->connections; i++) {
		for (j = 0; j < o->codes; j++)
			bytes_drop(fl.slots[i].codes[j]);
		mem_free(fl.slots[i].codes);
	}
	fleet_release(&fl);
}
