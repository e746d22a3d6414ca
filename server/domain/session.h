/*
 * Who is signed in at the pages: sessions behind a cookie of 256 random bits,
 * of which we keep a keyed hash.  A session that a recovery code opened may
 * add a passkey and nothing else (SECURITY.md P4).  That a request comes from
 * our own pages is http/judge's to see (P6).
 */
#ifndef DOMAIN_SESSION_H
#define DOMAIN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"
#include "domain/caller.h"

#define SESSION_SECONDS (12 * 3600)
#define SESSION_RECOVERY_SECONDS 900

/* "signed-out", UNAUTHENTICATED. */
extern const struct err ERR_SIGNED_OUT;

struct session {
	const char *cookie; /* its value */
	int64_t lifetime;   /* seconds */
};

/* Signs the account in; in the open transaction, if there is one. */
ERR_FN session_open(
    struct ctx *cx, const char *account, bool recovery, struct session *out);

/* Judges a cookie's value. */
ERR_FN
session_judge(struct ctx *cx, const char *cookie, struct owner_caller *out);

/* What a page sends back with each change, so that no other site's request is
 * taken for one of ours: derived from the cookie, which no page can read. */
const char *session_csrf(struct ctx *cx, const char *cookie);

/* Signs out. */
ERR_FN session_close(struct ctx *cx, const char *cookie);

/* Signs out everybody of the account but this cookie (NULL: nobody). */
ERR_FN
session_close_others(struct ctx *cx, const char *account, const char *cookie);

#endif
