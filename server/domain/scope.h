/*
 * What an app may do for its owner: few scopes, each named for what it opens
 * (RFC 6749 section 3.3).  None of them replaces the owner's own touch
 * (SECURITY.md A7).
 */
#ifndef DOMAIN_SCOPE_H
#define DOMAIN_SCOPE_H

#include <stdbool.h>

#include "base/ctx.h"

enum owner_scope {
	OWNER_OPENID = 1,    /* an ID token: who the owner is to the app */
	OWNER_APPROVALS = 2, /* devices that wait, and their facts */
	OWNER_DEVICES = 4,   /* the owner's devices */
};

#define OWNER_SCOPES (OWNER_OPENID | OWNER_APPROVALS | OWNER_DEVICES)

/* "a b" as a set; false for an empty one, an unknown name or a repeat. */
bool scope_parse(const char *text, unsigned *out);

/* Those of a list that are known here: another issuer has others, too. */
unsigned scope_known(const char *text);

/* The set as text, in the arena. */
const char *scope_text(struct ctx *cx, unsigned scopes);

#endif
