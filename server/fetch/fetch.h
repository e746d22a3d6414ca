/*
 * One file from elsewhere by HTTP, for what operators name: revocation lists,
 * and the keys of another issuer.  What comes back is as foreign as any other
 * input, and proves itself by its signature; the transport is trusted with
 * nothing but to bring it.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/err.h"

extern const struct err ERR_FETCH; /* KIND_UNAVAILABLE "fetch-failed" */

/* Whether it may be fetched: http or https, visible ASCII, a host, no user
 * and password, at most LIMIT_URL bytes. */
bool fetch_url_ok(const char *url);

/* The same from a server whose certificate has to lead to a CA of the file
 * (PEM; NULL: of the system's), by https, or http at a loopback address. */
struct fetch_from {
	const char *url, *ca;
	size_t max;
};
bool fetch_url_is_safe(const char *url);
ERR_FN
fetch_safely(struct ctx *cx, const struct fetch_from *from, struct bytes *out);

/* Both say whose call they are part of (cx->trace). */

/* GET within 20 seconds, at most max bytes into the arena, no redirect
 * followed, status 200. */
ERR_FN
fetch_get(struct ctx *cx, const char *url, size_t max, struct bytes *out);

#endif
