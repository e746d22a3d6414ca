/*
 * What a request's first line and headers must be before anything acts on
 * them (SECURITY.md H1): libmicrohttpd lets shapes through by which two
 * parsers on one path can be made to disagree where a request ends or whom
 * it addresses.  All of them are refused, and the connection closed.  Pure.
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"

struct head_field {
	const char *name, *value;
	size_t name_n, value_n;
};

/* The texts lie where libmicrohttpd read them, each where it was sent. */
struct head {
	const char *method, *version;
	const char *target; /* a copy */
	const struct head_field *field;
	size_t n;
	size_t size; /* bytes from the method to the empty line's end */
};

/* How the body is framed, RFC 9112 section 6. */
struct framing {
	bool chunked;
	bool has_length;
	uint64_t length;
	bool expect; /* the client waits for 100 (Continue) */
};

/* Answered with 400 and close. */
extern const struct err ERR_BAD_HEAD;

/* Refuses with ERR_BAD_HEAD; fills *out otherwise.  Also refused is a head
 * that holds more than the parser shows: its texts, with the separators
 * that RFC 9112 wants between them, must cover it without a gap.  That
 * finds NUL, bare LF, folded lines, fields without a name, and spaces where
 * none belong. */
ERR_FN
guard_head(struct ctx *cx, const struct head *h, struct framing *out);

/* The target as a path: itself, or what follows scheme and authority in
 * absolute form (RFC 9112 section 3.2.2), which must be https and what Host
 * names.  NULL for all other forms: no proxying, no "OPTIONS *". */
const char *guard_target(const struct head *h);

/* The path of the target, percent-decoded once, in the arena; *query is the
 * raw text after '?' or NULL.  Bad escapes, NUL and control characters,
 * encoded slashes and bytes that are no UTF-8 URI character are refused. */
ERR_FN guard_path(
    struct ctx *cx, const char *target, const char **path, const char **query);

/* The value of the field, NULL if absent; names ignore case. */
const char *guard_field(const struct head *h, const char *name);

/* The same, NULL also if it is there more than once. */
const char *guard_single(const struct head *h, const char *name);

/* The values of all fields of that name as one list (RFC 9110 section 5.3),
 * NULL if there is none. */
const char *guard_list(struct ctx *cx, const struct head *h, const char *name);

#endif
