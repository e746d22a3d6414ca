/*
 * application/x-www-form-urlencoded, for bodies and for query strings, read
 * strictly: name=value pairs between '&', '+' and %XX decoded once, visible
 * ASCII otherwise; refused are repeated names (RFC 6749 section 3.1), empty
 * names, pairs without '=', bad escapes, NUL, what is not UTF-8, and more
 * than LIMIT_FORM_FIELDS pairs.
 */
#ifndef CODEC_FORM_H
#define CODEC_FORM_H

#include "base/bytes.h"
#include "base/err.h"

struct ctx;
struct form;

extern const struct err ERR_BAD_FORM; /* KIND_INVALID, "bad-form" */

/* Reads a body, or a query string without its '?'; empty text is a form
 * without fields.  *out lives in the arena. */
ERR_FN form_parse(struct ctx *cx, struct bytes body, struct form **out);

/* The value of a name; NULL if it is absent or empty, which mean the same
 * (RFC 6749 section 3.1). */
const char *form_get(const struct form *f, const char *name);

/* The first name that is none of known, which ends with NULL; NULL: none. */
const char *form_unknown(const struct form *f, const char *const *known);

/* The text as a value of a query or form, in the arena: everything but the
 * unreserved characters of RFC 3986 section 2.3 as %XX. */
const char *form_escape(struct ctx *cx, const char *text);

#endif
