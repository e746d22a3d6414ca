#include "tests/bench/bodies.h"

#include <openssl/pem.h>

#include "base/mem.h"

#define TEXT 8192

struct bytes
bodies_request(const struct options *o, const char *form)
{
	char text[TEXT];
	int n;

	if (form == NULL)
		n = snprintf(text, sizeof(text),
		    "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", o->path,
		    o->port);
	else
		n = snprintf(text, sizeof(text),
		    "POST %s HTTP/1.1\r\nHost: localhost:%u\r\n"
		    "Content-Type: application/x-www-form-urlencoded\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    o->path, o->port, strlen(form), form);
	must(n > 0 && (size_t)n < sizeof(text));
	return bytes_kept((struct bytes){ (const uint8_t *)text, (size_t)n });
}

struct bytes *
lines_read(const char *file, size_t *n)
{
	FILE *f = fopen(file, "r");
	struct bytes *v = NULL;
	char line[TEXT];
	size_t room = 0;

	must(f != NULL);
	for (*n = 0; fgets(line, sizeof(line), f) != NULL; ++*n) {
		if (*n == room) {
			room = room == 0 ? 1024 : room * 2;
			v = mem_grow(v, room, sizeof(*v));
		}
		line[strcspn(line, "\n")] = '\0';
		v[*n] = bytes_kept(bytes_str(line));
	}
	(void)fclose(f);
	must(*n > 0);
	return v;
}

void
bodies_open(struct bodies *b, const struct options *o)
{
	size_t i;

	b->at = 0;
	if (o->bodies == NULL) {
		b->v = mem_new(1, sizeof(*b->v));
		b->v[0] = bodies_request(o, o->body);
		b->n = 1;
		return;
	}
	b->v = lines_read(o->bodies, &b->n);
	for (i = 0; i < b->n; i++) {
		struct bytes form = b->v[i];

		b->v[i] = bodies_request(o, (const char *)form.p);
		bytes_drop(form);
	}
}

struct bytes
bodies_next(struct bodies *b)
{
	return b->v[b->at++ % b->n];
}

void
bodies_release(struct bodies *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		bytes_drop(b->v[i]);
	mem_free(b->v);
}

void
shown_open(const char *file, struct unit *u)
{
	FILE *f = fopen(file, "r");

	must(f != NULL);
	u->birth = PEM_read_X509(f, NULL, NULL, NULL);
	u->birth_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	must(u->birth != NULL && u->birth_key != NULL);
	(void)fclose(f);
}
