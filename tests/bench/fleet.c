#include "tests/bench/fleet.h"

#include "base/clock.h"
#include "base/mem.h"

struct bytes
fleet_text(const char *text, int n)
{
	must(n > 0 && n < TEXT);
	return bytes_kept((struct bytes){ (const uint8_t *)text, (size_t)n });
}

/* base64 in place of a library of our own: the body of EST. */
static struct bytes
enroll_request(const struct options *o, const struct unit *u)
{
	unsigned char body[TEXT / 2];
	char text[TEXT];
	int n;

	must(u->csr.n < sizeof(body) / 2);
	n = EVP_EncodeBlock(body, u->csr.p, (int)u->csr.n);
	return fleet_text(text,
	    snprintf(text, sizeof(text),
		"POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
		"Host: localhost:%u\r\nContent-Type: application/pkcs10\r\n"
		"Content-Length: %d\r\n\r\n%s",
		o->port, n, (char *)body));
}

static void
print_hex(FILE *f, const uint8_t p[32], char end)
{
	int i;

	for (i = 0; i < 32; i++)
		fprintf(f, "%02x", p[i]);
	(void)fputc(end, f);
}

/* What the driver needs to put the units on the allowlist. */
static void
write_units(const struct fleet *fl)
{
	FILE *f = fopen(fl->o->units_file, "w");
	size_t i;

	must(f != NULL);
	for (i = 0; i < fl->o->units; i++) {
		const struct unit *u = &fl->units[i];

		fprintf(f, "%s\t", u->serial);
		print_hex(f, u->birth_key_sha256, '\t');
		print_hex(f, u->birth_sha256, '\t');
		print_hex(f, u->key_sha256, '\n');
	}
	(void)fclose(f);
}

void
fleet_init(struct fleet *fl, struct options *o)
{
	struct factory f;
	char serial[UNIT_SERIAL];
	size_t i;

	memset(fl, 0, sizeof(*fl));
	fl->o = o;
	if (o->connections > o->units)
		o->connections = o->units;
	fl->wave = o->connections;
	loop_init(&fl->loop, o->port, TLS1_3_VERSION);
	fl->units = mem_new(o->units, sizeof(*fl->units));
	fl->slots = mem_new(o->connections, sizeof(*fl->slots));
	for (i = 0; i < o->connections; i++) {
		fl->slots[i].fleet = fl;
		fl->slots[i].link.arg = &fl->slots[i];
	}
	factory_open(&f, o->maker);
	for (i = 0; i < o->units; i++) {
		(void)snprintf(
		    serial, sizeof(serial), "%.20s-%06zu", o->prefix, i);
		unit_make(&fl->units[i], &f, serial);
	}
	factory_release(&f);
	write_units(fl);
}

void
fleet_release(struct fleet *fl)
{
	size_t i;

	for (i = 0; i < fl->o->units; i++)
		unit_release(&fl->units[i]);
	for (i = 0; i < fl->o->connections; i++) {
		link_close(&fl->slots[i].link);
		bytes_drop(fl->slots[i].request);
	}
	loop_release(&fl->loop);
	mem_free(fl->units);
	mem_free(fl->slots);
}

void
fleet_turn(struct fleet *fl)
{
	while (fl->waiting > 0)
		loop_turn(&fl->loop, 1000);
}

void
slot_open(struct slot *s, struct unit *u)
{
	struct link_as as = { u->birth, u->birth_key, NULL };

	s->unit = u;
	bytes_drop(s->request);
	s->request = enroll_request(s->fleet->o, u);
	link_open(&s->link, &s->fleet->loop, &as);
}

bool
slot_received(struct slot *s)
{
	struct tally *t = &s->fleet->o->tally;
	struct answer a;

	if (!link_answer(&s->link, &a))
		return false;
	if (a.status != 200) {
		t->failed++;
		return true;
	}
	tally_add(t, clock_mono_us() - s->link.sent_us);
	s->unit->answer = bytes_kept(a.body);
	return true;
}

void
slot_fail(struct slot *s)
{
	s->fleet->o->tally.failed++;
	s->fleet->waiting--;
}

static void
on_wave(struct link *k, enum link_event what)
{
	struct slot *s = k->arg;

	if (what == LINK_CLOSED)
		slot_fail(s);
	else if (what == LINK_OPEN || slot_received(s))
		s->fleet->waiting--;
}

void
fleet_enroll(struct fleet *fl)
{
	struct options *o = fl->o;
	size_t i, n;

	for (; fl->next < o->units; fl->next += n) {
		n = o->units - fl->next;
		if (n > fl->wave)
			n = fl->wave;
		fl->waiting = n;
		for (i = 0; i < n; i++) {
			fl->slots[i].link.on = on_wave;
			slot_open(&fl->slots[i], &fl->units[fl->next + i]);
		}
		fleet_turn(fl);
		fl->waiting = n;
		tally_start(&o->tally);
		for (i = 0; i < n; i++)
			if (fl->slots[i].link.ssl != NULL)
				link_send(
				    &fl->slots[i].link, fl->slots[i].request);
			else
				fl->waiting--;
		fleet_turn(fl);
		tally_stop(&o->tally);
		for (i = 0; i < n; i++)
			link_close(&fl->slots[i].link);
	}
}

size_t
fleet_write_issued(struct fleet *fl)
{
	FILE *f = fopen(fl->o->issued_file, "w");
	size_t i, good = 0;

	must(f != NULL);
	for (i = 0; i < fl->o->units; i++) {
		struct unit *u = &fl->units[i];
		BIGNUM *bn;
		char *hex, cn[64] = "";

		if (u->answer.n == 0 || !unit_received(u))
			continue;
		bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(u->cert), NULL);
		hex = BN_bn2hex(bn);
		must(X509_NAME_get_text_by_NID(X509_get_subject_name(u->cert),
			 NID_commonName, cn, sizeof(cn)) > 0);
		fprintf(f, "%s\t%s\t%s\n", u->serial, hex, cn);
		OPENSSL_free(hex);
		BN_free(bn);
		good++;
	}
	(void)fclose(f);
	return good;
}
