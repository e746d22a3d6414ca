#include "tests/bench/token.h"

#include "base/mem.h"
#include "base/rng.h"
#include "pki/mac.h"

static void
make_token(struct token_unit *t, const struct mac_key *key)
{
	char password[64], both[128];
	uint8_t raw[32];
	struct bytes parts[2];
	int n;

	rng_bytes(raw, sizeof(raw));
	must(EVP_EncodeBlock((unsigned char *)password, raw, sizeof(raw)) > 0);
	(void)snprintf(t->id, sizeof(t->id), "bt-%s", t->unit.serial);
	parts[0] = bytes_str(t->id);
	parts[1] = bytes_str(password);
	mac_compute(key, "bootstrap", parts, 2, t->mac);
	n = snprintf(both, sizeof(both), "%s:%s", t->id, password);
	must(n > 0 && (size_t)n < sizeof(both));
	must((size_t)n < BASIC_TEXT / 4 * 3 - 3);
	must(EVP_EncodeBlock((unsigned char *)t->basic,
		 (const unsigned char *)both, n) > 0);
}

static void
print_hex(FILE *f, const uint8_t p[32], char end)
{
	int i;

	for (i = 0; i < 32; i++)
		fprintf(f, "%02x", p[i]);
	(void)fputc(end, f);
}

struct token_unit *
token_units(struct options *o)
{
	struct token_unit *v = mem_new(o->units, sizeof(*v));
	FILE *f = fopen(o->units_file, "w");
	struct mac_key *key;
	char why[256] = "";
	size_t i;

	must(f != NULL);
	key = mac_key_load(o->mac_key, why);
	must(key != NULL);
	for (i = 0; i < o->units; i++) {
		char serial[UNIT_SERIAL];

		(void)snprintf(
		    serial, sizeof(serial), "%.20s-%07zu", o->prefix, i);
		unit_make_bare(&v[i].unit, serial);
		make_token(&v[i], key);
		fprintf(f, "%s\t%s\t", serial, v[i].id);
		print_hex(f, v[i].mac, '\t');
		print_hex(f, v[i].unit.key_sha256, '\n');
	}
	mac_key_free(key);
	must(fclose(f) == 0);
	return v;
}

void
token_units_free(struct token_unit *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		unit_release(&v[i].unit);
	mem_free(v);
}

int
token_body(const struct token_unit *t, char *out, size_t max)
{
	must((t->unit.csr.n + 2) / 3 * 4 < max);
	return EVP_EncodeBlock(
	    (unsigned char *)out, t->unit.csr.p, (int)t->unit.csr.n);
}

void
run_tokens(struct options *o)
{
	struct token_unit *v = token_units(o);
	FILE *f = fopen(o->tokens_file, "w");
	char body[2048];
	size_t i;

	must(f != NULL);
	for (i = 0; i < o->units; i++) {
		(void)token_body(&v[i], body, sizeof(body));
		fprintf(f, "%s\t%s\n", v[i].basic, body);
	}
	must(fclose(f) == 0);
	printf("{\"units\": %zu}\n", o->units);
	(void)fflush(stdout);
	token_units_free(v, o->units);
}
