#include "base/log.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/trace.h"

/* A line is written with one call, so that threads do not interleave. */
#define LINE_BYTES 2048
/* What ends a line: of a value, the object, and the line. */
#define LINE_END 3
/* The longest form of a character. */
#define ESCAPED 6

static bool muted;
static enum log_format format;

struct line {
	char text[LINE_BYTES];
	size_t n;
};

static bool
has_room(const struct line *l, size_t n)
{
	return l->n + n <= LINE_BYTES - LINE_END;
}

static void
put(struct line *l, char c)
{
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

/* Each character whole or none of it; bytes that are no visible ASCII by their
 * number, which JSON has as that character (RFC 8259 section 7). */
static void
put_quoted(struct line *l, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	put(l, '"');
	for (; *s != '\0' && has_room(l, ESCAPED); s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			put(l, '\\');
			put(l, (char)c);
		} else if (c < ' ' || c > '~') {
			puts_raw(l, format == LOG_JSON ? "\\u00" : "\\x");
			put(l, hex[c >> 4]);
			put(l, hex[c & 15]);
		} else {
			put(l, (char)c);
		}
	}
	put(l, '"');
}

/* A key and its value; left out where there is no room to begin it. */
static void
put_field(struct line *l, const struct log_field *f)
{
	char num[32];

	if (!has_room(l, strlen(f->key) + sizeof(num) + ESCAPED))
		return;
	if (format == LOG_JSON)
		puts_raw(l, l->n == 0 ? "{\"" : ",\"");
	else if (l->n > 0)
		put(l, ' ');
	puts_raw(l, f->key);
	puts_raw(l, format == LOG_JSON ? "\":" : "=");
	if (f->str == NULL) {
		(void)snprintf(num, sizeof(num), "%" PRId64, f->num);
		puts_raw(l, num);
	} else if (format != LOG_JSON && is_plain(f->str) &&
		   has_room(l, strlen(f->str))) {
		puts_raw(l, f->str);
	} else {
		put_quoted(l, f->str);
	}
}

static void
put_text(struct line *l, const char *key, const char *text)
{
	put_field(l, &LOG_S(key, text));
}

void
log_set_format(enum log_format f)
{
	format = f;
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
	char at[CLOCK_TEXT_BYTES];
	size_t i;

	if (muted)
		return;
	clock_text(clock_now(), at);
	put_text(&l, "at", at);
	put_text(&l, "event", event);
	if (cx != NULL && cx->rid != NULL)
		put_text(&l, "rid", cx->rid);
	if (cx != NULL && cx->trace != NULL)
		put_text(&l, "trace", cx->trace->id);
	for (i = 0; i < n; i++)
		put_field(&l, &fields[i]);
	if (format == LOG_JSON)
		put(&l, '}');
	put(&l, '\n');
	(void)fwrite(l.text, 1, l.n, stderr);
}
