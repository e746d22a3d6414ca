/*
 * The route table: everything an auditor asks of a route stands in its row.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <stddef.h>

#include "http/http.h"

/* Who may call; anything but WHO_ANYONE is judged before the handler. */
enum who {
	WHO_ANYONE,
	WHO_GRANTEE,  /* birth certificate by mutual TLS, or nobody: then the
		       * request says who */
	WHO_ENROLLEE, /* a birth certificate, a handle of evidence or a token
		       * that was given for one, or a bootstrap token */
	WHO_DEVICE,   /* operational certificate by mutual TLS, or an RA's */
	WHO_VISITOR,  /* anyone, but from our own pages (P6) */
	WHO_SESSION,  /* signed in at the pages; a recovery will do (P4) */
	WHO_OWNER,    /* an app by its key, or signed in at the pages */
	WHO_ADMIN,
};

enum body_kind {
	BODY_NONE,
	BODY_ANY,       /* of any type; the answer does not depend on it */
	BODY_JSON,      /* application/json */
	BODY_FORM,      /* application/x-www-form-urlencoded */
	BODY_PKCS10,    /* application/pkcs10 */
	BODY_OCSP,      /* application/ocsp-request */
	BODY_ALLOWLIST, /* text/csv or application/x-ndjson, spooled */
};

enum error_format { AS_PROBLEM, AS_OAUTH, AS_EST, AS_OCSP };

struct route {
	enum method method;
	const char *path; /* segments; {name} captures one */
	enum who who;
	/* Of enum admin_scope for WHO_ADMIN; for WHO_OWNER of enum
	 * owner_scope, 0: no app's token opens it. */
	unsigned scope;
	enum body_kind body;
	size_t limit; /* bytes of body */
	enum error_format errors;
	handler_fn *handler;
	quick_fn *quick; /* may be NULL */
};

extern const struct route routes[];
extern const size_t routes_n;

struct route_table {
	const struct route *rows;
	size_t n;
};

enum listener_kind {
	LISTENER_ALL,       /* operators have none of their own */
	LISTENER_PUBLIC,    /* they have one: all but what is theirs */
	LISTENER_OPERATORS, /* theirs, and the probes */
	LISTENER_STATUS,    /* without TLS: what is signed, and public */
};

/* What is served there; elsewhere it is not found (SECURITY.md H4). */
struct route_table routes_of(enum listener_kind kind);

/* Whether apps of other origins may call it and read the answer. */
bool route_is_for_apps(const struct route *r);

/* The handler that serves many requests of this route at once, or NULL.  All
 * routes that have one have the same. */
together_fn *route_together(const struct route *r);

#endif
