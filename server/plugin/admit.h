/*
 * Who may open a session: the client's certificate judged by what it says
 * (SECURITY.md R7), who signed it, and what the view refuses; and its client
 * id (R8).  Without a view, or with one that is too old, nobody is (R9).
 */
#ifndef PLUGIN_ADMIT_H
#define PLUGIN_ADMIT_H

#include "base/ctx.h"
#include "base/err.h"
#include "pki/cert.h"
#include "pki/chain.h"
#include "plugin/sessions.h"
#include "plugin/view.h"

extern const struct err ERR_NOT_ADMITTED; /* not-admitted, FORBIDDEN */

struct admit {
	const struct view *view; /* NULL until one was loaded */
	bool stale; /* not read for longer than the broker may go on */
	const struct trust *issuers; /* those listed in the configuration */
	const char *trust_domain;    /* of SPIFFE ids; empty: none here */
	const struct topic_rules *rules;
};

/* Fills the session that this certificate may open with the client id that
 * is in it; its client is the caller's to set.  *why is a constant for a
 * refusal. */
ERR_FN admit(struct ctx *cx, const struct admit *by, const struct cert *cert,
    struct session *out, const char **why);

#endif
