#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define UUID_LEN 36
#define KEY_MAX 256
#define VALUE_MAX 256

/* Lower case hex of n digits, followed by end; not all zero unless it may be
 * so.  Upper case is none (section 3.2.2). */
static bool
is_hex(const char *s, size_t n, bool zero_ok)
{
	return strspn(s, "0123456789abcdef") >= n &&
	       (zero_ok || strspn(s, "0") < n);
}

static uint8_t
hex_byte(const char *s)
{
	return (uint8_t)(bytes_hex_digit((uint8_t)s[0]) << 4 |
			 bytes_hex_digit((uint8_t)s[1]));
}

bool
trace_parse(const char *text, struct trace *out)
{
	const char *id, *span, *flags, *end;

	*out = (struct trace){ .flags = 0 };
	if (strlen(text) < TRACE_PARENT_BYTES - 1)
		return false;
	id = text + 3;
	span = id + TRACE_ID_LEN + 1;
	flags = span + TRACE_SPAN_LEN + 1;
	end = flags + 2;
	/* Version 255 is none; versions to come may have more after these
	 * fields, and then a dash (section 3.2.4). */
	if (!is_hex(text, 2, true) || strncmp(text, "ff", 2) == 0 ||
	    text[2] != '-' || !is_hex(id, TRACE_ID_LEN, false) ||
	    id[TRACE_ID_LEN] != '-' || !is_hex(span, TRACE_SPAN_LEN, false) ||
	    span[TRACE_SPAN_LEN] != '-' || !is_hex(flags, 2, true))
		return false;
	if (*end != '\0' && (strncmp(text, "00", 2) == 0 || *end != '-'))
		return false;
	memcpy(out->id, id, TRACE_ID_LEN);
	memcpy(out->span, span, TRACE_SPAN_LEN);
	/* Of the flags, sampled alone is defined (section 3.2.2.5). */
	out->flags = hex_byte(flags) & 1;
	return true;
}

/* A part of a key: what it begins with, and at most max characters. */
static size_t
key_part(const char *s, const char *first, size_t max)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-*/");

	return n > 0 && n <= max && strchr(first, *s) != NULL ? n : 0;
}

/* A key (section 3.3.1.3.1), of one vendor or a tenant's of it; its length, 0
 * for none. */
static size_t
key_len(const char *s)
{
	static const char alpha[] = "abcdefghijklmnopqrstuvwxyz";
	static const char tenant[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = key_part(s, alpha, KEY_MAX), vendor;

	if (n > 0 && s[n] != '@')
		return n;
	n = key_part(s, tenant, 241);
	if (n == 0 || s[n] != '@')
		return 0;
	vendor = key_part(s + n + 1, alpha, 14);
	return vendor == 0 ? 0 : n + 1 + vendor;
}

/* A value (section 3.3.1.3.2): visible characters and spaces, not the last,
 * but no comma or equals sign; its length, 0 for none. */
static size_t
value_len(const char *s)
{
	size_t n = 0, last = 0;

	for (; s[n] >= ' ' && s[n] <= '~' && s[n] != ',' && s[n] != '='; n++)
		if (s[n] != ' ')
			last = n + 1;
	return last <= VALUE_MAX ? last : 0;
}

/* Whether one of the members before end has the key of n characters at s. */
static bool
is_repeated(const char *text, const char *s, size_t n)
{
	while (text < s) {
		text += strspn(text, " \t,");
		if (text < s && key_len(text) == n && memcmp(text, s, n) == 0)
			return true;
		text += strcspn(text, ",");
	}
	return false;
}

bool
trace_state_ok(const char *text)
{
	const char *s = text;
	int members = 0;

	if (strlen(text) > TRACE_STATE_MAX)
		return false;
	for (;;) {
		size_t key, value;

		s += strspn(s, " \t");
		/* Members may be empty (section 3.3.1.1). */
		if (*s != ',' && *s != '\0') {
			key = key_len(s);
			if (key == 0 || s[key] != '=' ||
			    is_repeated(text, s, key) ||
			    ++members > TRACE_STATE_MEMBERS)
				return false;
			s += key + 1;
			value = value_len(s);
			if (value == 0)
				return false;
			s += value;
			s += strspn(s, " \t");
		}
		if (*s == '\0')
			return members > 0;
		if (*s++ != ',')
			return false;
	}
}

void
trace_begin(
    struct trace *t, const char *uuid, const char *parent, const char *state)
{
	char id[UUID_LEN + 1];
	size_t n = 0;

	for (; *uuid != '\0'; uuid++)
		if (*uuid != '-') {
			must(n < TRACE_ID_LEN);
			id[n++] = *uuid;
		}
	must(n == TRACE_ID_LEN);
	id[n] = '\0';
	if (parent == NULL || !trace_parse(parent, t)) {
		*t = (struct trace){ .flags = 0 };
		memcpy(t->id, id, TRACE_ID_LEN);
	} else if (state != NULL && trace_state_ok(state)) {
		t->state = state;
	}
	memcpy(t->span, id + TRACE_ID_LEN - TRACE_SPAN_LEN, TRACE_SPAN_LEN);
}

void
trace_parent(const struct trace *t, char out[TRACE_PARENT_BYTES])
{
	(void)snprintf(
	    out, TRACE_PARENT_BYTES, "00-%s-%s-%02x", t->id, t->span, t->flags);
}

void
trace_copy(
    const struct trace *from, struct trace *to, char state[TRACE_STATE_MAX + 1])
{
	*to = *from;
	if (from->state == NULL)
		return;
	memcpy(state, from->state, strlen(from->state) + 1);
	to->state = state;
}
