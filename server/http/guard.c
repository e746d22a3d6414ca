#include "http/guard.h"

#include <strings.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/limits.h"

const struct err ERR_BAD_HEAD = { KIND_INVALID, "bad-request",
	"The request line or a header is malformed." };

/* Fields that must not come twice: each decides who asks, whom, or where
 * the request ends. */
static const char *const single[] = { "Host", "Content-Length",
	"Transfer-Encoding", "Content-Type", "Authorization", "DPoP",
	"Latchkey-Attestation", "Client-Cert", "Client-Cert-Chain", "Forwarded",
	"Cookie", "Origin" };

/* tchar, RFC 9110 section 5.6.2. */
static bool
is_token(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9'))
			continue;
		if (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)
			return false;
	}
	return n > 0;
}

/* field-content, RFC 9110 section 5.5: no control characters but tab. */
static bool
is_value(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static size_t
count_field(const struct head *h, const char *name)
{
	size_t i, count = 0;

	for (i = 0; i < h->n; i++)
		if (strcasecmp(h->field[i].name, name) == 0)
			count++;
	return count;
}

const char *
guard_field(const struct head *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (strcasecmp(h->field[i].name, name) == 0)
			return h->field[i].value;
	return NULL;
}

const char *
guard_single(const struct head *h, const char *name)
{
	return count_field(h, name) == 1 ? guard_field(h, name) : NULL;
}

const char *
guard_list(struct ctx *cx, const struct head *h, const char *name)
{
	const char *list = NULL;
	size_t i;

	for (i = 0; i < h->n; i++)
		if (strcasecmp(h->field[i].name, name) == 0)
			list = list == NULL ? h->field[i].value
					    : arena_printf(cx->arena, "%s,%s",
						  list, h->field[i].value);
	return list;
}

static ERR_FN
check_fields(struct ctx *cx, const struct head *h)
{
	size_t i;

	if (h->n > LIMIT_HEADER_FIELDS)
		return fail(cx, &ERR_BAD_HEAD, "head: too many fields");
	for (i = 0; i < h->n; i++) {
		const struct head_field *f = &h->field[i];

		/* "Content-Length :" included, RFC 9112 section 5.1. */
		if (!is_token(f->name, f->name_n))
			return fail(cx, &ERR_BAD_HEAD,
			    "head: \"%.40s\" is no field name", f->name);
		if (!is_value(f->value, f->value_n))
			return fail(cx, &ERR_BAD_HEAD,
			    "head: control character in %.40s", f->name);
	}
	for (i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (count_field(h, single[i]) > 1)
			return fail(
			    cx, &ERR_BAD_HEAD, "head: repeated %s", single[i]);
	return NULL;
}

/* 1*DIGIT, RFC 9112 section 6.2; a list of equal values is no number. */
static bool
parse_length(const char *s, uint64_t *out)
{
	*out = 0;
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9' || *out > UINT64_MAX / 10 - 1)
			return false;
		*out = *out * 10 + (uint64_t)(*s - '0');
	}
	return true;
}

/* RFC 9112 section 6.3. */
static ERR_FN
check_framing(struct ctx *cx, const struct head *h, struct framing *out)
{
	const char *length = guard_field(h, "Content-Length");
	const char *coding = guard_field(h, "Transfer-Encoding");
	const char *expect = guard_field(h, "Expect");

	*out = (struct framing){ .chunked = coding != NULL,
		.has_length = length != NULL,
		.expect = expect != NULL };
	if (length != NULL && coding != NULL)
		return fail(cx, &ERR_BAD_HEAD,
		    "head: Content-Length with Transfer-Encoding");
	if (length != NULL && !parse_length(length, &out->length))
		return fail(cx, &ERR_BAD_HEAD, "head: Content-Length");
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return fail(cx, &ERR_BAD_HEAD, "head: Transfer-Encoding");
	/* Section 6.1: the framing of such a message cannot be trusted. */
	if (coding != NULL && strcmp(h->version, "HTTP/1.0") == 0)
		return fail(
		    cx, &ERR_BAD_HEAD, "head: HTTP/1.0 with Transfer-Encoding");
	if (expect != NULL && strcasecmp(expect, "100-continue") != 0)
		return fail(cx, &ERR_BAD_HEAD, "head: Expect");
	return NULL;
}

/* Whether the next text starts n bytes after the end of this one. */
static bool
follows(const char *text, size_t len, size_t n, const char *next)
{
	return (uintptr_t)next == (uintptr_t)text + len + n;
}

static ERR_FN
check_layout(struct ctx *cx, const struct head *h)
{
	const char *last = h->version;
	size_t i, len = strlen(h->version), target = strlen(h->target);

	if (!follows(h->method, strlen(h->method), target + 2, h->version))
		return fail(cx, &ERR_BAD_HEAD, "head: request line");
	for (i = 0; i < h->n; i++) {
		const struct head_field *f = &h->field[i];

		/* CRLF, NUL being written over it. */
		if (!follows(last, len, 2, f->name))
			return fail(cx, &ERR_BAD_HEAD,
			    "head: something hides before %.40s", f->name);
		last = f->value;
		len = f->value_n;
	}
	if (!follows(last, len, 4, h->method + h->size))
		return fail(
		    cx, &ERR_BAD_HEAD, "head: something hides before its end");
	return NULL;
}

const char *
guard_target(const struct head *h)
{
	static const char scheme[] = "https://";
	const char *host = guard_field(h, "Host");
	const char *s = h->target;

	if (*s == '/')
		return s;
	if (host == NULL || strncasecmp(s, scheme, strlen(scheme)) != 0)
		return NULL;
	s += strlen(scheme);
	if (strncasecmp(s, host, strlen(host)) != 0)
		return NULL;
	s += strlen(host);
	return *s == '/' ? s : NULL;
}

const struct err *
guard_head(struct ctx *cx, const struct head *h, struct framing *out)
{
	const struct err *e;
	const char *host;

	if (!is_token(h->method, strlen(h->method)) ||
	    strcmp(h->method, "CONNECT") == 0)
		return fail(cx, &ERR_BAD_HEAD, "head: method");
	if (guard_target(h) == NULL)
		return fail(cx, &ERR_BAD_HEAD, "head: target is no path");
	e = check_fields(cx, h);
	if (e == NULL)
		e = check_layout(cx, h);
	if (e != NULL)
		return e;
	/* RFC 9112 section 3.2. */
	host = guard_field(h, "Host");
	if (host == NULL && strcmp(h->version, "HTTP/1.0") != 0)
		return fail(cx, &ERR_BAD_HEAD, "head: no Host");
	if (host != NULL && (*host == '\0' || strpbrk(host, " \t,/@") != NULL))
		return fail(cx, &ERR_BAD_HEAD, "head: Host");
	return check_framing(cx, h, out);
}

/* Below this, what follows is base64 (RFC 6960 appendix A.1), of which "/" is
 * sent as %2F; whoever split the path before us needs its first part alone. */
#define OPAQUE "/ocsp/"

/* One character of the path at *s, decoded; -1 if it may not stand there. */
static int
path_char(const char **s, bool opaque)
{
	unsigned char c = (unsigned char)**s;
	int hi, lo;

	if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}#", c) != NULL)
		return -1;
	(*s)++;
	if (c != '%')
		return c;
	hi = bytes_hex_digit((uint8_t)(*s)[0]);
	if (hi < 0)
		return -1;
	lo = bytes_hex_digit((uint8_t)(*s)[1]);
	*s += 2;
	/* Neither NUL nor another control, nor a slash that hid from whoever
	 * split the path before us; identifiers are ASCII. */
	if (lo < 0 || hi << 4 >= 0x80 || (hi << 4 | lo) < ' ' ||
	    (hi << 4 | lo) == 0x7f || ((hi << 4 | lo) == '/' && !opaque))
		return -1;
	return hi << 4 | lo;
}

const struct err *
guard_path(
    struct ctx *cx, const char *target, const char **path, const char **query)
{
	bool opaque = strncmp(target, OPAQUE, strlen(OPAQUE)) == 0;
	const char *s = target;
	char out[LIMIT_PATH + 1];
	size_t n = 0;

	while (*s != '\0' && *s != '?') {
		int c = path_char(&s, opaque);

		if (c < 0)
			return fail(cx, &ERR_BAD_HEAD, "head: path");
		if (n == LIMIT_PATH)
			return fail(cx, &ERR_BAD_HEAD, "head: path too long");
		out[n++] = (char)c;
	}
	out[n] = '\0';
	*path = arena_strdup(cx->arena, out);
	*query = *s == '?' ? s + 1 : NULL;
	if (*query != NULL && !is_value(*query, strlen(*query)))
		return fail(cx, &ERR_BAD_HEAD, "head: query");
	return NULL;
}
