/*
 * Cookies (RFC 6265), as far as we use them: one, of base64url characters.
 */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "http/http.h"

/* The prefix binds it to this very host, over TLS (RFC 6265bis section
 * 4.1.3.2). */
#define COOKIE_SESSION "__Host-latchkey"

/* The value of the one cookie of that name in a Cookie field (or NULL), in the
 * arena; NULL if there is none, two, or one of other characters. */
const char *cookie_get(struct arena *a, const char *field, const char *name);

/* Sets the session's cookie for so many seconds; NULL and 0 take it back. */
void cookie_set(
    struct ctx *cx, struct reply *rs, const char *value, int64_t seconds);

#endif
