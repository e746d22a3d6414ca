#include "client/print.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

#define COLUMNS 16
#define WIDEST 64 /* columns of the terminal, for one of the table */
#define CELL_BYTES 8192

const char *
print_safe(struct ctx *cx, const char *text)
{
	char *s = arena_strdup(cx->arena, text), *p;

	for (p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return s;
}

static const char *
strings_text(struct ctx *cx, const struct json_strs *l)
{
	struct bytes out = { (const uint8_t *)"", 0 };
	struct buf b;
	size_t i;

	buf_init(&b, cx->arena, CELL_BYTES);
	for (i = 0; i < l->n; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", l->v[i]);
	(void)buf_bytes(&b, &out);
	return arena_printf(cx->arena, "%.*s", (int)out.n, (const char *)out.p);
}

static const char *
time_text(struct ctx *cx, int64_t t)
{
	char text[CLOCK_TEXT_BYTES];

	if (t == 0)
		return "";
	clock_text(t, text);
	return arena_strdup(cx->arena, text);
}

/* The value of a field as text; "" where there is none. */
static const char *
value_text(struct ctx *cx, const struct json_field *f, const void *data)
{
	const void *at = (const char *)data + f->offset;
	const char *s;

	switch (f->type) {
	case JSON_STR:
	case JSON_RAW:
		s = *(const char *const *)at;
		return s != NULL ? print_safe(cx, s) : "";
	case JSON_INT:
		return arena_printf(
		    cx->arena, "%" PRId64, *(const int64_t *)at);
	case JSON_BOOL:
		return *(const bool *)at ? "yes" : "no";
	case JSON_B64U:
		return bytes_b64u(cx->arena, *(const struct bytes *)at);
	case JSON_HEX:
		return bytes_hex(cx->arena, *(const struct bytes *)at);
	case JSON_TIME:
		return time_text(cx, *(const int64_t *)at);
	case JSON_STRS:
		return print_safe(cx, strings_text(cx, at));
	case JSON_OBJ:
	case JSON_LIST:
		break;
	}
	return "";
}

/* Characters of UTF-8 text, near enough to columns of a terminal. */
static int
width(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

struct column {
	const struct json_field *field;
	const char *head;
	int width;
	bool used;
};

static const char *
head_text(struct ctx *cx, const char *name)
{
	char *s = arena_strdup(cx->arena, name), *p;

	for (p = s; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		if (*p == '_')
			*p = ' ';
	}
	return s;
}

static void
print_cell(const char *text, int w, bool last)
{
	int gap = w > width(text) ? w - width(text) : 0;

	if (last)
		printf("%s\n", text);
	else
		printf("%s%*s", text, gap + 2, "");
}

/* The row-th item of a list. */
static const void *
item(const struct json_field *list, const struct json_list *l, size_t row)
{
	return (const char *)l->v + row * list->stride;
}

static size_t
measure(struct ctx *cx, const struct json_field *list,
    const struct json_list *l, struct column *cols)
{
	const struct json_field *f;
	size_t n = 0, row;

	for (f = list->sub; f->name != NULL && n < COLUMNS; f++) {
		struct column *c = &cols[n];

		*c = (struct column){ f, head_text(cx, f->name), 0, false };
		c->width = width(c->head);
		for (row = 0; row < l->n; row++) {
			const char *text =
			    value_text(cx, f, item(list, l, row));

			c->used = c->used || *text != '\0';
			/* One long cell does not push all others away. */
			if (width(text) > c->width && width(text) <= WIDEST)
				c->width = width(text);
		}
		if (c->used)
			n++;
	}
	return n;
}

void
print_table(struct ctx *cx, const struct json_field *list, const void *data)
{
	const struct json_list *l =
	    (const void *)((const char *)data + list->offset);
	struct column cols[COLUMNS];
	size_t i, row, n = measure(cx, list, l, cols);

	if (l->n == 0) {
		printf("no %s\n", list->name);
		return;
	}
	for (i = 0; i < n; i++)
		print_cell(cols[i].head, cols[i].width, i + 1 == n);
	for (row = 0; row < l->n; row++)
		for (i = 0; i < n; i++)
			print_cell(
			    value_text(cx, cols[i].field, item(list, l, row)),
			    cols[i].width, i + 1 == n);
}

void
print_record(struct ctx *cx, const struct json_field *fields, const void *data,
    int indent)
{
	const struct json_field *f;

	for (f = fields; f->name != NULL; f++) {
		const void *at = (const char *)data + f->offset;
		const char *text;

		if (f->type == JSON_OBJ) {
			printf("%*s%s:\n", indent, "", f->name);
			print_record(cx, f->sub, at, indent + 4);
			continue;
		}
		if (f->type == JSON_LIST) {
			const struct json_list *l = at;
			size_t i;

			for (i = 0; i < l->n; i++) {
				printf(
				    "%*s%s %zu:\n", indent, "", f->name, i + 1);
				print_record(
				    cx, f->sub, item(f, l, i), indent + 4);
			}
			continue;
		}
		text = value_text(cx, f, data);
		if (*text != '\0')
			printf("%*s%-*s %s\n", indent, "", 20 - indent,
			    arena_printf(cx->arena, "%s:", f->name), text);
	}
}

void
print_progress(const char *text)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s\033[K", text);
	else
		fprintf(stderr, "%s\n", text);
	(void)fflush(stderr);
}

void
print_progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\n");
}
