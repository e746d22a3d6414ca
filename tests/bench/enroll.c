#include "tests/bench/fleet.h"

static void
next_unit(struct slot *s)
{
	struct fleet *fl = s->fleet;

	if (fl->next < fl->o->units)
		slot_open(s, &fl->units[fl->next++]);
	else
		fl->waiting--;
}

static void
on_fresh(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;

	if (what == LINK_OPEN) {
		link_send(k, s->request);
		return;
	}
	if (what == LINK_CLOSED)
		s->fleet->o->tally.failed++;
	else if (!slot_received(s))
		return;
	link_close(k);
	next_unit(s);
}

/* Each unit with a handshake of its own, all of it on the clock. */
static void
enroll_fresh(struct fleet *fl)
{
	size_t i;

	fl->waiting = fl->o->connections;
	tally_start(&fl->o->tally);
	for (i = 0; i < fl->o->connections; i++) {
		fl->slots[i].link.on = on_fresh;
		next_unit(&fl->slots[i]);
	}
	fleet_turn(fl);
	tally_stop(&fl->o->tally);
}

void
run_enroll(struct options *o)
{
	struct fleet fl;
	char extra[64];

	fleet_init(&fl, o);
	wait_for_driver(o->units);
	if (o->fresh)
		enroll_fresh(&fl);
	else
		fleet_enroll(&fl);
	(void)snprintf(
	    extra, sizeof(extra), ", \"issued\": %zu", fleet_write_issued(&fl));
	tally_print(&o->tally, "enroll", extra);
	fleet_release(&fl);
}
