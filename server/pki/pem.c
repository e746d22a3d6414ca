#include "pki/pem.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define LINE_CHARS 64

/* Takes one line, without its end, off the front of text. */
static bool
take_line(struct bytes *text, struct bytes *line)
{
	const uint8_t *end;

	if (text->n == 0)
		return false;
	end = memchr(text->p, '\n', text->n);
	line->p = text->p;
	line->n = end == NULL ? text->n : (size_t)(end - text->p);
	text->n -= line->n + (end == NULL ? 0 : 1);
	text->p += line->n + (end == NULL ? 0 : 1);
	while (line->n > 0 && strchr("\r \t", line->p[line->n - 1]) != NULL)
		line->n--;
	return true;
}

static bool
starts_with(struct bytes line, const char *s)
{
	size_t n = strlen(s);

	return line.n >= n && bytes_eq((struct bytes){ line.p, n },
				  (struct bytes){ (const uint8_t *)s, n });
}

static bool
is_boundary(
    struct arena *a, struct bytes line, const char *word, const char *label)
{
	return bytes_eq(
	    line, bytes_str(arena_printf(a, "-----%s %s-----", word, label)));
}

enum pem_result
pem_next(
    struct arena *a, struct bytes *text, const char *label, struct bytes *der)
{
	struct bytes line, body;

	if (text->n > 0 && memchr(text->p, 0, text->n) != NULL)
		return PEM_BAD;
	do {
		if (!take_line(text, &line))
			return PEM_END;
	} while (!starts_with(line, "-----"));
	if (!is_boundary(a, line, "BEGIN", label))
		return PEM_BAD;
	body.p = text->p;
	do {
		body.n = (size_t)(text->p - body.p);
		if (!take_line(text, &line))
			return PEM_BAD;
	} while (!starts_with(line, "-----"));
	if (!is_boundary(a, line, "END", label))
		return PEM_BAD;
	return bytes_from_b64(a, body, der) && der->n > 0 ? PEM_BLOCK : PEM_BAD;
}

const char *
pem_text(struct arena *a, const char *label, struct bytes der)
{
	const char *b64 = bytes_b64(a, der);
	size_t n = strlen(b64), i;
	struct bytes out;
	struct buf b;

	buf_init(&b, a, 2 * n + 2 * LIMIT_NAME);
	buf_printf(&b, "-----BEGIN %s-----\n", label);
	for (i = 0; i < n; i += LINE_CHARS)
		buf_printf(&b, "%.*s\n", LINE_CHARS, b64 + i);
	buf_printf(&b, "-----END %s-----\n", label);
	buf_put(&b, (struct bytes){ (const uint8_t *)"", 1 });
	must(buf_bytes(&b, &out));
	return (const char *)out.p;
}
