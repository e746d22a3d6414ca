#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/bench/fleet.h"

/* Enrolled at once, beforehand: fewer than the service queues. */
#define WAVE 64

/* MQTT 3.1.1 section 3.1: clean session, keep-alive of ten minutes, the
 * device id as client id. */
static struct bytes
mqtt_connect(const char *id)
{
	static const uint8_t head[] = { 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 2, 88 };
	uint8_t packet[128];
	size_t n = strlen(id);

	must(n < 100);
	packet[0] = 0x10;
	packet[1] = (uint8_t)(sizeof(head) + 2 + n);
	memcpy(packet + 2, head, sizeof(head));
	packet[2 + sizeof(head)] = 0;
	packet[3 + sizeof(head)] = (uint8_t)n;
	memcpy(packet + 4 + sizeof(head), id, n);
	return bytes_kept((struct bytes){ packet, 4 + sizeof(head) + n });
}

static void
on_broker(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;

	if (what == LINK_OPEN) {
		link_send(k, s->request);
		return;
	}
	if (what == LINK_CLOSED) {
		printf("{\"cut\": \"%s\", \"us\": %" PRId64 "}\n", s->id,
		    clock_mono_us());
		(void)fflush(stdout);
		return;
	}
	/* CONNACK, accepted; nothing else is sent to these clients. */
	if (k->in_n < 4)
		return;
	must(k->in[0] == 0x20 && k->in[3] == 0);
	k->in_n = 0;
	s->fleet->waiting--;
}

static void
connect_devices(struct fleet *fl)
{
	size_t i;

	loop_init(&fl->mqtt, fl->o->mqtt_port, 0);
	for (i = 0; i < fl->o->units; i++) {
		struct slot *s = &fl->slots[i];
		struct unit *u = &fl->units[i];
		struct link_as as = { u->cert, u->key, NULL };

		must(u->cert != NULL);
		must(X509_NAME_get_text_by_NID(X509_get_subject_name(u->cert),
			 NID_commonName, s->id, sizeof(s->id)) > 0);
		bytes_drop(s->request);
		s->request = mqtt_connect(s->id);
		s->link.on = on_broker;
		link_open(&s->link, &fl->mqtt, &as);
		/* One after another: the broker's loop is one thread. */
		fl->waiting = 1;
		while (fl->waiting > 0)
			loop_turn(&fl->mqtt, 1000);
	}
}

void
run_broker(struct options *o)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct fleet fl;

	o->connections = o->units;
	fleet_init(&fl, o);
	fl.wave = o->units < WAVE ? o->units : WAVE;
	wait_for_driver(o->units);
	fleet_enroll(&fl);
	must(fleet_write_issued(&fl) == o->units);
	connect_devices(&fl);
	printf("{\"connected\": %zu}\n", o->units);
	(void)fflush(stdout);
	while (poll(&in, 1, 0) == 0)
		loop_turn(&fl.mqtt, 20);
	loop_release(&fl.mqtt);
	fleet_release(&fl);
}
