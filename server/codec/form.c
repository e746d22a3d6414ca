#include "codec/form.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "base/text.h"

const struct err ERR_BAD_FORM = { KIND_INVALID, "bad-form",
	"The parameters are malformed or repeated." };

struct form {
	struct {
		const char *name, *value;
	} field[LIMIT_FORM_FIELDS];
	size_t n;
};

/* What "+" and "%XX" stand for, with the bytes that may not stand bare
 * refused; NULL if text is malformed. */
static const char *
decode(struct arena *a, struct bytes text)
{
	uint8_t *p = arena_alloc(a, text.n + 1);
	size_t i, n = 0;

	for (i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		int hi, lo;

		if (c <= ' ' || c > '~')
			return NULL;
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (text.n - i < 3)
				return NULL;
			hi = bytes_hex_digit(text.p[++i]);
			lo = bytes_hex_digit(text.p[++i]);
			if (hi < 0 || lo < 0)
				return NULL;
			c = (uint8_t)(hi << 4 | lo);
		}
		p[n++] = c;
	}
	if (!text_is_utf8((struct bytes){ p, n }))
		return NULL;
	return (const char *)p;
}

static const char *
find(const struct form *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->field[i].name, name) == 0)
			return f->field[i].value;
	return NULL;
}

static const struct err *
add_pair(struct ctx *cx, struct form *f, struct bytes pair)
{
	const uint8_t *eq = pair.n == 0 ? NULL : memchr(pair.p, '=', pair.n);
	const char *name, *value;
	size_t at;

	if (eq == NULL || eq == pair.p)
		return fail(cx, &ERR_BAD_FORM, "a pair is not name=value");
	if (f->n == LIMIT_FORM_FIELDS)
		return fail(cx, &ERR_BAD_FORM, "too many parameters");
	at = (size_t)(eq - pair.p);
	name = decode(cx->arena, (struct bytes){ pair.p, at });
	value = decode(cx->arena, (struct bytes){ eq + 1, pair.n - at - 1 });
	if (name == NULL || value == NULL)
		return fail(cx, &ERR_BAD_FORM, "bad escape, byte or UTF-8");
	if (find(f, name) != NULL)
		return fail(cx, &ERR_BAD_FORM, "\"%.60s\" is repeated", name);
	f->field[f->n].name = name;
	f->field[f->n].value = value;
	f->n++;
	return NULL;
}

const struct err *
form_parse(struct ctx *cx, struct bytes body, struct form **out)
{
	struct form *f = arena_alloc(cx->arena, sizeof(*f));
	const struct err *e;
	size_t i, start = 0;

	if (body.n > LIMIT_BODY_EST)
		return fail(cx, &ERR_BAD_FORM, "the text is too long");
	for (i = 0; body.n > 0 && i <= body.n; i++) {
		if (i < body.n && body.p[i] != '&')
			continue;
		e = add_pair(
		    cx, f, (struct bytes){ body.p + start, i - start });
		if (e != NULL)
			return e;
		start = i + 1;
	}
	*out = f;
	return NULL;
}

const char *
form_get(const struct form *f, const char *name)
{
	const char *value = find(f, name);

	return value == NULL || *value == '\0' ? NULL : value;
}

const char *
form_unknown(const struct form *f, const char *const *known)
{
	const char *const *k;
	size_t i;

	for (i = 0; i < f->n; i++) {
		for (k = known; *k != NULL; k++)
			if (strcmp(f->field[i].name, *k) == 0)
				break;
		if (*k == NULL)
			return f->field[i].name;
	}
	return NULL;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

const char *
form_escape(struct ctx *cx, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(cx->arena, 3 * strlen(text) + 1), *p = out;

	for (; *text != '\0'; text++) {
		uint8_t c = (uint8_t)*text;

		if (is_unreserved(*text)) {
			*p++ = *text;
			continue;
		}
		*p++ = '%';
		*p++ = digits[c >> 4];
		*p++ = digits[c & 15];
	}
	return out;
}
