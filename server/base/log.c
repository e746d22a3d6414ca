#include "base/log.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/ctx.h"

/* A line is written with one call, so that threads do not interleave. */
#define LINE_BYTES 2048

static bool muted;

struct line {
	char text[LINE_BYTES];
	size_t n;
};

static void
put(struct line *l, char c)
{
	/* Room for the newline is kept. */
	if (l->n < LINE_BYTES - 1)
		l->text[l->n++] = c;
}

static void
puts_raw(struct line *l, const char *s)
{
	for (; *s != '\0'; s++)
		put(l, *s);
}

static bool
is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || *s == '"' || *s == '=' ||
		    *s == '\\')
			return false;
	return true;
}

/* Senders choose many values: nothing may end the quotes or the line. */
static void
put_value(struct line *l, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	if (is_plain(s)) {
		puts_raw(l, s);
		return;
	}
	put(l, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			put(l, '\\');
			put(l, (char)c);
		} else if (c < ' ' || c > '~') {
			puts_raw(l, "\\x");
			put(l, hex[c >> 4]);
			put(l, hex[c & 15]);
		} else {
			put(l, (char)c);
		}
	}
	put(l, '"');
}

void
log_mute(void)
{
	muted = true;
}

void
log_event(const struct ctx *cx, const char *event,
    const struct log_field *fields, size_t n)
{
	struct line l = { .n = 0 };
	char num[32];
	size_t i;

	if (muted)
		return;
	puts_raw(&l, "at=");
	clock_text(clock_now(), num);
	puts_raw(&l, num);
	puts_raw(&l, " event=");
	puts_raw(&l, event);
	if (cx != NULL && cx->rid != NULL) {
		puts_raw(&l, " rid=");
		puts_raw(&l, cx->rid);
	}
	for (i = 0; i < n; i++) {
		put(&l, ' ');
		puts_raw(&l, fields[i].key);
		put(&l, '=');
		if (fields[i].str != NULL) {
			put_value(&l, fields[i].str);
			continue;
		}
		(void)snprintf(num, sizeof(num), "%" PRId64, fields[i].num);
		puts_raw(&l, num);
	}
	l.text[l.n++] = '\n';
	(void)fwrite(l.text, 1, l.n, stderr);
}
